package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// leavesFolders is set in the process that TestNoFolderOutlivesItsProcess kills.
const leavesFolders = "LERD_LEAVES_FOLDERS"

// However a test binary ends, nothing of it stays: not when its test passes, and
// not when it panics or is killed in the middle.
func TestNoFolderOutlivesItsProcess(t *testing.T) {
	for _, end := range []string{"passes", "fails", "panics", "is killed"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			cmd := exec.Command(os.Args[0], "-test.run", "^TestLeavesFolders$")
			cmd.Env = append(os.Environ(), leavesFolders+"="+end, "TMPDIR="+tmp)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (end == "passes") || !strings.Contains(string(out), "made folders") {
				t.Fatalf("the process did not end as it should: %v\n%s", err, out)
			}
			if left := leftIn(t, tmp); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// leftIn waits until nothing is in the folder, for half a minute at most, and
// gives what is.
func leftIn(t *testing.T, dir string) (left []string) {
	t.Helper()
	for range 300 {
		var err error
		if left, err = filepath.Glob(dir + "/lerd-*"); err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return left
}

// TestLeavesFolders is the other process.
func TestLeavesFolders(t *testing.T) {
	end := os.Getenv(leavesFolders)
	if end == "" {
		t.Skip("only run by TestNoFolderOutlivesItsProcess")
	}
	for _, dir := range []string{Folder(t), SharedFolder(t)} {
		if err := os.MkdirAll(dir+"/keys/deep", 0o700); err != nil {
			t.Fatal(err)
		}
	}
	println("made folders")
	switch end {
	case "fails":
		t.Error("as asked")
	case "panics":
		panic("as asked")
	case "is killed":
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if err := self.Kill(); err != nil {
			t.Fatal(err)
		}
		select {}
	}
}
