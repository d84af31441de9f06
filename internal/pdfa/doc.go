// Package pdfa writes documents as PDF/A-2a: text of any length in paragraphs,
// headings and tables, tagged for screen readers, with embedded typefaces.
//
// Invariants:
//   - the same input gives the same octets: nothing depends on the clock, on
//     chance or on the machine;
//   - every letter is drawn by a typeface that lies in the file, shaped and in
//     the direction that its script asks for (Latin, Greek, Cyrillic,
//     Devanagari, Arabic); a letter that no typeface has, and every control
//     character, is written out as [U+XXXX], so that nothing is lost or hidden;
//   - what is seen can be copied and searched as the text that was given;
//   - it knows nothing of lerd and imports nothing of it.
//
// SPEC: ISO 19005-2 (PDF/A-2), level A; ISO 32000-1 (PDF 1.7).
package pdfa

import "time"

// Info is what a document says about itself.
type Info struct {
	Title    string
	Author   string // who answers for it
	Producer string // the program
	Language string // BCP 47, e.g. en
	Created  time.Time
	Footer   string // at the foot of each page, before its number
}

// Measures of the page in points: A4 with margins of 20 mm.
const (
	pageWidth, pageHeight = 595.276, 841.89
	margin                = 56.69
	textWidth             = pageWidth - 2*margin
)

// style is how a block of text looks.
type style struct {
	bold, mono bool
	size       float64 // points
	before     float64 // space above, points
	after      float64
}

var (
	styleTitle   = style{bold: true, size: 15, after: 6}
	styleHeading = style{bold: true, size: 11.5, before: 9, after: 3}
	styleText    = style{size: 9.5, after: 4}
	styleMono    = style{mono: true, size: 7.5, after: 4}
	styleCell    = style{size: 8.5}
	styleDigest  = style{mono: true, size: 6.8}
	styleHead    = style{bold: true, size: 8.5}
	styleFoot    = style{size: 7.5}
)

// leading is the distance of base lines, as a multiple of the size; Devanagari
// and Arabic need more room than Latin.
const leading = 1.42

// Fixed is a text of the program, without data: its shape is kept from document
// to document. A constant becomes one by itself, a variable does not.
type Fixed string

// ownWords are what Own was told.
var ownWords = map[string]Fixed{}

// Own says which cells of tables are the program's own words. A cell of data that
// reads the same is no other than the words, so nothing of it is kept. Only to be
// called while a package is initialised.
func Own(words ...Fixed) struct{} {
	for _, w := range words {
		ownWords[string(w)] = w
	}
	return struct{}{}
}

// Column is a column of a table.
type Column struct {
	Title Fixed
	Share float64 // of the width, in any unit
	Mono  bool
}

// Document collects blocks. Not safe for concurrent use.
type Document struct {
	info  Info
	set   *typesetter
	pages []*page
	y     float64 // base of what comes next, from the foot of the page
	root  *element
}

// New begins a document.
func New(info Info) *Document {
	d := &Document{info: info, set: newTypesetter(), root: &element{kind: "Document"}}
	d.newPage()
	return d
}

// Title writes the document's title.
func (d *Document) Title(text string) { d.block("H1", d.lines(text, styleTitle), styleTitle, "") }

// Heading begins a section.
func (d *Document) Heading(text string) { d.block("H2", d.lines(text, styleHeading), styleHeading, "") }

// Section begins a section under the program's own words.
func (d *Document) Section(text Fixed) {
	d.block("H2", d.set.fixed(text, styleHeading, textWidth), styleHeading, "")
}

// Text writes a paragraph.
func (d *Document) Text(text string) { d.block("P", d.lines(text, styleText), styleText, "") }

// Words writes a paragraph of the program's own words.
func (d *Document) Words(text Fixed) {
	d.block("P", d.set.fixed(text, styleText, textWidth), styleText, "")
}

// TextIn writes a paragraph in another language than the document's.
func (d *Document) TextIn(language, text string) {
	d.block("P", d.lines(text, styleText), styleText, language)
}

// HeadingIn begins a section in another language than the document's.
func (d *Document) HeadingIn(language, text string) {
	d.block("H2", d.lines(text, styleHeading), styleHeading, language)
}

// Mono writes a paragraph in letters of one width.
func (d *Document) Mono(text string) { d.block("P", d.lines(text, styleMono), styleMono, "") }

func (d *Document) lines(text string, s style) []line { return d.set.cell(text, s, textWidth) }

