//go:build unix

package verifycli_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/verifycli"
)

// TestNobodyWaitsForAPipe verifies folders in which a named pipe lies in the place of a
// file: the check ends, and says that it could not read it.
func TestNobodyWaitsForAPipe(t *testing.T) {
	log := newLog(t, 300)
	for _, path := range []string{audit.CheckpointPath, audit.EntriesPath(0, 256), audit.TilePath(0, 0, 256)} {
		dir, vkey := exported(t, log)
		place := filepath.Join(dir, path)
		if err := os.Remove(place); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(place, 0o600); err != nil {
			t.Fatal(err)
		}
		report := t.TempDir()
		if err := syscall.Mkfifo(filepath.Join(report, "report.json"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, check := range map[string]func() error{
			"a log": func() error { return (&verifycli.Log{Dir: dir, VKey: vkey}).Check(t.Context(), io.Discard, io.Discard) },
			"a report": func() error {
				return (&verifycli.Report{Dir: report, Log: dir, VKey: vkey, RKey: vkey}).Check(t.Context(), io.Discard, io.Discard)
			},
		} {
			ended := make(chan error, 1)
			go func() { ended <- check() }()
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), "which says nothing about the log") || !strings.Contains(err.Error(), "not a plain file") {
					t.Errorf("%s, a pipe for %s: %v", name, path, err)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s waits for the pipe %s", name, path)
			}
		}
	}
}

// TestAKeyFileHasAnEnd gives a device without end where keys are named.
func TestAKeyFileHasAnEnd(t *testing.T) {
	dir, vkey := exported(t, newLog(t, 3))
	for name, c := range map[string]verifycli.Log{
		"verifier keys": {Dir: dir, VKey: "/dev/zero"},
		"witnesses":     {Dir: dir, VKey: vkey, Witnesses: verifycli.Witnesses{Witness: "/dev/zero"}},
		"a checkpoint":  {Dir: dir, VKey: vkey, Pin: "/dev/zero"},
	} {
		if err := c.Check(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(verifycli.Plain(err), "/dev/zero") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
