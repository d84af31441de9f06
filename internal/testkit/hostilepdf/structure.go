package hostilepdf

import (
	"bytes"
	"fmt"
)

// Structure are files that are broken, cut off, or readable in two ways.
func Structure() []File {
	p := Plain()
	loop := New(Head)
	loop.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	loop.Obj(2, "<< /Type /Pages /Kids [2 0 R] /Count 1 >>")
	noPages := New(Head)
	noPages.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	noPages.Obj(2, "<< /Type /Pages /Kids [] /Count 0 >>")
	return []File{
		{"empty", nil, "empty"},
		{"head alone", []byte("%PDF-1.7"), "truncated"},
		{"unknown version", []byte("%PDF-9.9\n%%EOF"), "damaged"},
		{"cut in a stream", p[:bytes.Index(p, []byte("endstream"))-5], "truncated"},
		{"cut in an object", p[:bytes.Index(p, []byte("/Pages"))], "truncated"},
		{"cut in the table", p[:bytes.Index(p, []byte("trailer"))], "truncated"},
		{"cut before the end", p[:bytes.LastIndex(p, []byte("%%EOF"))], "truncated"},
		{"wrong offset", bytes.Replace(p, []byte("00000 n"), []byte("00001 n"), 1), "damaged"},
		{"key twice", PlainWith("", "", "<< /A 1 /A 2 >>").Table("").Bytes(), "damaged"},
		{"page tree that loops", loop.Table("").Bytes(), "damaged"},
		{"no pages", noPages.Table("").Bytes(), "no_pages"},
		{"wrong count of pages", bytes.Replace(p, []byte("/Count 1"), []byte("/Count 9"), 1), "damaged"},
		{"cross references that loop", updatedLoop(), "damaged"},
		{"wrong length", bytes.Replace(WithStream("", []byte("abcdef")), []byte("/Length 6 "), []byte("/Length 3 "), 1), "damaged"},
		{"huge length", bytes.Replace(WithStream("", []byte("abcdef")), []byte("/Length 6 "), []byte("/Length 6000000 "), 1), "truncated"},
		{"length by reference, short", byReference("3"), "damaged"},
		{"length by reference, long", byReference("9"), "damaged"},
		{"length by reference, negative", byReference("-1"), "damaged"},
		{"length by reference to a text", byReference("(6)"), "damaged"},
		{"negative length", bytes.Replace(WithStream("", []byte("abcdef")), []byte("/Length 6 "), []byte("/Length -6 "), 1), "damaged"},
	}
}

func updatedLoop() []byte {
	b := PlainWith("", "")
	return b.Table(fmt.Sprintf("/Prev %d", b.Len())).Bytes()
}
