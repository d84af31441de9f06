package export

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// certificatePDF lays the certificate out. The same contents give the same
// octets.
func certificatePDF(h Header, c Certificate, files []staged, version string) ([]byte, error) {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCreationDate(h.GeneratedAt)
	pdf.SetModificationDate(h.GeneratedAt)
	pdf.SetCatalogSort(true)
	pdf.SetTitle(certificateTitle(c.Variant)+" "+h.ExportID, true)
	pdf.SetProducer("lerd "+version, true)
	pdf.AddUTF8FontFromBytes("text", "", goregular.TTF)
	pdf.AddUTF8FontFromBytes("text", "B", gobold.TTF)
	pdf.AddUTF8FontFromBytes("mono", "", gomono.TTF)
	pdf.SetMargins(20, 18, 20)
	pdf.SetAutoPageBreak(true, 18)
	pdf.SetFooterFunc(func() {
		pdf.SetY(-14)
		pdf.SetFont("text", "", 8)
		pdf.CellFormat(0, 5, h.ExportID+"  "+strings.Repeat(" ", 4)+pageOf(pdf.PageNo()), "", 0, "C", false, 0, "")
	})
	pdf.AddPage()
	show := drawable()
	for _, p := range certificateText(h, c, files, version) {
		switch {
		case p.heading:
			pdf.Ln(2)
			pdf.SetFont("text", "B", 12)
		case p.mono:
			pdf.SetFont("mono", "", 8)
		default:
			pdf.SetFont("text", "", 10)
		}
		pdf.MultiCell(0, 5, show(p.text), "", "L", false)
		pdf.Ln(1)
	}
	var b bytes.Buffer
	err := pdf.Output(&b)
	return b.Bytes(), err
}

func pageOf(n int) string { return fmt.Sprintf("page %d", n) }

// drawable gives a function that puts a visible sign where the typeface has no
// glyph: a reader must see that something is there. export.json has the letters.
func drawable() func(string) string {
	font, err := sfnt.Parse(goregular.TTF)
	var buf sfnt.Buffer
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			if err != nil {
				return r
			}
			if i, gerr := font.GlyphIndex(&buf, r); gerr != nil || i == 0 {
				return '?'
			}
			return r
		}, s)
	}
}
