package asic

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// packings are streams of every kind of block.
func packings(tb testing.TB) [][]byte {
	tb.Helper()
	text := []byte(strings.Repeat("I-1,R-1,2026-01-01T00:00:00Z,203.0.113.7,tcp\r\n", 3000))
	for i := range text {
		if i%37 == 0 {
			text[i] = byte(i * 7)
		}
	}
	var out [][]byte
	for _, level := range []int{flate.NoCompression, flate.HuffmanOnly, 1, 6, 9} {
		for _, n := range []int{0, 1, 300, len(text)} {
			var b bytes.Buffer
			w, err := flate.NewWriter(&b, level)
			if err != nil {
				tb.Fatal(err)
			}
			w.Write(text[:n/2])
			w.Flush()
			w.Write(text[n/2 : n])
			if err := w.Close(); err != nil {
				tb.Fatal(err)
			}
			out = append(out, b.Bytes())
		}
	}
	return out
}

// same unpacks with both programs and compares: what they give, whether they
// refuse, and whether they see that something follows.
func same(t *testing.T, packed []byte, slow bool) {
	t.Helper()
	const most = 4 << 20
	in := bytes.NewReader(packed)
	want, werr := io.ReadAll(io.LimitReader(flate.NewReader(in), most))
	var src io.Reader = bytes.NewReader(packed)
	if slow {
		src = iotest.OneByteReader(src)
	}
	f := newInflater(src)
	got, err := io.ReadAll(io.LimitReader(f, most))
	if (err == nil) != (werr == nil) {
		t.Fatalf("%v, want %v", err, werr)
	}
	if err != nil || len(got) == most {
		return
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%d octets, want %d, or others", len(got), len(want))
	}
	if ended := f.ended(); ended != (in.Len() == 0) {
		t.Fatalf("ended is %v with %d octets behind", ended, in.Len())
	}
}

// TestInflateAgrees goes through streams whole, cut off, spoilt and with something
// behind.
func TestInflateAgrees(t *testing.T) {
	for _, packed := range packings(t) {
		same(t, packed, false)
		same(t, packed, true)
		same(t, append(bytes.Clone(packed), 0), false)
		for cut := range min(len(packed), 300) {
			same(t, packed[:cut], cut%2 == 0)
		}
		for at := range min(len(packed), 400) {
			b := bytes.Clone(packed)
			b[at] ^= 1 << (at % 8)
			same(t, b, false)
		}
	}
}

// FuzzInflate compares with compress/flate.
func FuzzInflate(f *testing.F) {
	for _, packed := range packings(f) {
		if len(packed) < 4096 {
			f.Add(packed)
		}
	}
	// Codes of every length, one code alone, none.
	f.Add([]byte{5, 0xe0, 0x81, 0x08, 0, 0, 0, 0, 0x20, 0x7f, 0xeb, 0x0b, 0, 0})
	f.Fuzz(func(t *testing.T, packed []byte) { same(t, packed, false) })
}

// BenchmarkInflate unpacks a table.
func BenchmarkInflate(b *testing.B) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, 1)
	if err != nil {
		b.Fatal(err)
	}
	var size int64
	for i := range 100_000 {
		line := bytes.Repeat([]byte{byte('a' + i*7%26), byte('0' + i*13%10), ','}, 3)
		line = append(line, "the same in each line, and long enough to be copied\n"...)
		w.Write(line)
		size += int64(len(line))
	}
	w.Close()
	for _, c := range []struct {
		name string
		open func() io.Reader
	}{{"own", func() io.Reader { return newInflater(bytes.NewReader(packed.Bytes())) }},
		{"library", func() io.Reader { return flate.NewReader(bytes.NewReader(packed.Bytes())) }}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if n, err := io.Copy(struct{ io.Writer }{io.Discard}, c.open()); err != nil || n != size {
					b.Fatal(n, err)
				}
			}
		})
	}
}
