package cms

import (
	"io"
	"os"

	"lerd/internal/fault"
)

// mapping is a file's contents seen as one slice that is read only.
type mapping struct {
	data  []byte
	close func() error
}

// maxFallback is how much is taken into memory where files cannot be mapped.
const maxFallback = 512 << 20

// fallbackMap gives the same slice by reading the file into memory.
func fallbackMap(f *os.File, size int64) (*mapping, error) {
	if size > maxFallback {
		return nil, fault.New(fault.TooLarge,
			"Files cannot be mapped on this file system, and %d octets are too many for memory. Use age, or another folder.", size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), data); err != nil {
		return nil, err
	}
	return &mapping{data: data, close: func() error { return nil }}, nil
}
