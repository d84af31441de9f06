package audit

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"lerd/internal/fault"
)

// FileKeeper keeps the last signed checkpoint in a file. The file belongs on
// another disk than the database, or at least outside its backups: a restore
// that brings back an older file undoes what it is for.
type FileKeeper struct{ Path string }

// Load gives the last signed checkpoint, nil if the file does not exist.
func (k FileKeeper) Load() ([]byte, error) {
	data, err := os.ReadFile(k.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Replace puts next in the place of old, if old is still what the file holds.
// It holds an exclusive lock on the file Path.lock meanwhile, so that of many
// processes one wins, and returns after the file and its folder are flushed.
func (k FileKeeper) Replace(old, next []byte) (err error) {
	defer fault.Wrap(&err, "keeper.Replace")
	if len(next) == 0 {
		return fault.New(fault.Invalid, "there is no checkpoint to keep")
	}
	unlock, err := lockFile(k.Path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	have, err := k.Load()
	if err != nil {
		return err
	}
	if (have == nil) != (old == nil) || !bytes.Equal(have, old) {
		return fault.New(fault.Conflict, "another process has signed a checkpoint since this one was read")
	}
	return writeFile(k.Path, next)
}
