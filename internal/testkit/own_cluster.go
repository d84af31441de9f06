package testkit

import (
	"context"
	"io"
	"os"
	"os/exec"
	"syscall"

	"lerd/internal/store/cluster"
)

// StartCluster starts a cluster for several test binaries and gives the URL for
// EnvDatabaseURL. It ends, and its folder goes, with this process.
func StartCluster() (url string, err error) { return startOwnCluster() }

// startOwnCluster starts a cluster for this process alone and gives its
// superuser URL. It ends with the process; a small shell waits for that and
// deletes the folder, because a test binary has no last moment of its own.
func startOwnCluster() (string, error) {
	dir, err := os.MkdirTemp("", "lerd-test-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil { // root's server runs under another account
		return "", err
	}
	if err := deleteAtExit(dir); err != nil {
		return "", err
	}
	c, err := cluster.Open(context.Background(), cluster.Options{Dir: dir, Throwaway: true})
	if err != nil {
		return "", err
	}
	return c.URL(cluster.RoleOwner, "postgres"), nil
}

// janitor reads until the test binary's end of the pipe closes, waits for the
// server and deletes the folder.
const janitor = `cat >/dev/null
i=0
while [ -e "$1/pg/postmaster.pid" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
rm -rf "$1"`

func deleteAtExit(dir string) error {
	cmd := exec.Command("/bin/sh", "-c", janitor, "sh", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C must not reach it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	keptOpen = append(keptOpen, pipe)
	return cmd.Start()
}

// keptOpen keeps the pipe from being collected, and so from being closed.
var keptOpen []io.Closer
