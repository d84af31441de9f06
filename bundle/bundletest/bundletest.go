// Package bundletest reads the test vectors of the readers of bundles: right
// bundles, and wrong ones that are made of them by single edits.
package bundletest

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// Vector is a test bundle: a right one, and what is changed in it.
type Vector struct {
	Name  string
	Base  string
	Edits []struct {
		File, Find, Replace string
		Base64              []byte `json:"replace_base64"`
	}
	Remove []string
	Cut    *struct {
		File   string
		Octets int // kept from the front; below zero: taken from the end
	}
	Code string // of the fault; empty: it is right

	dir string
}

// Load reads the vectors below a folder.
func Load(t *testing.T, dir string) (out []Vector) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d vectors", len(out))
	}
	for i := range out {
		out[i].dir = dir
	}
	return out
}

// Files gives the vector's bundle. An edit that finds nothing is a fault of the vector.
func (v Vector) Files(t *testing.T) fstest.MapFS {
	t.Helper()
	out, base := fstest.MapFS{}, os.DirFS(filepath.Join(v.dir, v.Base))
	err := fs.WalkDir(base, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(base, path)
		out[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range v.Edits {
		with := []byte(e.Replace)
		if e.Base64 != nil {
			with = e.Base64
		}
		f := out[e.File]
		if f == nil || !bytes.Contains(f.Data, []byte(e.Find)) {
			t.Fatalf("%s: %q is not in %s", v.Name, e.Find, e.File)
		}
		f.Data = bytes.Replace(f.Data, []byte(e.Find), with, 1)
	}
	for _, name := range v.Remove {
		delete(out, name)
	}
	if v.Cut != nil {
		f, n := out[v.Cut.File], v.Cut.Octets
		if n < 0 {
			n += len(f.Data)
		}
		f.Data = f.Data[:n]
	}
	return out
}
