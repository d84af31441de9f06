// Package blob keeps the bytes of documents and bundles in a folder.
//
// Invariants:
//   - a name that is there holds whole bytes: they are written beside it,
//     flushed, and renamed into place;
//   - a name is written once; writing it again is a Conflict;
//   - names are made by lerd and checked again here: they never hold what
//     somebody typed, and none leads out of the folder.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"lerd/internal/fault"
)

// Folder keeps blobs below a directory.
type Folder struct{ Dir string }

var validName = regexp.MustCompile(`^[a-z]+/[0-9a-zA-Z][0-9a-zA-Z.-]{0,80}$`)

// Valid tells whether a name is one of lerd's: an area, a slash, and what lerd
// made up.
func Valid(name string) bool { return validName.MatchString(name) }

// Path gives where a blob lies, or an error for a name that is not lerd's.
func (f Folder) Path(name string) (string, error) {
	if !Valid(name) {
		return "", fmt.Errorf("blob: %q is not a name of lerd's", name)
	}
	return filepath.Join(f.Dir, filepath.FromSlash(name)), nil
}

// Put stores what r gives under a new name; durable on return, and nothing is
// there when it fails.
func (f Folder) Put(_ context.Context, name string, r io.Reader) (err error) {
	defer fault.Wrap(&err, "blob.Put(%s)", name)
	path, err := f.Path(name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fault.New(fault.Conflict, "This file was stored before.")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return noRoom(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return noRoom(err)
	}
	defer os.Remove(tmp.Name())
	if _, err := io.Copy(tmp, r); err != nil {
		tmp.Close()
		return noRoom(err)
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return noRoom(err)
	}
	// A link fails where the name is there, a rename would overwrite it.
	if err := os.Link(tmp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fault.New(fault.Conflict, "This file was stored before.")
		}
		return noRoom(err)
	}
	return syncDir(filepath.Dir(path))
}

// Get opens what is stored under a name, or NotFound.
func (f Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := f.Path(name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	return file, err
}

// Remove takes a blob away; one that is not there is no failure.
func (f Folder) Remove(_ context.Context, name string) (err error) {
	defer fault.Wrap(&err, "blob.Remove(%s)", name)
	path, err := f.Path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return noRoom(err)
	}
	return nil
}

// OlderThan lists the blobs of an area, the part of their names before the
// slash, that were stored before a moment.
func (f Folder) OlderThan(_ context.Context, area string, before time.Time) (names []string, err error) {
	defer fault.Wrap(&err, "blob.OlderThan(%s)", area)
	list, err := os.ReadDir(filepath.Join(f.Dir, area))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		name := area + "/" + e.Name()
		info, err := e.Info()
		if err != nil || !Valid(name) || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
			continue
		}
		names = append(names, name)
	}
	return names, err
}

// Sweep removes what writers that were killed left behind. It is called at
// start, before anybody writes.
func (f Folder) Sweep() (int, error) {
	left, err := filepath.Glob(filepath.Join(f.Dir, "*", ".tmp-*"))
	for _, l := range left {
		err = errors.Join(err, os.Remove(l))
	}
	return len(left), err
}

func noRoom(err error) error {
	return fault.Because(fault.Unavailable, err, "The file could not be stored; nothing was changed. Please try again.")
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
