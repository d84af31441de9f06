package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"lerd/internal/fault"
)

// folderLock is an advisory lock on a data folder. The kernel frees it when the
// process ends, however it ends.
type folderLock struct{ file *os.File }

// lockFolder takes the folder, or says who has it.
func lockFolder(dir string) (*folderLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The data folder %s is not yours to write to; run as its owner or name another.", dir)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid := lockHolder(f)
		f.Close()
		return nil, fault.New(fault.Conflict, "another lerd is running on this folder (pid %s): %s", pid, dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, fmt.Sprintf("%d\n", os.Getpid()))); err != nil {
		f.Close()
		return nil, err
	}
	return &folderLock{f}, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

func lockHolder(f *os.File) string {
	raw, _ := io.ReadAll(io.LimitReader(f, 32))
	pid := strings.TrimSpace(string(raw))
	if _, err := strconv.Atoi(pid); err != nil {
		return "unknown"
	}
	return pid
}

// release frees the folder; a second call does nothing.
func (l *folderLock) release() {
	if l != nil && l.file != nil {
		l.file.Close()
		l.file = nil
	}
}
