// Package pdfs writes order documents for tests, right ones and wrong ones:
// revisions, signatures, and whatever an attacker would put into a file.
package pdfs

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Doc is a PDF that can be appended to. Objects 1 to 5 are catalog, page tree,
// page, content and font.
type Doc struct {
	bytes.Buffer
	next, prev int
	fields     []int
	dss        string
	PageKeys   string // further keys of the page when it is written anew
}

// Content is what the page of New shows.
const Content = "BT /F1 24 Tf 72 700 Td (Order 7 Gs 123/26) Tj ET"

// New makes a plain document of one page.
func New() *Doc { return NewWith(Content) }

// NewWith makes a document whose page draws content.
func NewWith(content string) *Doc {
	d := &Doc{next: 6}
	d.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	d.Append(map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
		3: "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		4: Stream("", content),
		5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	})
	return d
}

// Stream gives the body of a stream object.
func Stream(keys, data string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", keys, len(data), data)
}

// Take reserves an object number.
func (d *Doc) Take() int { d.next++; return d.next - 1 }

// Append writes a revision with objects by number.
func (d *Doc) Append(objects map[int]string) {
	var numbers []int
	for n := range objects {
		numbers = append(numbers, n)
		d.next = max(d.next, n+1)
	}
	slices.Sort(numbers)
	offsets := map[int]int{}
	for _, n := range numbers {
		offsets[n] = d.Len()
		fmt.Fprintf(d, "%d 0 obj\n%s\nendobj\n", n, objects[n])
	}
	d.Table(offsets)
}

// Table ends a revision with a cross-reference table that names offsets.
func (d *Doc) Table(offsets map[int]int) {
	var numbers []int
	for n := range offsets {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	at := d.Len()
	d.WriteString("xref\n0 1\n0000000000 65535 f \n")
	for _, n := range numbers {
		fmt.Fprintf(d, "%d 1\n%010d 00000 n \n", n, offsets[n])
	}
	prev := ""
	if d.prev > 0 {
		prev = fmt.Sprintf("/Prev %d", d.prev)
	}
	fmt.Fprintf(d, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", d.next, prev, at)
	d.prev = at
}

// Signing is how a signature is put in.
type Signing struct {
	Sign      func(covered []byte) []byte // gives the CMS over the covered bytes
	SubFilter string                      // "" is ETSI.CAdES.detached
	Type      string                      // "" is Sig
	Visible   bool
	Room      int                 // bytes kept for the CMS; 0 is 12,000
	Range     func([4]int) [4]int // bends the range
	Dict      func(string) string // bends the dictionary before it is written
	Fill      byte                // fills the room behind the CMS
	Objects   map[int]string      // further objects of the revision
}

// Sign appends a revision with a signature over everything.
func (d *Doc) Sign(s Signing) *Doc {
	if s.SubFilter == "" {
		s.SubFilter = "ETSI.CAdES.detached"
	}
	if s.Type == "" {
		s.Type = "Sig"
	}
	if s.Room == 0 {
		s.Room = 12_000
	}
	sig, field := d.Take(), d.Take()
	d.fields = append(d.fields, field)
	const hole = "<HOLE>"
	rng := "[0 0000000000 0000000000 0000000000]"
	dict := fmt.Sprintf("<< /Type /%s /Filter /Adobe.PPKLite /SubFilter /%s /ByteRange %s /Contents %s >>", s.Type, s.SubFilter, rng, hole)
	if s.Dict != nil {
		dict = s.Dict(dict)
	}
	dict = strings.Replace(dict, hole, "<"+strings.Repeat("0", 2*s.Room)+">", 1)
	rect := "[0 0 0 0]"
	if s.Visible {
		rect = "[72 72 200 120]"
	}
	objects := map[int]string{sig: dict,
		field: fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (S%d) /Rect %s /V %d 0 R >>", field, rect, sig)}
	for n, body := range d.frame() {
		objects[n] = body
	}
	for n, body := range s.Objects {
		objects[n] = body
	}
	start := d.Len()
	d.Append(objects)
	d.seal(s, start)
	return d
}

// frame gives the catalog and the page with all fields so far.
func (d *Doc) frame() map[int]string {
	var list strings.Builder
	for _, f := range d.fields {
		fmt.Fprintf(&list, "%d 0 R ", f)
	}
	return map[int]string{
		1: fmt.Sprintf("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] /SigFlags 3 >> %s >>", list.String(), d.dss),
		3: fmt.Sprintf("<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [%s] %s >>", list.String(), d.PageKeys),
	}
}

// seal writes range and content of a signature that lies behind start.
func (d *Doc) seal(s Signing, start int) {
	b := d.Bytes()
	zeros := bytes.Index(b[start:], []byte("<"+strings.Repeat("0", 2*s.Room)+">"))
	if zeros < 0 {
		return // bent away
	}
	from, to := start+zeros, start+zeros+2*s.Room+2
	r := [4]int{0, from, to, len(b) - to}
	if s.Range != nil {
		r = s.Range(r)
	}
	if at := bytes.Index(b[start:], []byte("[0 0000000000 0000000000 0000000000]")); at >= 0 {
		copy(b[start+at:], fmt.Sprintf("[%d %010d %010d %010d]", r[0], r[1], r[2], r[3]))
	}
	if s.Sign == nil {
		return
	}
	der := s.Sign(append(bytes.Clone(b[:from]), b[to:]...))
	out := hex.EncodeToString(der)
	copy(b[from+1:], out)
	for i := from + 1 + len(out); i < to-1 && s.Fill != 0; i++ {
		b[i] = s.Fill
	}
}

// Store appends the document security store with lists and certificates in DER.
func (d *Doc) Store(certs, crls, ocsps [][]byte) *Doc {
	objects := map[int]string{}
	list := func(key string, ders [][]byte) string {
		var refs strings.Builder
		for _, der := range ders {
			n := d.Take()
			objects[n] = Stream("", string(der))
			fmt.Fprintf(&refs, "%d 0 R ", n)
		}
		return fmt.Sprintf("/%s [%s]", key, refs.String())
	}
	n := d.Take()
	objects[n] = "<< /Type /DSS " + list("Certs", certs) + list("CRLs", crls) + list("OCSPs", ocsps) + " >>"
	d.dss = fmt.Sprintf("/DSS %d 0 R", n)
	objects[1] = d.frame()[1]
	d.Append(objects)
	return d
}

// Clone gives a copy that can be changed apart.
func (d *Doc) Clone() *Doc {
	c := &Doc{next: d.next, prev: d.prev, fields: slices.Clone(d.fields), dss: d.dss, PageKeys: d.PageKeys}
	c.Write(d.Bytes())
	return c
}
