package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"lerd/bundle/bundletest"
)

// finding is what a reader says of a bundle.
type finding struct {
	Code  Code   `json:"code"`
	File  string `json:"file"`
	Row   int    `json:"row"`
	Where string `json:"where"`
}

func find(files fs.FS) (finding, error) {
	_, err := Read(files)
	var f *Fault
	if errors.As(err, &f) {
		return finding{f.Code, f.File, f.Row, f.Where}, nil
	}
	return finding{}, err
}

func TestVectors(t *testing.T) {
	for _, v := range bundletest.Load(t, "vectors") {
		got, err := find(v.Files(t))
		if err != nil || string(got.Code) != v.Code {
			t.Errorf("%s: %+v, %v; want %q", v.Name, got, err, v.Code)
		}
	}
}

// TestThePythonReaderAgrees lets the other reader read the same bundles: it
// must name the same fault at the same place.
func TestThePythonReaderAgrees(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT RUN: python3 is not installed")
	}
	dir, list := t.TempDir(), bundletest.Load(t, "vectors")
	for i, v := range list {
		for name, f := range v.Files(t) {
			path := filepath.Join(dir, fmt.Sprint(i), filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := exec.Command("python3", "-B", "python/check_vectors.py", dir, fmt.Sprint(len(list)))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var said []finding
	if err := json.Unmarshal(out, &said); err != nil || len(said) != len(list) {
		t.Fatalf("%v: %d of %d findings", err, len(said), len(list))
	}
	for i, v := range list {
		got, err := find(v.Files(t))
		if err != nil || got != said[i] {
			t.Errorf("%s: Go says %+v (%v), Python says %+v", v.Name, got, err, said[i])
		}
	}
}

// TestNothingButTheStandardLibrary keeps this folder copyable.
func TestNothingButTheStandardLibrary(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if p := strings.Trim(i.Path.Value, `"`); strings.Contains(strings.SplitN(p, "/", 2)[0], ".") || strings.HasPrefix(p, "lerd/") && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s imports %s", name, p)
			}
		}
	}
}

// FuzzRead puts octets in the place of each file that is parsed; what passes
// must be read as the same by encoding/json.
func FuzzRead(f *testing.F) {
	for _, name := range []string{ExportFile, RecordsFile, PhonesFile, IPsFile, OutcomesFile} {
		b, err := os.ReadFile(filepath.Join("vectors/full", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, b)
	}
	base := os.DirFS("vectors/full")
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		files := over{base, name, b}
		if _, err := Read(files); err != nil {
			return
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(b) {
			t.Error("what is not JSON passed")
		}
	})
}

// over is a file system with one file in place of another.
type over struct {
	fs.FS
	name string
	b    []byte
}

func (o over) Open(name string) (fs.File, error) {
	if name == o.name {
		return fstest.MapFS{name: &fstest.MapFile{Data: o.b}}.Open(name)
	}
	return o.FS.Open(name)
}
