package pdfa

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// em is the size at which text is shaped: a glyph's advance is then in
// thousandths of the size, as PDF counts.
const em = 1000

// typesetter shapes text and remembers which glyphs of which typeface a
// document needs.
type typesetter struct {
	shaper  shaping.HarfbuzzShaper
	cutter  shaping.Segmenter
	wrapper shaping.LineWrapper
	faces   [len(names)]*typeface
	used    map[*typeface]map[font.GID][]rune // glyph → the text that it stands for
	kept    map[place][]line
	again   map[place][]line // of this document alone: many cells say the same
}

// place is a fixed text and where it stands.
type place struct {
	text  Fixed
	style style
	width float64
}

// mostKept bounds how many fixed texts are kept: the documents have some 250.
const mostKept = 512

// fixed is lines of a fixed text, which are shaped once.
func (t *typesetter) fixed(text Fixed, s style, width float64) []line {
	key := place{text, s, width}
	l, ok := t.kept[key]
	if !ok {
		if len(t.kept) >= mostKept {
			clear(t.kept)
		}
		l = t.lines(string(text), s, width)
		t.kept[key] = l
	}
	return l
}

// cell is lines of a text: the program's own words are shaped once, and what was
// said before in this document is not shaped again in it.
func (t *typesetter) cell(text string, s style, width float64) []line {
	if own, ok := ownWords[text]; ok {
		return t.fixed(own, s, width)
	}
	key := place{Fixed(text), s, width}
	l, ok := t.again[key]
	if !ok {
		l = t.lines(text, s, width)
		t.again[key] = l
	}
	return l
}

// typesetters are used again, by one document after the other: a shaper keeps
// plans of how a typeface's scripts are shaped, and the program's own words are
// shaped once.
var typesetters = sync.Pool{New: func() any {
	return &typesetter{faces: newTypefaces(), used: map[*typeface]map[font.GID][]rune{}, kept: map[place][]line{}, again: map[place][]line{}}
}}

func newTypesetter() *typesetter {
	t := typesetters.Get().(*typesetter)
	clear(t.used)
	return t
}

// line is one line of shaped text: its runs from left to right.
type line struct {
	text []rune
	runs []shaping.Output
}

// lines breaks a text into lines of at most width points.
func (t *typesetter) lines(text string, s style, width float64) []line {
	var out []line
	for part := range strings.SplitSeq(text, "\n") {
		runes := []rune(t.drawable(part, s))
		if len(runes) == 0 {
			continue
		}
		in := shaping.Input{Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR, Size: fixed.I(em), Language: language.NewLanguage("en")}
		var shaped []shaping.Output
		for _, run := range t.cutter.Split(in, chooser(t.of(s))) {
			shaped = append(shaped, t.shaper.Shape(run))
		}
		wide := int(math.Floor(width / s.size * em))
		wrapped, _ := t.wrapper.WrapParagraph(shaping.WrapConfig{Direction: di.DirectionLTR}, wide, runes, shaping.NewSliceIterator(shaped))
		for _, l := range wrapped {
			runs := slices.Clone(l)
			for i := range runs {
				runs[i].Glyphs = slices.Clone(runs[i].Glyphs)
			}
			slices.SortStableFunc(runs, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
			out = append(out, line{runes, runs})
		}
	}
	return out
}

// chooser gives the first of the typefaces that has a letter.
type chooser []*typeface

// ResolveFace implements shaping.Fontmap.
func (c chooser) ResolveFace(r rune) *font.Face {
	if f := c.with(r); f != nil {
		return f.face
	}
	return c[0].face
}

func (c chooser) with(r rune) *typeface {
	for _, f := range c {
		if _, ok := f.face.NominalGlyph(r); ok {
			return f
		}
	}
	return nil
}

// of gives the typefaces of a style, the preferred one first.
func (t *typesetter) of(s style) []*typeface {
	first := t.faces[regular]
	switch {
	case s.mono:
		first = t.faces[mono]
	case s.bold:
		first = t.faces[bold]
	}
	return []*typeface{first, t.faces[regular], t.faces[devanagari], t.faces[arabic]}
}

func (t *typesetter) typeface(face *font.Face) *typeface {
	for _, f := range t.faces {
		if f.face == face {
			return f
		}
	}
	return t.faces[regular]
}

// drawable writes out what cannot be drawn, and what could hide or reorder
// other letters.
func (t *typesetter) drawable(text string, s style) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\u200c' || r == '\u200d': // joiners belong to Indic and Arabic spelling
			b.WriteRune(r)
		case r == '\t':
			b.WriteByte(' ')
		case unicode.Is(unicode.C, r) || chooser(t.of(s)).with(r) == nil:
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isPlain tells whether a text has letters of ASCII alone, which every style draws.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// cluster is the glyphs that stand for some letters together.
type cluster struct {
	glyphs []shaping.Glyph
	text   []rune
}

func clusters(text []rune, run shaping.Output) []cluster {
	out := make([]cluster, 0, len(run.Glyphs))
	for i := 0; i < len(run.Glyphs); {
		n := i + 1
		for n < len(run.Glyphs) && run.Glyphs[n].TextIndex() == run.Glyphs[i].TextIndex() {
			n++
		}
		from := run.Glyphs[i].TextIndex()
		out = append(out, cluster{run.Glyphs[i:n], text[from : from+run.Glyphs[i].RunesCount()]})
		i = n
	}
	return out
}

// words cuts clusters at spaces; each space is a word of its own.
func words(cs []cluster) (out [][]cluster) {
	from := 0
	for i, c := range cs {
		if len(c.text) == 1 && c.text[0] == ' ' {
			out = append(out, cs[from:i], cs[i:i+1])
			from = i + 1
		}
	}
	return append(out, cs[from:])
}

// noteAll notes a word, and tells whether its glyphs one by one give its text.
func (t *typesetter) noteAll(f *typeface, word []cluster) bool {
	plain := true
	for _, c := range word {
		plain = t.note(f, c) && plain
	}
	return plain
}

// note remembers what each glyph of a cluster stands for, and tells whether the
// glyphs one by one give the cluster's text; else the text must be said apart.
func (t *typesetter) note(f *typeface, c cluster) (plain bool) {
	seen := t.used[f]
	if seen == nil {
		seen = map[font.GID][]rune{}
		t.used[f] = seen
	}
	got := make([]rune, 0, 8)
	for _, g := range c.glyphs {
		text, ok := seen[g.GlyphID]
		if !ok {
			text = meaning(f, g.GlyphID, c)
			seen[g.GlyphID] = text
		}
		got = append(got, text...)
	}
	return slices.Equal(got, c.text)
}

func meaning(f *typeface, id font.GID, c cluster) []rune {
	if len(c.glyphs) == 1 {
		return slices.Clone(c.text)
	}
	for _, r := range c.text {
		if g, ok := f.face.NominalGlyph(r); ok && g == id {
			return []rune{r}
		}
	}
	return c.text[:1:1]
}
