package cms

import (
	"io"
	"os"

	"lerd/internal/fault"
)

type mapMode int

const (
	mapRead    mapMode = iota // contents of the file
	mapWrite                  // what is written reaches the file, at the latest on close
	mapPrivate                // contents of the file; changes stay in memory
)

// mapping is a file seen as one slice.
type mapping struct {
	data  []byte
	close func() error
}

// maxFallback is how much is taken into memory where files cannot be mapped.
const maxFallback = 512 << 20

// fallbackMap gives the same slice by reading the file into memory.
func fallbackMap(f *os.File, size int64, mode mapMode) (*mapping, error) {
	if size > maxFallback {
		return nil, fault.New(fault.TooLarge,
			"Files cannot be mapped on this file system, and %d octets are too many for memory. Use age, or another folder.", size)
	}
	data := make([]byte, size)
	if mode == mapWrite {
		return &mapping{data: data, close: func() error { _, err := f.WriteAt(data, 0); return err }}, nil
	}
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, size), data); err != nil {
		return nil, err
	}
	return &mapping{data: data, close: func() error { return nil }}, nil
}
