package export

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/bundle"
)

func cluesOf(t testing.TB, name string, b []byte) Clues {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := FindClues(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCluesOfACopy looks for the mark in a container as it is, in a zip in a zip,
// in one that was cut short, and in a folder that it was unpacked to.
func TestCluesOfACopy(t *testing.T) {
	d := newDesk(t)
	path := d.clear(d.seal(2, 3))
	container, err := os.ReadFile(path)
	d.must(err)
	mark, sum := bundle.Mark(eventID), sha256.Sum256(container)
	var once, twice bytes.Buffer
	for _, z := range []struct {
		to   *bytes.Buffer
		name string
		b    func() []byte
	}{{&once, "EXP.asice", func() []byte { return container }}, {&twice, "inner.zip", once.Bytes}} {
		w := zip.NewWriter(z.to)
		f, err := w.Create(z.name)
		d.must(err)
		_, err = f.Write(z.b())
		d.must(err)
		d.must(w.Close())
	}
	for name, b := range map[string][]byte{"c.asice": container, "renamed.bin": container, "once.zip": once.Bytes(), "twice.zip": twice.Bytes(),
		"line.txt": []byte("see I-1000000001-" + mark), "lines.txt": []byte(strings.Repeat("0123456789 ", 1000) + mark)} {
		if c := cluesOf(t, name, b); !c.Marks[mark] {
			t.Errorf("%s gives no mark", name)
		}
	}
	if c := cluesOf(t, "c.asice", container); !c.Digests[hex.EncodeToString(sum[:])] {
		t.Error("the container's own digest is not a clue")
	}
	if c, err := FindClues(filepath.Dir(path)); err != nil || !c.Marks[mark] {
		t.Errorf("the folder gives no mark: %v", err)
	}
	if c := cluesOf(t, "x.txt", []byte("I-1000000001-"+mark+"X and "+strings.ToLower(mark))); c.Marks[mark] {
		t.Error("a word that only begins with the mark, or is in small letters, counts")
	}
}

// FuzzClues reads anything: no file can make the search fail or run away.
func FuzzClues(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("I000000001-5P56MJJ62J"))
	f.Fuzz(func(t *testing.T, b []byte) { cluesOf(t, "x", b) })
}