func (d *Document) block(kind string, lines []line, s style, language string) {
	e := d.root.add(&element{kind: kind, language: language})
	d.y -= s.before
	if kind == "H1" || kind == "H2" { // a heading does not stand alone at the foot
		d.room(4 * s.size * leading)
	}
	for _, line := range lines {
		d.room(s.size * leading)
		d.y -= s.size * leading
		d.page().text(e, d.set, line, margin, d.y+descent(s), s)
	}
	d.y -= s.after
}

// descent lifts the base line, so that a line's letters stay inside its box.
func descent(s style) float64 { return s.size * (leading - 1.05) }

// room begins a new page where less than the height is left.
func (d *Document) room(height float64) {
	if !d.fits(height) {
		d.newPage()
	}
}

func (d *Document) fits(height float64) bool { return d.y-height >= margin }

func (d *Document) page() *page { return d.pages[len(d.pages)-1] }

func (d *Document) newPage() {
	d.pages = append(d.pages, &page{number: len(d.pages)})
	d.y = pageHeight - margin
}

// Table writes rows under column titles, which never stand alone at the foot of a
// page, and stand again above rows that go on over the next one. A row shorter than
// the columns is filled with empty cells. Height is the least height of a row in
// points, for rows that a person fills by hand; 0 for as high as the text.
func (d *Document) Table(columns []Column, rows [][]string, height float64) {
	table := d.root.add(&element{kind: "Table"})
	widths := widthsOf(columns)
	titles, titled := make([][]line, len(columns)), false
	for i, c := range columns {
		titles[i] = d.set.fixed(c.Title, styleHead, widths[i]-2*side)
		titled = titled || c.Title != ""
	}
	above := 0.0 // height of the titles
	if titled {
		above = rowHeight(titles, 0)
		d.room(above + rowHeight(d.firstOf(columns, rows), height))
		d.row(table.add(&element{kind: "THead"}), "TH", columns, titles, 0)
	}
	body := table.add(&element{kind: "TBody"})
	for _, r := range rows {
		cells := d.cells(columns, r)
		if !d.fits(min(rowHeight(cells, height), pageHeight-2*margin-above)) {
			d.newPage()
			if titled {
				d.row(nil, "TH", columns, titles, 0)
			}
		}
		d.row(body, "TD", columns, cells, height)
	}
	d.y -= styleText.after
}

// firstOf gives the cells of the first row, none where there are no rows.
func (d *Document) firstOf(columns []Column, rows [][]string) [][]line {
	if len(rows) == 0 {
		return nil
	}
	return d.cells(columns, rows[0])
}

// cells breaks the cells of a row into lines.
func (d *Document) cells(columns []Column, r []string) [][]line {
	widths, cells := widthsOf(columns), make([][]line, len(columns))
	for i := range min(len(r), len(columns)) {
		cells[i] = d.set.cell(r[i], cellStyle("TD", columns[i]), widths[i]-2*side)
	}
	return cells
}

// The room between a cell's edge and its text, in points: above and below, and beside.
const (
	pad  = 3
	side = 2
)

// widthsOf shares the width out among columns.
func widthsOf(columns []Column) []float64 {
	total := 0.0
	for _, c := range columns {
		total += c.Share
	}
	out := make([]float64, len(columns))
	for i, c := range columns {
		out[i] = textWidth * c.Share / total
	}
	return out
}

// rowHeight is how high a row is: at least height, and as high as its cells.
func rowHeight(wrapped [][]line, height float64) float64 {
	for _, lines := range wrapped {
		height = max(height, float64(len(lines))*styleCell.size*leading+2*pad)
	}
	return height
}

// row draws a row, which its caller has found room for. Without a parent it is no part
// of the text: titles that were read already.
func (d *Document) row(parent *element, kind string, columns []Column, wrapped [][]line, height float64) {
	widths, x := widthsOf(columns), margin
	var tr *element
	if parent != nil {
		tr = parent.add(&element{kind: "TR"})
	}
	for i, c := range columns {
		var cell *element
		if tr != nil {
			cell = tr.add(&element{kind: kind})
		}
		s := cellStyle(kind, c)
		for n, l := range wrapped[i] {
			base := d.y - pad - float64(n+1)*styleCell.size*leading + descent(s)
			if cell == nil {
				d.page().artifact(d.set, l, x+side, base, s)
				continue
			}
			d.page().text(cell, d.set, l, x+side, base, s)
		}
		x += widths[i]
	}
	d.y -= rowHeight(wrapped, height)
	d.page().rule(margin, d.y, pageWidth-margin)
}

func cellStyle(kind string, c Column) style {
	switch {
	case kind == "TH":
		return styleHead
	case c.Mono:
		return styleDigest
	}
	return styleCell
}
