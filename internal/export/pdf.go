package export

import (
	"errors"

	"golang.org/x/sync/errgroup"

	"lerd/internal/pdfa"
)

// papers are what people read, the certificate and the letter, on their way: the
// certificate is begun while the files are written whose digests end it, and the
// letter is set while that is done.
type papers struct {
	paper
	beside errgroup.Group
	begun  chan *pdfa.Document // the certificate, up to the digests
	letter staged
}

func beginPapers(c *Content, w *recordWriter, s *stage, version string) *papers {
	p := &papers{paper: paper{header: s.Header, certificate: c.Certificate, absences: s.Absences, version: version,
		roots: c.Roots, published: c.PublishedAt, phones: w.cases.phones, ips: w.cases.ips, records: w.phones + w.ips}}
	p.begun = make(chan *pdfa.Document, 1)
	p.beside.Go(func() error {
		p.begun <- p.beginCertificate()
		letter, err := p.letterPDF()
		if err == nil {
			p.letter, err = packed("letter.pdf", "application/pdf", letter)
		}
		return err
	})
	return p
}

// finish stages both; err is what became of the files.
func (p *papers) finish(st *stager, err error) error {
	if err == nil {
		err = p.certify(st)
	}
	if err := errors.Join(err, p.beside.Wait()); err != nil {
		return err
	}
	st.files = append(st.files, p.letter)
	return nil
}

// certify ends the certificate and stages it.
func (p *papers) certify(st *stager) error {
	certificate, err := p.endCertificate(<-p.begun, st.files)
	if err != nil {
		return err
	}
	if err := st.add("certificate.pdf", "application/pdf", certificate); err != nil {
		return err
	}
	st.files[len(st.files)-1].Root = true
	return nil
}

// paper is what certificate and letter are written from.
type paper struct {
	header      Header
	certificate Certificate
	absences    []Absence
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
