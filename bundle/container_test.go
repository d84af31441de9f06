package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packed makes a container of the vector "full"; change may change each entry.
func packed(t *testing.T, change func(name string, w *zip.Writer) bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	put := func(name string, method uint16, content []byte) {
		if change != nil && change(name, w) {
			return
		}
		h := &zip.FileHeader{Name: name, Method: method}
		if method == zip.Store {
			h.CRC32, h.CompressedSize64, h.UncompressedSize64 = crc32.ChecksumIEEE(content), uint64(len(content)), uint64(len(content))
		}
		var out io.Writer
		var err error
		if method == zip.Store {
			out, err = w.CreateRaw(h)
		} else {
			out, err = w.CreateHeader(h)
		}
		if err == nil {
			_, err = out.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("mimetype", zip.Store, []byte("application/vnd.etsi.asic-e+zip"))
	err := fs.WalkDir(os.DirFS("vectors/full"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join("vectors/full", path))
		put(path, zip.Deflate, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestContainersThatReadInTwoWays: both readers take the container of a good bundle,
// and refuse the same tricks.
func TestContainersThatReadInTwoWays(t *testing.T) {
	good := packed(t, nil)
	beside := func(name string) []byte {
		return packed(t, func(at string, w *zip.Writer) bool {
			if at == ExportFile {
				out, err := w.Create(name)
				if err != nil {
					t.Fatal(err)
				}
				out.Write([]byte("{}")) //nolint:errcheck // in memory
			}
			return false
		})
	}
	flip := func(mark string, at int, bits byte) []byte {
		b := bytes.Clone(good)
		b[bytes.LastIndex(b, []byte(mark))+at] ^= bits
		return b
	}
	cases := []struct {
		name string
		b    []byte
		code Code
	}{
		{"right", good, ""},
		{"two of one name", beside(ExportFile), Container},
		{"two of one name but for case", beside("data/EXPORT.json"), Container},
		{"octets in front", append([]byte("MZ"), good...), Container},
		{"the container twice", append(bytes.Clone(good), good...), Container},
		{"cut", good[:len(good)-30], Container},
		{"cut in front", good[100:], Container},
		{"empty", nil, Container},
		{"no zip", []byte("{}"), Container},
		{"encrypted", flip("PK\x01\x02", 8, 1), Container},
		{"another method", flip("PK\x01\x02", 10, 4), Container},
		{"another checksum", flip("PK\x01\x02", 16, 1), Container},
		{"no mimetype", packed(t, func(at string, _ *zip.Writer) bool { return at == "mimetype" }), Container},
		{"no export.json", packed(t, func(at string, _ *zip.Writer) bool { return at == ExportFile }), Missing},
	}
	dir := t.TempDir()
	for i, c := range cases {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadPath(path)
		var f *Fault
		if errors.As(err, &f) != (c.code != "") || f != nil && f.Code != c.code || c.code == "" && err != nil {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
	}
	if _, err := ReadPath(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT RUN for Python: python3 is not installed")
	}
	out, err := exec.Command("python3", "-B", "python/check_vectors.py", dir, fmt.Sprint(len(cases))).CombinedOutput()
	var said []finding
	if err != nil || json.Unmarshal(out, &said) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, c := range cases {
		if said[i].Code != c.code {
			t.Errorf("%s: Python says %+v, want %q", c.name, said[i], c.code)
		}
	}
}

// TestThePythonProgramNamesWhatItWasGiven starts the reader as a person does, with what is no
// container: each ends with a sentence, and none with a traceback.
func TestThePythonProgramNamesWhatItWasGiven(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT RUN: python3 is not installed")
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "nothing.asice"):   "The file cannot be read",
		file("empty.asice", ""):               "give the .asice file as it came",
		file("letter.pdf", "%PDF-1.7 a text"): "give the .asice file as it came",
		dir:                                   "data/export.json: the file is not there",
	} {
		out, err := exec.Command("python3", "-B", "python/lerd_bundle.py", path).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "Traceback") || strings.Contains(string(out), ". :") {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}
