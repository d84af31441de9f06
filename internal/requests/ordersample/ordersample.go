// Package ordersample writes the PDF of a made-up order, for demonstrations
// and tests.
//
// Invariants:
//   - the same order makes the same bytes;
//   - every page says that it is a specimen, so that none can be taken for an
//     order of a real authority.
package ordersample

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"lerd/internal/fault"
)

// Order is what the document says. Texts are in the Latin script of Western
// Europe; other characters are refused.
type Order struct {
	Authority string    // e.g. "Amtsgericht Musterstadt"
	Address   string    // one line
	Number    string    // of the order
	CaseFile  string    // of the investigation
	Issued    time.Time // date of issue
	Judge     string    // who signs, and as what
	Offence   string    // with its provision
	Facts     string    // why the data are needed
	Targets   []string  // one line each: the identifier and what is known
	From, To  time.Time // period asked
	Zone      string    // zone in which the period is written, an IANA name
	Data      []string  // e.g. "phone numbers", "IP addresses with source port and time"
	Addressee string    // the provider
}

// PDF writes the order on A4 pages.
func PDF(o Order) (out []byte, err error) {
	defer fault.Wrap(&err, "ordersample.PDF")
	loc, err := time.LoadLocation(o.Zone)
	if err != nil || o.Zone == "" {
		return nil, fault.New(fault.Invalid, "Give an IANA time zone.")
	}
	p := newPaper(o)
	p.head(o)
	p.part("Order", "On application of the public prosecutor, the provider named above is ordered to produce the data described below.")
	p.part("Offence", o.Offence)
	p.part("Reasons", o.Facts)
	p.list("Accounts concerned", o.Targets)
	p.part("Period", fmt.Sprintf("From %s to %s (%s).", o.From.In(loc).Format("2 January 2006 15:04:05 -07:00"), o.To.In(loc).Format("2 January 2006 15:04:05 -07:00"), o.Zone))
	p.list("Data to be produced", o.Data)
	p.part("Signature", o.Judge)
	return p.bytes()
}

// paper is a document being written.
type paper struct {
	*fpdf.Fpdf
	latin func(string) string
	bad   bool
}

func newPaper(o Order) *paper {
	pdf := fpdf.New("P", "mm", "A4", "")
	p := &paper{Fpdf: pdf, latin: pdf.UnicodeTranslatorFromDescriptor("")}
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(o.Issued.UTC())
	pdf.SetModificationDate(o.Issued.UTC())
	pdf.SetProducer("lerd specimen", false)
	pdf.SetTitle(p.text("Order "+o.Number), false)
	pdf.SetMargins(25, 25, 25)
	pdf.SetFooterFunc(func() {
		pdf.SetY(-18)
		pdf.SetFont("Helvetica", "I", 8)
		pdf.CellFormat(0, 5, p.text(fmt.Sprintf("%s - page %d - SPECIMEN, not an order of any real authority", o.Number, pdf.PageNo())), "T", 0, "C", false, 0, "")
	})
	pdf.AddPage()
	return p
}

// text turns UTF-8 into the fonts' code page, and notes what does not fit.
func (p *paper) text(s string) string {
	out := p.latin(s)
	if strings.Count(out, ".") != strings.Count(s, ".") { // the translator writes "." for what it lacks
		p.bad = true
	}
	return out
}

func (p *paper) head(o Order) {
	p.SetFont("Times", "B", 16)
	p.CellFormat(0, 8, p.text(o.Authority), "", 1, "C", false, 0, "")
	p.SetFont("Times", "", 10)
	p.CellFormat(0, 5, p.text(o.Address), "", 1, "C", false, 0, "")
	p.Ln(8)
	p.SetFont("Times", "", 11)
	for _, line := range [][2]string{{"Order number", o.Number}, {"Case file", o.CaseFile}, {"Date", o.Issued.UTC().Format("2 January 2006")}, {"To", o.Addressee}} {
		p.CellFormat(40, 6, p.text(line[0]+":"), "", 0, "L", false, 0, "")
		p.CellFormat(0, 6, p.text(line[1]), "", 1, "L", false, 0, "")
	}
	p.Ln(4)
}

func (p *paper) part(title, body string) {
	p.Ln(3)
	p.SetFont("Times", "B", 12)
	p.CellFormat(0, 7, p.text(title), "", 1, "L", false, 0, "")
	p.SetFont("Times", "", 11)
	p.MultiCell(0, 5.5, p.text(body), "", "L", false)
}

func (p *paper) list(title string, items []string) {
	p.part(title, "")
	for i, s := range items {
		p.MultiCell(0, 5.5, p.text(fmt.Sprintf("%d. %s", i+1, s)), "", "L", false)
	}
}

func (p *paper) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, err
	}
	if p.bad {
		return nil, fault.New(fault.Invalid, "The specimen can be written in Western European letters only.")
	}
	return b.Bytes(), nil
}
