package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// polyglots are PDFs that another program reads as a file of its own kind.
func polyglots() []File {
	p := Plain()
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	behindHead := func(s string) []byte { return join([]byte("%PDF-1.7\n"+s+"\n"), p[len(Head):]) }
	return []File{
		{"ZIP before", join(zipOf("a.exe", "MZ"), p), "not_pdf"},
		{"ZIP around", join(p[:len(p)/2], zipOf("a.exe", "MZ"), p[len(p)/2:]), "polyglot"},
		{"ZIP in a string", PlainWith("", "", fmt.Sprintf("<%x>", zipOf("a.exe", "MZ"))+" % "+string(zipOf("b", "x"))).Table("").Bytes(), "polyglot"},
		{"HTML in a stream", WithStream("", []byte("<html><body onload=alert(1)>")), "polyglot"},
		{"HTML in the keys of a stream", WithStream("/X (<iframe src=//evil.example>)", []byte("x")), "polyglot"},
		{"SVG in a string", PlainWith("", "", "(<SVG onload=alert(1)>)").Table("").Bytes(), "polyglot"},
		{"script of a browser in its header", behindHead("%\n/*"), "foreign_data"},
		{"script of a browser around it", join([]byte("%PDF-1.7=1;/*\n"), p[len(Head):], []byte("\n*/alert(1)")), "damaged"},
		{"program of DOS before", join([]byte("MZ\x90\x00"), p), "not_pdf"},
		{"program of a shell before", join([]byte("#!/bin/sh\nexit\n"), p), "not_pdf"},
		{"JPEG before", join([]byte("\xff\xd8\xff\xfe\x00\x40"), p), "not_pdf"},
		{"GIF before", join([]byte("GIF89a"), p), "not_pdf"},
		{"tar whose first file is called like a PDF", tarred(p), "foreign_data"},
		{"RAR in a stream", WithStream("", []byte("Rar!\x1a\x07\x01\x00 and the rest of it")), "polyglot"},
		{"7z behind a comment", WithStream("", []byte("7z\xbc\xaf\x27\x1c\x00\x04 and the rest of it")), "polyglot"},
		{"disk image around", disk(), "polyglot"},
		{"second PDF in a stream", join(WithStream("/Type /ObjStm /N 0 /First 0", p)), "damaged"},
		{"second PDF behind", join(p, p), "polyglot"},
	}
}

// tarred is a tar archive in whose name field a PDF begins.
func tarred(p []byte) []byte {
	header := make([]byte, 512)
	copy(header, "%PDF-1.7\x00")
	copy(header[257:], "ustar\x0000")
	return append(header, p...)
}

// disk holds the mark of an ISO 9660 image at its place, in a stream.
// SPEC: ECMA-119 §8.1.2.
func disk() []byte {
	b := PlainWith("", "")
	const at = 0x8001
	head := "6 0 obj\n<<  /Length 40000 >>\nstream\n"
	data := bytes.Repeat([]byte{' '}, 40000)
	copy(data[at-b.Len()-len(head):], "CD001\x01")
	b.Stream(6, "", data)
	return b.Table("").Bytes()
}

// signedAndHidden are files of which a later revision hides what was signed, in
// ways that readers take differently.
func signedAndHidden() []File {
	signed := func() *Builder {
		b := PlainWith("", "", "<< /Type /Sig /ByteRange [0 100 200 300] /Contents <"+strings.Repeat("0", 64)+"> >>")
		return b.Table("")
	}
	return []File{
		{"a script added after signing", Updated(signed(), func(b *Builder) {
			b.Obj(1, "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (x) >> >>")
		}), "javascript"},
		{"a file attached after signing", Updated(signed(), func(b *Builder) { b.Obj(7, "<< /Type /Filespec /EF << /F 8 0 R >> >>") }), "embedded_file"},
		{"pages swapped after signing, by a page that lies about their number", Updated(signed(), func(b *Builder) {
			b.Obj(2, "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 1 /MediaBox [0 0 595 842] >>")
		}), "damaged"},
		{"two objects of one number in a revision", twice(), "damaged"},
		{"form of another file laid over after signing", Updated(signed(), func(b *Builder) {
			b.Stream(7, "/Subtype /Form /Ref << /F (file.pdf) /Page 0 >> /F (file.pdf)", []byte("x"))
		}), "external_file"},
	}
}

// twice writes an object of a revision twice; the table names the first.
func twice() []byte {
	b := PlainWith("", "")
	b.Obj(6, "(what is signed)")
	first := b.Offsets[6]
	b.Obj(6, "(what is read)")
	b.Offsets[6] = first
	return b.Table("").Bytes()
}
