package hostilepdf

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
)

// Builder writes PDFs, right ones and wrong ones.
type Builder struct {
	bytes.Buffer
	Offsets map[int]int // of the revision being written, by object number
	Last    int         // highest number
	startx  int
}

// New begins a file with its header.
func New(head string) *Builder {
	b := &Builder{Offsets: map[int]int{}}
	b.WriteString(head)
	return b
}

// Obj writes an object.
func (b *Builder) Obj(num int, body string) {
	b.Offsets[num] = b.Len()
	b.Last = max(b.Last, num)
	fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", num, body)
}

// Stream writes a stream with keys of its own and the right length.
func (b *Builder) Stream(num int, keys string, data []byte) {
	b.Offsets[num] = b.Len()
	b.Last = max(b.Last, num)
	fmt.Fprintf(b, "%d 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n", num, keys, len(data), data)
}

// Table ends the file, or a revision of it, with a classic table.
func (b *Builder) Table(trailer string) *Builder {
	b.startx = b.Len()
	fmt.Fprintf(b, "xref\n0 1\n0000000000 65535 f \n")
	for n := 1; n <= b.Last; n++ {
		if at, ok := b.Offsets[n]; ok {
			fmt.Fprintf(b, "%d 1\n%010d 00000 n \n", n, at)
		}
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", b.Last+1, trailer, b.startx)
	b.Offsets = map[int]int{}
	return b
}

// Deflate packs as hard as can be.
func Deflate(data []byte) []byte {
	var out bytes.Buffer
	w, _ := zlib.NewWriterLevel(&out, zlib.BestCompression)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

// Head is the header of a file, Content what its page shows.
const (
	Head    = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
	pageTwo = "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>"
	Content = "BT /F1 24 Tf 72 700 Td (Order 7 Gs 123/26) Tj ET"
)

// PlainWith is a right file whose catalog and page have further keys, and which
// has further objects from number 6.
func PlainWith(catalog, page string, more ...string) *Builder {
	b := New(Head)
	b.Obj(1, "<< /Type /Catalog /Pages 2 0 R "+catalog+" >>")
	b.Obj(2, pageTwo)
	b.Obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> "+page+" >>")
	b.Stream(4, "/Filter /FlateDecode", Deflate([]byte(Content)))
	b.Obj(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i, m := range more {
		b.Obj(6+i, m)
	}
	return b
}

// Plain is an order of one page.
func Plain() []byte { return PlainWith("", "").Table("").Bytes() }

// Packed has its catalog and one more object in an object stream, and a
// cross-reference stream. predictor says how that one is written.
func Packed(packedObject string, predictor bool) []byte {
	b := New(Head)
	catalog := "<< /Type /Catalog /Pages 2 0 R >>"
	body := catalog + " " + packedObject
	header := fmt.Sprintf("1 0 6 %d ", len(catalog)+1)
	b.Obj(2, pageTwo)
	b.Obj(3, "<< /Type /Page /Parent 2 0 R >>")
	b.Stream(7, fmt.Sprintf("/Type /ObjStm /N 2 /First %d /Filter /FlateDecode", len(header)), Deflate([]byte(header+body)))
	at := b.Len()
	rows := [][4]int{{0, 0, 0, 0}, {2, 0, 7, 0}, {1, b.Offsets[2] >> 8, b.Offsets[2] & 255, 0}, {1, b.Offsets[3] >> 8, b.Offsets[3] & 255, 0},
		{0, 0, 0, 0}, {0, 0, 0, 0}, {2, 0, 7, 1}, {1, b.Offsets[7] >> 8, b.Offsets[7] & 255, 0}, {1, at >> 8, at & 255, 0}}
	var raw, above []byte = nil, make([]byte, 4)
	for _, r := range rows {
		row := []byte{byte(r[0]), byte(r[1]), byte(r[2]), byte(r[3])}
		if predictor {
			raw = append(raw, 2)
			for i := range row {
				raw = append(raw, row[i]-above[i])
			}
		} else {
			raw = append(raw, row...)
		}
		above = row
	}
	parms := ""
	if predictor {
		parms = "/DecodeParms << /Predictor 12 /Columns 4 >>"
	}
	b.Stream(8, "/Type /XRef /Size 9 /Root 1 0 R /W [1 2 1] /Filter /FlateDecode "+parms, Deflate(raw))
	fmt.Fprintf(b, "startxref\n%d\n%%%%EOF\n", at)
	return b.Bytes()
}

// Updated appends a revision to a file.
func Updated(b *Builder, change func(*Builder)) []byte {
	before := b.startx
	change(b)
	return b.Table(fmt.Sprintf("/Prev %d", before)).Bytes()
}

func zipOf(name, content string) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, _ := w.Create(name)
	f.Write([]byte(content))
	w.Close()
	return out.Bytes()
}

// bomb unpacks to size bytes after layers of Deflate.
func bomb(size, layers int) []byte {
	data := make([]byte, size)
	for range layers {
		data = Deflate(data)
	}
	return data
}

// WithStream is a right file with a stream that nothing shows, number 6.
func WithStream(keys string, data []byte) []byte {
	b := PlainWith("", "")
	b.Stream(6, keys, data)
	return b.Table("").Bytes()
}
