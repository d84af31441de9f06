//go:build linux

package orderdoc

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func timeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// maxRSS gives the most memory that a process held, in octets.
func maxRSS(s *os.ProcessState) int64 { return s.SysUsage().(*syscall.Rusage).Maxrss << 10 }

// drawn are files whose cost lies in drawing: what the intake takes, and what it
// refuses, handed to the renderer all the same.
func drawn() []bad {
	content := func(s string) []byte { return withContent(s, "") }
	form := func(body string) []byte {
		b := plainWith("", "")
		b.offsets[4] = b.Len()
		fmt.Fprintf(b, "4 0 obj\n<< /Length 6 >>\nstream\n/X Do \nendstream\nendobj\n")
		b.obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 6 0 R >> >> >>")
		b.stream(6, body, []byte("/X Do /X Do /X Do"))
		return b.table("").Bytes()
	}
	out := []bad{
		{"plain", plainPDF(), ""},
		{"form that draws itself", form("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"), ""},
		{"a million strokes", content(strings.Repeat("0 0 m 500 500 l S\n", 1<<20)), ""},
		{"nested saves", content(strings.Repeat("q ", 1<<19)), ""},
		{"huge scale", content("1e9 0 0 1e9 0 0 cm 0 0 1 1 re f"), ""},
		{"dashes", content("[0.0001] 0 d 0 0 m 100000 100000 l S"), ""},
		{"huge font", content("BT /F1 1000000 Tf (W) Tj ET"), ""},
		{"broken font", withFont(bytes.Repeat([]byte{0xff, 0, 0x80}, 4000)), ""},
		{"pattern", content("/Pattern cs /P scn 0 0 600 800 re f"), ""},
	}
	for i, h := range hostileSize() {
		if i%3 == 0 || strings.Contains(h.name, "bomb") && len(h.pdf) < 1<<20 {
			out = append(out, h)
		}
	}
	return out
}

func withContent(content, more string) []byte {
	b := newBuilder(head)
	b.obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	b.obj(2, pageTwo)
	b.obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> "+more+" >> >>")
	b.stream(4, "/Filter /FlateDecode", deflate([]byte(content)))
	b.obj(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	return b.table("").Bytes()
}

// withFont embeds bytes as a TrueType font.
func withFont(font []byte) []byte {
	b := newBuilder(head)
	b.obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	b.obj(2, pageTwo)
	b.obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>")
	b.stream(4, "", []byte(content))
	b.obj(5, "<< /Type /Font /Subtype /TrueType /BaseFont /X /FirstChar 32 /LastChar 33 /Widths [500 500] /FontDescriptor 6 0 R >>")
	b.obj(6, "<< /Type /FontDescriptor /FontName /X /Flags 4 /FontBBox [0 0 1 1] /ItalicAngle 0 /Ascent 1 /Descent 0 /CapHeight 1 /StemV 1 /FontFile2 7 0 R >>")
	b.stream(7, "/Filter /FlateDecode", deflate(font))
	return b.table("").Bytes()
}
