package export

import (
	"io"
	"os"
	"testing"

	"lerd/internal/export/asic"
)

// openContainer gives every file of a container.
func openContainer(t testing.TB, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	a, err := asic.Open(f, st.Size(), asic.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, e := range a.Entries {
		b, err := io.ReadAll(e.Open())
		if err != nil {
			t.Fatal(e.Name, err)
		}
		out[e.Name] = b
	}
	return out
}
