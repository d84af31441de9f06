package verify

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lerd/internal/export/asic"
	"lerd/internal/fault"
)

// source is the files of a bundle, in a zip or unzipped.
type source interface {
	// names gives every file, in the order in which they lie.
	names() []string
	// open reads a file; an error in its packing comes from Read.
	open(name string) (io.ReadCloser, int64, error)
}

type zipSource struct{ *asic.Archive }

func (z zipSource) names() []string {
	var out []string
	for _, e := range z.Entries {
		out = append(out, e.Name)
	}
	return out
}

func (z zipSource) open(name string) (io.ReadCloser, int64, error) {
	e := z.Entry(name)
	if e == nil {
		return nil, 0, missing(name)
	}
	return e.Open(), e.Size, nil
}

func missing(name string) error { return fault.New(fault.Invalid, "The file %s is missing.", name) }

// folderSource is an unzipped container. os.Root keeps links from leading out.
type folderSource struct {
	root  *os.Root
	files []string
}

func openFolder(dir string, limits asic.Limits) (*folderSource, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folderSource{root: root}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !d.Type().IsRegular() {
			return fault.New(fault.Invalid, "%s is not a plain file.", name)
		}
		if f.files = append(f.files, name); len(f.files) > limits.Entries {
			return fault.New(fault.Invalid, "The folder has more than %d files.", limits.Entries)
		}
		return asic.CheckName(name)
	})
	slices.Sort(f.files)
	return f, err
}

func (f *folderSource) names() []string { return f.files }

func (f *folderSource) open(name string) (io.ReadCloser, int64, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, 0, missing(name)
	}
	st, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	return file, st.Size(), nil
}

// readSmall takes a whole file of at most limit octets, and remembers its digest.
func (v *run) readSmall(name string, limit int64) ([]byte, error) {
	r, size, err := v.src.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	if size > limit {
		return nil, fault.New(fault.TooLarge, "%s has %d octets; at most %d are read.", name, size, limit)
	}
	b, err := readSized(r, name, size)
	if _, has := v.sums[name]; err == nil && !has {
		sum, known := v.known[name]
		if !known {
			sum = sha256.Sum256(b)
		}
		v.sums[name] = sums{int64(len(b)), sum}
	}
	return b, err
}

// readSized takes a file of at most size octets.
func readSized(r io.Reader, name string, size int64) ([]byte, error) {
	b := make([]byte, size+1) // one more, to see that the file ends there
	n, err := io.ReadFull(r, b)
	switch err {
	case io.EOF, io.ErrUnexpectedEOF:
		return b[:n], nil
	case nil:
		return nil, fault.New(fault.TooLarge, "%s is longer than it says.", name)
	}
	return nil, err
}

func isData(name string) bool { return strings.HasPrefix(name, "data/") }
func isMeta(name string) bool { return strings.HasPrefix(name, "META-INF/") }
