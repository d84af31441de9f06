package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// Foreign are files that are something else as well, or hide something.
func Foreign() []File {
	p := Plain()
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	return []File{
		{"not at offset 0", cat([]byte("\n"), p), "not_pdf"},
		{"HTML", []byte("<html><script>alert(1)</script>"), "not_pdf"},
		{"ZIP", zipOf("a.txt", "x"), "not_pdf"},
		{"PNG", []byte("\x89PNG\r\n\x1a\n"), "not_pdf"},
		{"HTML first, PDF in it", cat([]byte("<html>"), p), "not_pdf"},
		{"ZIP behind", cat(p, zipOf("a.exe", "MZ")), "polyglot"},
		{"ZIP in a stream", WithStream("", zipOf("a.exe", "MZ")), "polyglot"},
		{"HTML in a comment", cat([]byte("%PDF-1.7\n%<html><SCRIPT>alert(1)</script>\n"), p[len(Head):]), "polyglot"},
		{"HTML behind", cat(p, []byte("<HTML>")), "polyglot"},
		{"PHP in a string", PlainWith("", "", "(<?PHP system($_GET[0]);)").Table("").Bytes(), "polyglot"},
		{"text behind", cat(p, []byte("hello")), "foreign_data"},
		{"text between objects", bytes.Replace(p, []byte("2 0 obj"), []byte("abc 2 0 obj"), 1), "foreign_data"},
		{"script behind", cat(p, []byte("*/=1;fetch('//x')")), "foreign_data"},
		{"long comment", cat([]byte("%PDF-1.7\n%"+strings.Repeat("A", 300)+"\n"), p[len(Head):]), "foreign_data"},
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
	b := PlainWith("", "")
	b.Stream(6, "", []byte("7 0 obj\n<< /S /JavaScript >>\nendobj\n"))
	b.Offsets[7] = bytes.Index(b.Bytes(), []byte("7 0 obj"))
	b.Last = 7
	return b.Table("").Bytes()
}

func hiddenInString() []byte {
	b := PlainWith("", "", "(7 0 obj << /S /JavaScript >> endobj)")
	b.Offsets[7] = bytes.Index(b.Bytes(), []byte("7 0 obj"))
	b.Last = 7
	return b.Table("").Bytes()
}

// gap: an object stream with more in it than its offsets name.
func gap(offsets, body string) []byte {
	b := PlainWith("", "")
	b.Stream(7, fmt.Sprintf("/Type /ObjStm /N %d /First %d", strings.Count(offsets, " ")/2, len(offsets)), []byte(offsets+body))
	return b.Table("").Bytes()
}

// byReference is a stream of six bytes whose length is in another object.
func byReference(length string) []byte {
	b := PlainWith("", "")
	b.Offsets[6] = b.Len()
	b.Last = 7
	fmt.Fprintf(b, "6 0 obj\n<< /Length 7 0 R >>\nstream\nabcdef\nendstream\nendobj\n")
	b.Obj(7, length)
	return b.Table("").Bytes()
}
