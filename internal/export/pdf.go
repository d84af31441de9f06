package export

import "lerd/internal/pdfa"

// paper is what certificate and letter are written from.
type paper struct {
	header      Header
	certificate Certificate
	absences    []Absence
	files       []staged
	version     string
	roots       [][]byte
	published   string
	phones      []PhoneRecord // none where there are more than MaxCaseRecords
	ips         []IPRecord
	records     int64
}

// document begins a document. The same contents give the same octets.
func (p *paper) document(title string) *pdfa.Document {
	d := pdfa.New(pdfa.Info{Title: title + " " + p.header.ExportID + " copy " + p.header.Copy.Mark, Author: p.header.Controller.Name, Producer: "lerd " + p.version,
		Language: "en", Created: p.header.GeneratedAt, Footer: p.header.ExportID + " · copy " + p.header.Copy.Mark})
	d.Title(title)
	return d
}

// facts writes pairs of name and value.
func facts(d *pdfa.Document, rows [][]string) {
	d.Table([]pdfa.Column{{Share: 1}, {Share: 3}}, rows, 0)
}

// blanks writes pairs with room for a person's hand.
func blanks(d *pdfa.Document, rows [][]string) {
	d.Table([]pdfa.Column{{Share: 1}, {Share: 3}}, rows, 22)
}

func orNone(s string) string {
	if s == "" {
		return "none stated"
	}
	return s
}
