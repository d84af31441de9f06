package cluster

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of a package; the real one has some 1,000 files of 58 MB in all.
const (
	maxUnpacked = 256 << 20
	maxFiles    = 5000
	maxLinks    = 500
)

// prefix is the folder that npm puts everything under.
const prefix = "package/"

// unpack writes the native/ part of an npm package under dir, which it makes.
// Every write goes through an os.Root, so no entry can leave dir; entries that
// are neither files nor folders are refused, since npm packages hold none.
func unpack(r io.Reader, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	gz, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	if err := unpackTar(tar.NewReader(io.LimitReader(gz, maxUnpacked)), root); err != nil {
		return err
	}
	return makeLinks(root)
}

func unpackTar(t *tar.Reader, root *os.Root) error {
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n >= maxFiles {
			return fmt.Errorf("the package has more than %d files", maxFiles)
		}
		name, ok := strings.CutPrefix(h.Name, prefix)
		if !ok || !filepath.IsLocal(name) {
			return fmt.Errorf("the package has a file outside its folder: %q", h.Name)
		}
		if h.Typeflag == tar.TypeDir || !strings.HasPrefix(name, "native/") {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return fmt.Errorf("the package has an entry that is not a plain file: %q", h.Name)
		}
		if err := writeEntry(root, name, h.FileInfo().Mode()&0o111 != 0, t); err != nil {
			return err
		}
	}
}

func writeEntry(root *os.Root, name string, executable bool, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// makeLinks makes the links between libraries. npm packages cannot hold links,
// so the package lists them for its install script, which is not run.
func makeLinks(root *os.Root) error {
	raw, err := root.ReadFile("native/pg-symlinks.json")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(raw, &links); err != nil {
		return err
	}
	if len(links) > maxLinks {
		return fmt.Errorf("the package has more than %d links", maxLinks)
	}
	for _, l := range links {
		// Links lie beside what they name, so the text of a link is a bare name.
		if path.Dir(l.Source) != path.Dir(l.Target) || !plainPath(l.Source) || !plainPath(l.Target) {
			return fmt.Errorf("the package has a link out of its folder: %q", l.Target)
		}
		if err := root.Symlink(path.Base(l.Source), l.Target); err != nil {
			return err
		}
	}
	return nil
}

func plainPath(p string) bool { return filepath.IsLocal(p) && path.Clean(p) == p }
