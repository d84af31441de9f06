package audit

import (
	"os"
	"path/filepath"
)

// tempPrefix begins the names of files that are not whole yet.
const tempPrefix = ".tmp-"

// writeFile makes or replaces a file so that a crash at any moment leaves the
// old or the new contents, never a part, and the new ones are on the disk when
// it returns.
func writeFile(path string, data []byte) error {
	if err := stageFile(path, data); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// stageFile is writeFile without flushing the folder: the contents are on the
// disk, but after a crash the name may still be the old one or missing.
func stageFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// syncDir flushes a folder's list of names.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
