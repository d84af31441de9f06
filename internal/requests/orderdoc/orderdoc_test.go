package orderdoc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/testkit/hostilepdf"
)

func TestGoodFilesAreTaken(t *testing.T) {
	for name, g := range hostilepdf.Good() {
		doc, err := check(t, g.PDF)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if doc.Pages != g.Pages || doc.Size != int64(len(g.PDF)) || doc.SHA256 != sha256.Sum256(g.PDF) {
			t.Errorf("%s: %+v", name, doc)
		}
	}
}

// maxAllocated is what examining a file may allocate in all; the time that
// each takes is in docs/documents.md, from BenchmarkHostile.
const maxAllocated = 192 << 20

func TestHostileFilesAreRefused(t *testing.T) {
	for _, h := range hostilepdf.All() {
		t.Run(h.Name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := check(t, h.PDF)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > maxAllocated {
				t.Errorf("allocated %d MiB", n>>20)
			}
			if err == nil {
				t.Fatal("taken")
			}
			if got := CodeOf(err); got != h.Code {
				t.Errorf("refused as %q, want %q: %v", got, h.Code, err)
			}
			if m := fault.Message(err); !strings.HasSuffix(m, ".") || strings.HasPrefix(m, "Something went wrong") {
				t.Errorf("no sentence for people: %q", m)
			}
		})
	}
}

func TestNameAndType(t *testing.T) {
	for _, c := range []struct {
		up   Upload
		code string
	}{
		{Upload{}, ""}, {Upload{"a.pdf", "application/pdf"}, ""}, {Upload{"a.PDF", "application/pdf; name=x"}, ""},
		{Upload{"a.pdf.exe", ""}, "extension"}, {Upload{"a", ""}, "extension"}, {Upload{"a.html", "application/pdf"}, "extension"},
		{Upload{"a.pdf", "text/html"}, "type"}, {Upload{"a.pdf", "application/octet-stream"}, "type"}, {Upload{"a.pdf", "///"}, "type"},
	} {
		_, err := CheckBytes(t.Context(), hostilepdf.Plain(), c.up, DefaultLimits())
		if CodeOf(err) != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%+v: %v", c.up, err)
		}
		if c.code != "" && fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%+v: kind %s", c.up, fault.KindOf(err))
		}
	}
}

func TestCheckReadsNoMoreThanItsLimit(t *testing.T) {
	lim := DefaultLimits()
	lim.MaxBytes = 1000
	r := &endless{}
	_, err := Check(t.Context(), r, Upload{}, lim)
	if fault.KindOf(err) != fault.TooLarge || r.n > 10_000 {
		t.Errorf("%v after %d bytes", err, r.n)
	}
	_, err = Check(t.Context(), io.MultiReader(bytes.NewReader(hostilepdf.Plain()[:50]), brokenReader{}), Upload{}, lim)
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("broken upload: %v", err)
	}
}

type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) { e.n += len(p); return len(p), nil }

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("reset") }

func TestSignaturesAndRevisions(t *testing.T) {
	b := hostilepdf.PlainWith("", "", "<< /Type /Sig /ByteRange [0 100 200 0000000000] >>")
	b.Table("")
	total := b.Len()
	signed := bytes.Replace(b.Bytes(), []byte("0000000000] >>"), []byte(zeroPadded(total-200)+"] >>"), 1)
	doc, err := check(t, signed)
	if err != nil || doc.Signatures != 1 || doc.ChangedAfterSigning || doc.Revisions != 1 {
		t.Fatalf("%+v %v", doc, err)
	}
	b.Reset()
	b.Write(signed)
	doc, err = check(t, hostilepdf.Updated(b, func(b *hostilepdf.Builder) { b.Obj(7, "(added)") }))
	if err != nil || !doc.ChangedAfterSigning || doc.Revisions != 2 {
		t.Errorf("%+v %v", doc, err)
	}
}

func zeroPadded(n int) string {
	s := "0000000000"
	d := []byte(s)
	for i := len(d) - 1; n > 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	return string(d)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CheckBytes(ctx, hostilepdf.Plain(), Upload{}, DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Every single-byte change of a good file is taken or refused with a
// sentence; none ends in a defect.
func TestEveryByteChanged(t *testing.T) {
	for _, pdf := range [][]byte{hostilepdf.Plain(), hostilepdf.Packed("<< >>", true)} {
		for i := range pdf {
			for _, c := range []byte{0, ' ', '<', '(', '9', 0xff, pdf[i] ^ 1} {
				bent := bytes.Clone(pdf)
				bent[i] = c
				if _, err := check(t, bent); err != nil && (fault.KindOf(err) == fault.Internal || strings.Contains(err.Error(), "panic")) {
					t.Fatalf("byte %d as %#x: %v", i, c, err)
				}
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, g := range hostilepdf.Good() {
		f.Add(g.PDF)
	}
	for _, group := range [][]hostilepdf.File{hostilepdf.Active(), hostilepdf.Foreign(), hostilepdf.Structure()} {
		for _, h := range group {
			f.Add(h.PDF)
		}
	}
	lim := DefaultLimits()
	lim.MaxInflated, lim.MaxImages, lim.MaxBytes = 8<<20, 8<<20, 1<<20
	f.Fuzz(func(t *testing.T, pdf []byte) {
		doc, err := CheckBytes(t.Context(), pdf, Upload{}, lim)
		switch {
		case err == nil && (doc.Pages < 1 || doc.Pages > lim.MaxPages || doc.Version == "" || !bytes.HasPrefix(pdf, []byte("%PDF-"))):
			t.Errorf("taken with %+v", doc)
		case err == nil && bytes.Contains(pdf, []byte("/JavaScript")) && !hidden(pdf):
			t.Error("taken with a script in clear")
		case err != nil && (CodeOf(err) == "" || strings.Contains(err.Error(), "panic")):
			t.Errorf("refused without a reason: %v", err)
		}
	})
}

// hidden tells of places where a name is no name: streams, strings, comments.
func hidden(pdf []byte) bool {
	return bytes.ContainsAny(pdf, "(") || bytes.Contains(pdf, []byte("stream")) || bytes.Count(pdf, []byte("%")) > 3
}

func BenchmarkCheck(b *testing.B) {
	pdf := hostilepdf.WithStream("/Subtype /Image /Width 2000 /Height 2000 /Filter /DCTDecode", bytes.Repeat([]byte("abcdefgh"), 1<<21))
	b.SetBytes(int64(len(pdf)))
	for b.Loop() {
		if _, err := check(b, pdf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for _, h := range hostilepdf.All() {
		b.Run(h.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check(b, h.PDF)
			}
		})
	}
}

func check(t testing.TB, pdf []byte) (Document, error) {
	return CheckBytes(t.Context(), pdf, Upload{FileName: "Order.PDF", DeclaredType: "application/pdf"}, DefaultLimits())
}
