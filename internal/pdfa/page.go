package pdfa

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/shaping"
)

// page is the drawing of one page, and which elements its marked pieces are.
type page struct {
	number  int
	content bytes.Buffer
	marked  []*element // by number of the marked piece
}

// element is a node of the document's structure, as a screen reader walks it.
// SPEC: ISO 32000-1 §14.7, §14.8.
type element struct {
	kind     string
	language string
	parent   *element
	kids     []kid
}

// kid is a child element, or a marked piece of a page.
type kid struct {
	child *element
	page  int
	mark  int
}

func (e *element) add(c *element) *element {
	c.parent = e
	e.kids = append(e.kids, kid{child: c})
	return c
}

// text draws a line whose base begins at x, y, as a piece of an element.
func (p *page) text(e *element, t *typesetter, l line, x, y float64, s style) {
	mark := len(p.marked)
	p.marked = append(p.marked, e)
	e.kids = append(e.kids, kid{page: p.number, mark: mark})
	fmt.Fprintf(&p.content, "/%s <</MCID %d>> BDC\n", e.kind, mark)
	p.draw(t, l, x, y, s)
	p.content.WriteString("EMC\n")
}

// artifact draws a line that is no part of the text.
func (p *page) artifact(t *typesetter, l line, x, y float64, s style) {
	p.content.WriteString("/Artifact <</Type /Pagination>> BDC\n")
	p.draw(t, l, x, y, s)
	p.content.WriteString("EMC\n")
}

// rule draws a thin horizontal line.
func (p *page) rule(x, y, to float64) {
	fmt.Fprintf(&p.content, "/Artifact BMC\n0.4 w %s %s m %s %s l S\nEMC\n", num(x), num(y), num(to), num(y))
}

func (p *page) draw(t *typesetter, l line, x, y float64, s style) {
	p.content.WriteString("BT\n")
	fmt.Fprintf(&p.content, "1 0 0 1 %s %s Tm\n", num(x), num(y))
	for _, run := range l.runs {
		f := t.typeface(run.Face)
		fmt.Fprintf(&p.content, "/%s %s Tf\n", f.key, num(s.size))
		w := runWriter{out: &p.content, face: f}
		for _, word := range words(clusters(l.text, run)) {
			plain := run.Direction == di.DirectionRTL // readers turn single letters round themselves
			all := t.noteAll(f, word)
			// Devanagari's marks stand beside their letters: its words are said whole.
			all = all && (f != t.faces[devanagari] || len(word) < 2)
			w.word(word, plain || all, s.size)
		}
		w.flush()
	}
	p.content.WriteString("ET\n")
}

// runWriter collects glyphs into TJ operators.
type runWriter struct {
	out  *bytes.Buffer
	face *typeface
	tj   bytes.Buffer
	hex  bytes.Buffer
	rise float64
}

// word draws a word; one whose glyphs do not give its text says it apart.
func (w *runWriter) word(word []cluster, plain bool, size float64) {
	if !plain {
		w.flush()
		var text []rune
		for _, c := range word {
			text = append(text, c.text...)
		}
		fmt.Fprintf(w.out, "/Span <</ActualText <%s>>> BDC\n", utf16Hex(text))
	}
	for _, c := range word {
		for _, g := range c.glyphs {
			w.glyph(g, size)
		}
	}
	if !plain {
		w.flush()
		w.out.WriteString("EMC\n")
	}
}

// glyph draws one glyph with its offsets; w.rise is where the pen stands.
func (w *runWriter) glyph(g shaping.Glyph, size float64) {
	if rise := float64(g.YOffset) / 64; rise != w.rise {
		w.flush()
		fmt.Fprintf(w.out, "%s Ts\n", num(rise*size/em))
		w.rise = rise
	}
	x := float64(g.XOffset) / 64
	w.move(-x)
	w.hex.Write(appendHex(w.hex.AvailableBuffer(), uint16(g.GlyphID)))
	w.move(x + w.face.file.width(int(g.GlyphID)) - float64(g.Advance)/64)
}

// move puts an adjustment in thousandths of the size, to the left if positive.
func (w *runWriter) move(by float64) {
	if math.Abs(by) < 0.05 {
		return
	}
	w.string()
	w.tj.WriteString(num(by) + " ")
}

func (w *runWriter) string() {
	if w.hex.Len() > 0 {
		w.tj.WriteString("<" + w.hex.String() + "> ")
		w.hex.Reset()
	}
}

func (w *runWriter) flush() {
	w.string()
	if w.tj.Len() > 0 {
		fmt.Fprintf(w.out, "[%s] TJ\n", bytes.TrimSpace(w.tj.Bytes()))
		w.tj.Reset()
	}
}

// num writes a number with up to three decimals.
func num(v float64) string {
	s := strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

// utf16Hex writes text as PDF's text strings do, with a byte order mark.
func utf16Hex(text []rune) string { return "FEFF" + bareHex(text) }

func bareHex(text []rune) string {
	var b []byte
	for _, u := range utf16.Encode(text) {
		b = appendHex(b, u)
	}
	return string(b)
}

// appendHex writes four digits.
func appendHex(b []byte, u uint16) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15])
}

func sortedGlyphs[K ~uint16 | ~uint32, V any](m map[K]V) []K {
	var out []K
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
