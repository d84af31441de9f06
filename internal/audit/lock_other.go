//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package audit

import "errors"

// lockFile refuses: without a lock two processes could both sign.
func lockFile(string) (func(), error) {
	return nil, errors.New("keeping signed checkpoints in a file needs file locks, which this system does not have")
}
