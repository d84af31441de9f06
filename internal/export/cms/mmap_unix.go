//go:build unix

package cms

import (
	"os"
	"syscall"
)

// mapFile maps size octets of f, so that its pages need no Go heap. A writable
// map is shared with the file; a private one may be changed without reaching it.
func mapFile(f *os.File, size int64, mode mapMode) (*mapping, error) {
	prot, flags := syscall.PROT_READ, syscall.MAP_SHARED
	switch mode {
	case mapWrite:
		prot |= syscall.PROT_WRITE
	case mapPrivate:
		prot, flags = prot|syscall.PROT_WRITE, syscall.MAP_PRIVATE
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(size), prot, flags)
	if err != nil {
		return fallbackMap(f, size, mode)
	}
	return &mapping{data: b, close: func() error { return syscall.Munmap(b) }}, nil
}
