//go:build !linux

package cluster

import "syscall"

// endWithParent does nothing: only Linux tells a child of its parent's death.
// A server left behind by a killed lerd is stopped at the next Open.
func endWithParent(*syscall.SysProcAttr) {}

// isPostgres says whether a process with this number exists.
func isPostgres(pid int) bool { return syscall.Kill(pid, 0) == nil }

func flushFolder(string) { syscall.Sync() }

func memoryBytes() uint64 { return 0 }
