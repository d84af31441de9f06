//go:build unix

package cms

import (
	"os"
	"syscall"
)

// mapFile maps size octets of f, so that its pages need no Go heap.
func mapFile(f *os.File, size int64) (*mapping, error) {
	b, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fallbackMap(f, size)
	}
	return &mapping{data: b, close: func() error { return syscall.Munmap(b) }}, nil
}
