package cluster

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// endWithParent lets the kernel stop the server (fast shutdown) when the thread
// that started it ends, so that a killed lerd leaves no server behind.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// isPostgres says whether the process is a PostgreSQL server, so that a number
// which the system gave to somebody else is not taken for one.
func isPostgres(pid int) bool {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.HasPrefix(string(comm), "postgres")
}

// flushFolder writes the folder's file system to disk: one call instead of one
// per file.
func flushFolder(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	_ = unix.Syncfs(int(f.Fd()))
}

// memoryBytes gives the machine's memory, 0 where it cannot be told.
func memoryBytes() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(info.Unit)
}
