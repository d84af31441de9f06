package testkit

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// Folder gives a data folder for a lerd with a private cluster and deletes it
// when the test ends. Unlike t.TempDir it can be passed through by the account
// that root's server runs as, so the data stay inside and go with it.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := folderOfProcess("data-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("deleting the data folder: %v", err)
		}
	})
	return dir
}

// SharedFolder gives a folder for what several tests of a process share. It
// goes with the process, however that ends.
func SharedFolder(t testing.TB) string {
	t.Helper()
	dir, err := folderOfProcess("shared-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// folderOfProcess makes a folder that is deleted when this process has ended.
func folderOfProcess(pattern string) (string, error) {
	parent, err := ofProcess()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// ofProcess makes the one folder under which all others of this process lie.
var ofProcess = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lerd-test-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil { // root's server runs under another account
		return "", err
	}
	return dir, deleteAtExit(dir)
})

// janitor reads until the test binary's end of the pipe closes, waits for the
// servers whose data lie in the folder and deletes it.
const janitor = `cat >/dev/null
i=0
while [ -n "$(find "$1" -name postmaster.pid 2>/dev/null)" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
rm -rf "$1"`

// deleteAtExit lets a small shell wait for the end of this process, because a
// test binary that panics, runs out of time or is killed has no last moment of
// its own.
func deleteAtExit(dir string) error {
	cmd := exec.Command("/bin/sh", "-c", janitor, "sh", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C must not reach it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("who deletes %s at the end: %w", dir, err)
	}
	keptOpen = append(keptOpen, pipe)
	return nil
}

// keptOpen keeps the pipe from being collected, and so from being closed.
var keptOpen []io.Closer
