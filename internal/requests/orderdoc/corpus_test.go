package orderdoc

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// builder writes PDFs, right ones and wrong ones.
type builder struct {
	bytes.Buffer
	offsets map[int]int
	last    int // highest number
	startx  int
}

func newBuilder(head string) *builder {
	b := &builder{offsets: map[int]int{}}
	b.WriteString(head)
	return b
}

func (b *builder) obj(num int, body string) {
	b.offsets[num] = b.Len()
	b.last = max(b.last, num)
	fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", num, body)
}

func (b *builder) stream(num int, keys string, data []byte) {
	b.offsets[num] = b.Len()
	b.last = max(b.last, num)
	fmt.Fprintf(b, "%d 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n", num, keys, len(data), data)
}

// table ends the file, or a revision of it, with a classic table.
func (b *builder) table(trailer string) *builder {
	b.startx = b.Len()
	fmt.Fprintf(b, "xref\n0 1\n0000000000 65535 f \n")
	for n := 1; n <= b.last; n++ {
		if at, ok := b.offsets[n]; ok {
			fmt.Fprintf(b, "%d 1\n%010d 00000 n \n", n, at)
		}
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", b.last+1, trailer, b.startx)
	b.offsets = map[int]int{}
	return b
}

func deflate(data []byte) []byte {
	var out bytes.Buffer
	w, _ := zlib.NewWriterLevel(&out, zlib.BestCompression)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

const (
	head    = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
	pageTwo = "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>"
	content = "BT /F1 24 Tf 72 700 Td (Order 7 Gs 123/26) Tj ET"
)

// plain is a right file whose catalog and page have further keys, and which
// has further objects from number 6.
func plainWith(catalog, page string, more ...string) *builder {
	b := newBuilder(head)
	b.obj(1, "<< /Type /Catalog /Pages 2 0 R "+catalog+" >>")
	b.obj(2, pageTwo)
	b.obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> "+page+" >>")
	b.stream(4, "/Filter /FlateDecode", deflate([]byte(content)))
	b.obj(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i, m := range more {
		b.obj(6+i, m)
	}
	return b
}

func plainPDF() []byte { return plainWith("", "").table("").Bytes() }

// packedPDF has its catalog and one more object in an object stream, and a
// cross-reference stream. predictor says how that one is written.
func packedPDF(packedObject string, predictor bool) []byte {
	b := newBuilder(head)
	catalog := "<< /Type /Catalog /Pages 2 0 R >>"
	body := catalog + " " + packedObject
	header := fmt.Sprintf("1 0 6 %d ", len(catalog)+1)
	b.obj(2, pageTwo)
	b.obj(3, "<< /Type /Page /Parent 2 0 R >>")
	b.stream(7, fmt.Sprintf("/Type /ObjStm /N 2 /First %d /Filter /FlateDecode", len(header)), deflate([]byte(header+body)))
	at := b.Len()
	rows := [][4]int{{0, 0, 0, 0}, {2, 0, 7, 0}, {1, b.offsets[2] >> 8, b.offsets[2] & 255, 0}, {1, b.offsets[3] >> 8, b.offsets[3] & 255, 0},
		{0, 0, 0, 0}, {0, 0, 0, 0}, {2, 0, 7, 1}, {1, b.offsets[7] >> 8, b.offsets[7] & 255, 0}, {1, at >> 8, at & 255, 0}}
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
	b.stream(8, "/Type /XRef /Size 9 /Root 1 0 R /W [1 2 1] /Filter /FlateDecode "+parms, deflate(raw))
	fmt.Fprintf(b, "startxref\n%d\n%%%%EOF\n", at)
	return b.Bytes()
}

// updated appends a revision to a file.
func updated(b *builder, change func(*builder)) []byte {
	before := b.startx
	change(b)
	return b.table(fmt.Sprintf("/Prev %d", before)).Bytes()
}

func zipOf(name, content string) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, _ := w.Create(name)
	f.Write([]byte(content))
	w.Close()
	return out.Bytes()
}

// bomb unpacks to size bytes after layers of deflate.
func bomb(size, layers int) []byte {
	data := make([]byte, size)
	for range layers {
		data = deflate(data)
	}
	return data
}

func withStream(keys string, data []byte) []byte {
	b := plainWith("", "")
	b.stream(6, keys, data)
	return b.table("").Bytes()
}

// good are files that must be taken, with their number of pages.
func good() map[string]struct {
	pdf   []byte
	pages int
} {
	type g = struct {
		pdf   []byte
		pages int
	}
	return map[string]g{
		"plain":               {plainPDF(), 1},
		"CR LF":               {bytes.ReplaceAll(plainRewritten(), []byte("\n"), []byte("\r\n")), 1},
		"object streams":      {packedPDF("<< /Type /Font >>", false), 1},
		"predictor":           {packedPDF("[1 0 R 2 0 R]", true), 1},
		"two revisions":       {updated(plainWithTable(), func(b *builder) { b.obj(6, "(note)") }), 1},
		"first page to open":  {plainWith("/OpenAction [3 0 R /XYZ null null 0]", "").table("").Bytes(), 1},
		"link":                {plainWith("", "/Annots [<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://court.example) >> >>]").table("").Bytes(), 1},
		"indirect length":     {byReference("6"), 1},
		"empty name tree":     {plainWith("/Names << /EmbeddedFiles << /Names [] >> >>", "").table("").Bytes(), 1},
		"pages in two levels": {nested(3, 4), 12},
		"space at the end":    {append(plainPDF(), "\r\n \n"...), 1},
	}
}

func plainWithTable() *builder { return plainWith("", "").table("") }

// plainRewritten is a file whose offsets are right after LF became CR LF.
func plainRewritten() []byte {
	b := newBuilder("%PDF-1.4\n")
	lines := func() int { return bytes.Count(b.Bytes(), []byte("\n")) }
	real := map[int]int{}
	for n, body := range []string{1: "<< /Type /Catalog /Pages 2 0 R >>", 2: pageTwo, 3: "<< /Type /Page /Parent 2 0 R >>"} {
		if n > 0 {
			at := b.Len() + lines()
			b.obj(n, body)
			real[n] = at
		}
	}
	start := b.Len() + lines()
	fmt.Fprintf(b, "xref\n0 4\n0000000000 65535 f\n")
	for n := 1; n <= 3; n++ {
		fmt.Fprintf(b, "%010d 00000 n\n", real[n])
	}
	fmt.Fprintf(b, "trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

// nested is a page tree of groups with leaves each.
func nested(groups, leaves int) []byte {
	b := newBuilder(head)
	b.obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	var kids strings.Builder
	num := 3
	for range groups {
		var inner strings.Builder
		group := num
		num++
		for range leaves {
			fmt.Fprintf(&inner, "%d 0 R ", num)
			b.obj(num, "<< /Type /Page >>")
			num++
		}
		b.obj(group, fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", inner.String(), leaves))
		fmt.Fprintf(&kids, "%d 0 R ", group)
	}
	b.obj(2, fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), groups*leaves))
	return b.table("").Bytes()
}

type bad struct {
	name string
	pdf  []byte
	code string
}

var hostile = sync.OnceValue(func() []bad {
	all := append(hostileActive(), hostileForeign()...)
	all = append(all, hostileStructure()...)
	return append(all, hostileSize()...)
})

func hostileActive() []bad {
	cat := func(s string) []byte { return plainWith(s, "").table("").Bytes() }
	page := func(s string) []byte { return plainWith("", s).table("").Bytes() }
	return []bad{
		{"script on opening", cat("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "javascript"},
		{"script, escaped name", cat("/Names << /J#61vaScript 6 0 R >>"), "javascript"},
		{"script, escaped key", plainWith("", "", "<< /S /Foo /#4a#53 (x) >>").table("").Bytes(), "javascript"},
		{"script, wholly escaped value", plainWith("", "", "<< /S /#4A#61#76#61#53#63#72#69#70#74 >>").table("").Bytes(), "javascript"},
		{"script nobody refers to", plainWith("", "", "<< /S /JavaScript >>").table("").Bytes(), "javascript"},
		{"script in an object stream", packedPDF("<< /S /JavaScript /JS (x) >>", false), "javascript"},
		{"escaped script in an object stream", packedPDF("<< /S /JavaSc#72ipt >>", true), "javascript"},
		{"script in an older revision", updated(plainWith("/AA << >>", "").table(""), func(b *builder) { b.obj(1, "<< /Type /Catalog /Pages 2 0 R >>") }), "action"},
		{"script in an array in an array", plainWith("", "", "[[[<< /JS (x) >>]]]").table("").Bytes(), "javascript"},
		{"script in a stream's keys", withStream("/JS (x)", []byte("x")), "javascript"},
		{"script in the trailer", plainWith("", "").table("/X << /JS (x) >>").Bytes(), "javascript"},
		{"open action by reference", cat("/OpenAction 6 0 R"), "open_action"},
		{"open action, dictionary", cat("/OpenAction << /S /GoTo /D [3 0 R /Fit] >>"), "open_action"},
		{"open action with a dictionary in its array", cat("/OpenAction [3 0 R /Fit << >>]"), "open_action"},
		{"page action", page("/AA << /O << /S /Named >> >>"), "action"},
		{"launch", page("/Annots [<< /A << /S /Launch /F (cmd.exe) >> >>]"), "launch"},
		{"attached file", plainWith("", "", "<< /Type /Filespec /EF << /F 7 0 R >> >>").table("").Bytes(), "embedded_file"},
		{"attached file's stream", withStream("/Type /EmbeddedFile", []byte("MZ")), "embedded_file"},
		{"attachment annotation", page("/Annots [<< /Subtype /FileAttachment >>]"), "embedded_file"},
		{"collection", cat("/Collection << >>"), "embedded_file"},
		{"rich media", page("/Annots [<< /Subtype /RichMedia >>]"), "rich_media"},
		{"film", page("/Annots [<< /Subtype /Movie >>]"), "rich_media"},
		{"model", page("/Annots [<< /Subtype /3D >>]"), "rich_media"},
		{"XFA", cat("/AcroForm << /XFA 6 0 R >>"), "xfa"},
		{"form that sends", page("/Annots [<< /A << /S /SubmitForm /F (http://127.0.0.1/) >> >>]"), "submit_form"},
		{"content outside", withStream("/F (file:///etc/passwd)", []byte("x")), "external_file"},
		{"link to a file", page("/Annots [<< /A << /S /GoToR /F (x.pdf) >> >>]"), "external_file"},
		{"encrypted", plainWith("", "").table("/Encrypt 6 0 R").Bytes(), "encrypted"},
		{"crypt filter", withStream("/Filter /Crypt", []byte("x")), "encrypted"},
	}
}

func hostileForeign() []bad {
	p := plainPDF()
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	return []bad{
		{"not at offset 0", cat([]byte("\n"), p), "not_pdf"},
		{"HTML", []byte("<html><script>alert(1)</script>"), "not_pdf"},
		{"ZIP", zipOf("a.txt", "x"), "not_pdf"},
		{"PNG", []byte("\x89PNG\r\n\x1a\n"), "not_pdf"},
		{"HTML first, PDF in it", cat([]byte("<html>"), p), "not_pdf"},
		{"ZIP behind", cat(p, zipOf("a.exe", "MZ")), "polyglot"},
		{"ZIP in a stream", withStream("", zipOf("a.exe", "MZ")), "polyglot"},
		{"HTML in a comment", cat([]byte("%PDF-1.7\n%<html><SCRIPT>alert(1)</script>\n"), p[len(head):]), "polyglot"},
		{"HTML behind", cat(p, []byte("<HTML>")), "polyglot"},
		{"PHP in a string", plainWith("", "", "(<?PHP system($_GET[0]);)").table("").Bytes(), "polyglot"},
		{"text behind", cat(p, []byte("hello")), "foreign_data"},
		{"text between objects", bytes.Replace(p, []byte("2 0 obj"), []byte("abc 2 0 obj"), 1), "foreign_data"},
		{"script behind", cat(p, []byte("*/=1;fetch('//x')")), "foreign_data"},
		{"long comment", cat([]byte("%PDF-1.7\n%"+strings.Repeat("A", 300)+"\n"), p[len(head):]), "foreign_data"},
		{"room at the end", cat(p, make([]byte, 5000)), "foreign_data"},
		{"object hidden in a stream", hiddenObject(), "damaged"},
		{"object hidden in a string", hiddenInString(), "damaged"},
		{"object stream with a gap", gap("6 0 ", "<< >> << /S /Foo >>"), "damaged"},
		{"object stream whose offset leads into a string", gap("6 1 ", "(<< /S /Foo >>)"), "damaged"},
		{"object stream whose offset leads back", gap("6 0 9 0 ", "<< >> << >>"), "damaged"},
	}
}

// hiddenObject: the cross reference leads into the middle of a stream.
func hiddenObject() []byte {
	b := plainWith("", "")
	b.stream(6, "", []byte("7 0 obj\n<< /S /JavaScript >>\nendobj\n"))
	b.offsets[7] = bytes.Index(b.Bytes(), []byte("7 0 obj"))
	b.last = 7
	return b.table("").Bytes()
}

func hiddenInString() []byte {
	b := plainWith("", "", "(7 0 obj << /S /JavaScript >> endobj)")
	b.offsets[7] = bytes.Index(b.Bytes(), []byte("7 0 obj"))
	b.last = 7
	return b.table("").Bytes()
}

// gap: an object stream with more in it than its offsets name.
func gap(offsets, body string) []byte {
	b := plainWith("", "")
	b.stream(7, fmt.Sprintf("/Type /ObjStm /N %d /First %d", strings.Count(offsets, " ")/2, len(offsets)), []byte(offsets+body))
	return b.table("").Bytes()
}

// byReference is a stream of six bytes whose length is in another object.
func byReference(length string) []byte {
	b := plainWith("", "")
	b.offsets[6] = b.Len()
	b.last = 7
	fmt.Fprintf(b, "6 0 obj\n<< /Length 7 0 R >>\nstream\nabcdef\nendstream\nendobj\n")
	b.obj(7, length)
	return b.table("").Bytes()
}

func hostileStructure() []bad {
	p := plainPDF()
	loop := newBuilder(head)
	loop.obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	loop.obj(2, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>")
	noPages := newBuilder(head)
	noPages.obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	noPages.obj(2, "<< /Type /Pages /Kids [] /Count 0 >>")
	return []bad{
		{"empty", nil, "empty"},
		{"head alone", []byte("%PDF-1.7"), "truncated"},
		{"unknown version", []byte("%PDF-9.9\n%%EOF"), "damaged"},
		{"cut in a stream", p[:bytes.Index(p, []byte("endstream"))-5], "truncated"},
		{"cut in an object", p[:bytes.Index(p, []byte("/Pages"))], "truncated"},
		{"cut in the table", p[:bytes.Index(p, []byte("trailer"))], "truncated"},
		{"cut before the end", p[:bytes.LastIndex(p, []byte("%%EOF"))], "truncated"},
		{"wrong offset", bytes.Replace(p, []byte("00000 n"), []byte("00001 n"), 1), "damaged"},
		{"key twice", plainWith("", "", "<< /A 1 /A 2 >>").table("").Bytes(), "damaged"},
		{"page tree that loops", loop.table("").Bytes(), "damaged"},
		{"no pages", noPages.table("").Bytes(), "no_pages"},
		{"wrong count of pages", bytes.Replace(p, []byte("/Count 1"), []byte("/Count 9"), 1), "damaged"},
		{"cross references that loop", updatedLoop(), "damaged"},
		{"wrong length", bytes.Replace(withStream("", []byte("abcdef")), []byte("/Length 6 "), []byte("/Length 3 "), 1), "damaged"},
		{"huge length", bytes.Replace(withStream("", []byte("abcdef")), []byte("/Length 6 "), []byte("/Length 6000000 "), 1), "truncated"},
		{"length by reference, short", byReference("3"), "damaged"},
		{"length by reference, long", byReference("9"), "damaged"},
		{"length by reference, negative", byReference("-1"), "damaged"},
		{"length by reference to a text", byReference("(6)"), "damaged"},
		{"negative length", bytes.Replace(withStream("", []byte("abcdef")), []byte("/Length 6 "), []byte("/Length -6 "), 1), "damaged"},
	}
}

func updatedLoop() []byte {
	b := plainWith("", "")
	return b.table(fmt.Sprintf("/Prev %d", b.Len())).Bytes()
}

func hostileSize() []bad {
	return []bad{
		{"deflate bomb", withStream("/Filter /FlateDecode", bomb(12<<20, 1)), "bomb"},
		{"bomb in a bomb", withStream("/Filter [/FlateDecode /FlateDecode]", bomb(24<<20, 2)), "bomb"},
		{"bomb behind ASCII", withStream("/Filter [/ASCIIHexDecode /FlateDecode]", fmt.Appendf(nil, "%x>", bomb(12<<20, 1))), "bomb"},
		{"bomb as an object stream", withStream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", bomb(12<<20, 1)), "bomb"},
		{"bomb as a small image", withStream("/Subtype /Image /Width 1 /Height 1 /Filter /FlateDecode", bomb(12<<20, 1)), "bomb"},
		{"many small bombs", manyBombs(), "bomb"},
		{"pixel flood", withStream("/Subtype /Image /Width 50000 /Height 50000", []byte("x")), "image_size"},
		{"page of a kilometre", plainWith("", "/MediaBox [0 0 1000000 1000000]").table("").Bytes(), "page_size"},
		{"page of a kilometre, by its unit", plainWith("", "/UserUnit 5000").table("").Bytes(), "page_size"},
		{"too many pages", nested(11, 50), "too_many_pages"},
		{"deep arrays", plainWith("", "", strings.Repeat("[", 1<<20)).table("").Bytes(), "damaged"},
		{"deep dictionaries", plainWith("", "", strings.Repeat("<</A", 1<<19)).table("").Bytes(), "damaged"},
		{"ten million numbers", plainWith("", "", "["+strings.Repeat("1 ", 10<<20)+"]").table("").Bytes(), "too_complex"},
		{"a million objects", millionObjects(), "too_complex"},
		{"endless string", plainWith("", "", "("+strings.Repeat("a", 5<<20)).table("").Bytes(), "damaged"},
		{"24 MiB of brackets", append([]byte(head), bytes.Repeat([]byte("<<>>"), 6<<20)...), "foreign_data"},
		{"24 MiB of stream ends", []byte(head + "1 0 obj\n<< /Length 9 0 R >>\nstream\n" + strings.Repeat("endstream ", 2<<20)), "truncated"},
		{"over the size", append(plainPDF(), make([]byte, 26<<20)...), "too_large"},
	}
}

func manyBombs() []byte {
	b := plainWith("", "")
	data := bomb(3<<20, 1)
	for n := 6; n < 200; n++ {
		b.stream(n, "/Filter /FlateDecode", data)
	}
	return b.table("").Bytes()
}

func millionObjects() []byte {
	b := newBuilder(head)
	for range 1 << 20 {
		b.WriteString("9 0 obj 1 endobj\n")
	}
	return b.Bytes()
}

func check(t testing.TB, pdf []byte) (Document, error) {
	return CheckBytes(t.Context(), pdf, Upload{FileName: "Order.PDF", DeclaredType: "application/pdf"}, DefaultLimits())
}
