package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/store/blob"
)

// FuzzKey reads a key's file: what is taken has an end and opens something.
func FuzzKey(f *testing.F) {
	key, err := Keyring{Dir: f.TempDir()}.Add("20261126T030000Z-1a2b3c4d", time.Date(2026, 12, 26, 3, 0, 0, 0, time.UTC))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("# until 2026-12-26T03:00:00Z\n" + key.identity.String() + "\n")
	f.Add(strings.Repeat("\x00", 120))
	f.Add("# until never\nAGE-SECRET-KEY-1\n")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey("20261126T030000Z-1a2b3c4d", bufio.NewScanner(strings.NewReader(text)))
		if err == nil && (key.identity == nil || key.Until.IsZero()) {
			t.Errorf("taken: %+v", key)
		}
		if err != nil && fault.KindOf(err) == fault.Invalid && !key.Until.IsZero() {
			t.Errorf("a damaged key has time left: %v", key.Until)
		}
	})
}

// FuzzUnpack reads an archive of files: none is written outside the folder.
func FuzzUnpack(f *testing.F) {
	for _, name := range []string{"documents/1a2b.pdf", "../documents/1a2b.pdf", "/documents/1a2b.pdf", "documents/../../1a2b.pdf", "documents"} {
		f.Add(archive(name, tar.TypeReg))
		f.Add(archive(name, tar.TypeSymlink))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		files := filepath.Join(dir, "blobs")
		err := unpack(bytes.NewReader(b), Target{Files: files, Name: blob.Valid})
		list, readErr := os.ReadDir(dir)
		if readErr != nil || len(list) > 1 || len(list) == 1 && list[0].Name() != "blobs" {
			t.Errorf("beside the folder: %v (%v)", list, err)
		}
	})
}

func archive(name string, kind byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h := &tar.Header{Name: name, Typeflag: kind, Mode: 0o600}
	if kind == tar.TypeReg {
		h.Size = 3
	} else {
		h.Linkname = "/etc/passwd"
	}
	_ = w.WriteHeader(h)
	if kind == tar.TypeReg {
		_, _ = w.Write([]byte("abc"))
	}
	_ = w.Close()
	return b.Bytes()
}

// TestOnlyOrdinaryFilesOfLerdAreUnpacked names what else an archive could hold.
func TestOnlyOrdinaryFilesOfLerdAreUnpacked(t *testing.T) {
	for name, kind := range map[string]byte{"../x/1a.pdf": tar.TypeReg, "/x/1a.pdf": tar.TypeReg, "documents/1a.pdf": tar.TypeSymlink, "documents/1b.pdf": tar.TypeLink, "documents/": tar.TypeDir} {
		if err := unpack(bytes.NewReader(archive(name, kind)), Target{Files: t.TempDir(), Name: blob.Valid}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s (%c): %v", name, kind, err)
		}
	}
	dir := t.TempDir()
	if err := unpack(bytes.NewReader(archive("documents/1a.pdf", tar.TypeReg)), Target{Files: dir, Name: blob.Valid}); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "documents", "1a.pdf")); err != nil || string(b) != "abc" {
		t.Errorf("%q %v", b, err)
	}
}
