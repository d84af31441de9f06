//go:build !unix

package cms

import "os"

func mapFile(f *os.File, size int64) (*mapping, error) {
	return fallbackMap(f, size)
}
