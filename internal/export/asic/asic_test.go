package asic_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"lerd/internal/export/asic"
)

func archive(t testing.TB, sizes ...int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := asic.NewWriter(&b, time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), asic.Comment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddStored("mimetype", []byte(asic.MediaType)); err != nil {
		t.Fatal(err)
	}
	for i, n := range sizes {
		if _, err := w.AddDeflated("data/f"+string(rune('a'+i)), noise(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise is half random, half repeated.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		if b[i] = byte(r.Uint32()); i > 40000 && i%3 > 0 {
			b[i] = b[i-39999]
		}
	}
	return b
}

// TestOthersReadWhatIsWritten goes over the borders of chunks and windows.
func TestOthersReadWhatIsWritten(t *testing.T) {
	sizes := []int{0, 1, 1<<15 - 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 12345}
	b := archive(t, sizes...)
	if string(b[38:38+len(asic.MediaType)]) != asic.MediaType {
		t.Error("the media type must stand at octet 38")
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	own, err := asic.Open(bytes.NewReader(b), int64(len(b)), asic.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range sizes {
		rc, err := z.File[i+1].Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(rc)
		if err != nil || !bytes.Equal(got, noise(n)) {
			t.Errorf("archive/zip reads other contents of %d octets (%v)", n, err)
		}
		got, err = io.ReadAll(own.Entries[i+1].Open())
		if err != nil || !bytes.Equal(got, noise(n)) {
			t.Errorf("other contents of %d octets (%v)", n, err)
		}
	}
}

// TestHeadersThatDisagreeAreRefused changes each octet of every header.
func TestHeadersThatDisagreeAreRefused(t *testing.T) {
	good := archive(t, 100)
	read := func(b []byte) error {
		a, err := asic.Open(bytes.NewReader(b), int64(len(b)), asic.DefaultLimits)
		if err != nil {
			return err
		}
		for _, e := range a.Entries {
			if _, err := io.Copy(io.Discard, e.Open()); err != nil {
				return err
			}
		}
		if a.Comment != asic.Comment || a.Entry("mimetype") == nil || a.Entry("data/fa") == nil {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	if err := read(good); err != nil {
		t.Fatal(err)
	}
	passed := 0
	for i := range good {
		for bit := range 8 {
			b := bytes.Clone(good)
			b[i] ^= 1 << bit
			if read(b) == nil {
				passed++
			}
		}
	}
	// Free of meaning: "version needed" in two local headers; "version made by",
	// "version needed" and attributes in two directory records; the padding of a
	// flushed and of a last block of deflate.
	if most := 8*(2*2+2*(4+6)) + 16; passed > most {
		t.Errorf("%d changed bits went unnoticed, at most %d are without meaning", passed, most)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(archive(f, 10, 2000))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := asic.Open(bytes.NewReader(b), int64(len(b)), asic.Limits{Entries: 20, Total: 1 << 20, Ratio: 100})
		if err != nil {
			return
		}
		var total int64
		for _, e := range a.Entries {
			n, _ := io.Copy(io.Discard, e.Open())
			total += n
			if asic.CheckName(e.Name) != nil {
				t.Errorf("name %q", e.Name)
			}
		}
		if total > 1<<20+int64(len(a.Entries))*64<<10 {
			t.Errorf("unpacked %d octets", total)
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add(asic.FormatManifest([]asic.Object{{Name: "data/x", MediaType: "text/plain", Root: true, SHA256: sha256.Sum256(nil)}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := asic.ParseManifest(b); err == nil && !bytes.Equal(asic.FormatManifest(o), b) {
			t.Error("two forms of one manifest")
		}
	})
}

func FuzzParseBag(f *testing.F) {
	f.Add(asic.FormatBag([]asic.Part{{Name: "data/x"}, {Name: "data/y"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := asic.ParseBag(b); err == nil && len(m) == 0 && len(b) > 0 {
			t.Error("text without lines")
		}
	})
}
