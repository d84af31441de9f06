package testkit

import (
	"os"
	"testing"
)

// Folder gives a data folder for a lerd with a private cluster and deletes it
// when the test ends. Unlike t.TempDir it can be passed through by the account
// that root's server runs as, so the data stay inside and go with it.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lerd-data-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("deleting the data folder: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}
