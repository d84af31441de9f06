package export

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const tmpMark = ".tmp-"

// writeFile makes dir/name with what fill writes: all of it on disk, or no
// such name. Order: temporary file, fsync, rename, fsync of the folder.
func (m *Maker) writeFile(dir, name string, fill func(*os.File) error) error {
	d, err := m.draft(dir, name, func(f *os.File) error { return errors.Join(fill(f), f.Sync()) })
	if err != nil {
		return err
	}
	return d.keep()
}

// writeLoose is writeFile for what is of no use after a crash of the machine,
// as what it belongs to is hidden: it waits for no disk.
func (m *Maker) writeLoose(dir, name string, b []byte) error {
	d, err := m.draft(dir, name, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	return d.rename()
}

// draft is a file under a temporary name; if it is not kept, Sweep takes it.
type draft struct{ dir, tmp, name string }

// draft makes a file that fill fills: all of it, or none.
func (m *Maker) draft(dir, name string, fill func(*os.File) error) (draft, error) {
	tmp, err := m.tmpName(name)
	if err != nil {
		return draft{}, err
	}
	d := draft{dir, filepath.Join(dir, tmp), filepath.Join(dir, name)}
	f, err := os.OpenFile(d.tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return draft{}, err
	}
	if err = errors.Join(fill(f), f.Close()); err != nil {
		os.Remove(d.tmp) //nolint:errcheck // Sweep takes what is left
	}
	return d, err
}

func (d draft) rename() error { return os.Rename(d.tmp, d.name) }

// keep gives a draft whose octets are on the disk its name, for good.
func (d draft) keep() error {
	if err := d.rename(); err != nil {
		return err
	}
	return syncDir(d.dir)
}

func (m *Maker) tmpName(name string) (string, error) {
	b := make([]byte, 8)
	if _, err := io.ReadFull(m.Rand, b); err != nil {
		return "", err
	}
	return name + tmpMark + hex.EncodeToString(b), nil
}

func (m *Maker) writeBytes(dir, name string, b []byte) error {
	return m.writeFile(dir, name, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Sweep removes temporary files and folders that a crash left behind and that
// have not changed since before: choose a time before any running export began.
func (m *Maker) Sweep(before time.Time) (removed int, err error) {
	for _, dir := range []string{m.Dir, m.stagingRoot()} {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return removed, err
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || !strings.Contains(e.Name(), tmpMark) || !info.ModTime().Before(before) {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}

func (m *Maker) stagingRoot() string { return filepath.Join(m.Dir, "staging") }

func (m *Maker) stagingDir(exportID string) string { return filepath.Join(m.stagingRoot(), exportID) }
