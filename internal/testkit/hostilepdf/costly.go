package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// Costly are files that hold nothing wrong and cost much to draw, or that the
// renderer's own decoders have to stand: the examination takes them, and the walls
// around the renderer have to hold.
func Costly() []File {
	content := func(s string) []byte { return WithContent(s, "") }
	return []File{
		{"form that draws itself", formOf("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>", []byte("/X Do /X Do /X Do")), ""},
		{"a million strokes", content(strings.Repeat("0 0 m 500 500 l S\n", 1<<20)), "bomb"},
		{"a hundred thousand strokes", content(strings.Repeat("0 0 m 500 500 l S\n", 1<<17)), ""},
		{"nested saves", content(strings.Repeat("q ", 1<<19)), ""},
		{"huge scale", content("1e9 0 0 1e9 0 0 cm 0 0 1 1 re f"), ""},
		{"dashes", content("[0.0001] 0 d 0 0 m 100000 100000 l S"), ""},
		{"huge font", content("BT /F1 1000000 Tf (W) Tj ET"), ""},
		{"broken font", withFont(bytes.Repeat([]byte{0xff, 0, 0x80}, 4000)), ""},
		{"pattern", content("/Pattern cs /P scn 0 0 600 800 re f"), ""},
		{"JBIG2 of other dimensions than it says", image("/Width 10 /Height 10 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode", jbig2Page(1<<30, 1<<30)), ""},
		{"JBIG2 whose segments are a name too long", image("/Width 100 /Height 100 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode", bytes.Repeat([]byte("\x00\x00\x00\x01\x00\xff\xff\xff\xff\xff\xff"), 500)), ""},
		{"JPX of other dimensions than it says", image("/Width 10 /Height 10 /Filter /JPXDecode", jpx(60_000, 60_000)), ""},
		{"JPEG of other dimensions than it says", image("/Width 10 /Height 10 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /DCTDecode", jpeg(65_535, 65_535)), ""},
		{"fax of endless lines", image("/Width 60000 /Height 2000 /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 60000 /Rows 2000 >>", bytes.Repeat([]byte{0x80}, 1<<16)), ""},
		{"LZW that grows", image("/Width 10000 /Height 10000 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /LZWDecode", bytes.Repeat([]byte{0xff, 0x00, 0x7f}, 1<<16)), ""},
		{"image as large as may be", image("/Width 10900 /Height 10900 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode", bomb(10900*10900*3, 1)), ""},
		{"shading of a function that loops", WithContent("/S sh", "/Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 595 842] /Function 6 0 R >> >>"), ""},
	}
}

// WithContent is an order of one page with content and resources of its own.
func WithContent(content, resources string) []byte {
	b := New(Head)
	b.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	b.Obj(2, pageTwo)
	b.Obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> "+resources+" >> >>")
	b.Stream(4, "/Filter /FlateDecode", Deflate([]byte(content)))
	b.Obj(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	b.Obj(6, "<< /FunctionType 3 /Domain [0 1] /Functions [6 0 R 6 0 R] /Bounds [0.5] /Encode [0 1 0 1] >>")
	return b.Table("").Bytes()
}

// formOf draws one form or image, number 6, over the page.
func formOf(keys string, data []byte) []byte {
	b := New(Head)
	b.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	b.Obj(2, pageTwo)
	b.Obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 6 0 R >> >> >>")
	b.Stream(4, "", []byte("q 500 0 0 700 40 70 cm /X Do Q"))
	b.Stream(6, keys, data)
	return b.Table("").Bytes()
}

func image(keys string, data []byte) []byte {
	return formOf("/Type /XObject /Subtype /Image "+keys, data)
}

// withFont embeds bytes as a TrueType font.
func withFont(font []byte) []byte {
	b := New(Head)
	b.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	b.Obj(2, pageTwo)
	b.Obj(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>")
	b.Stream(4, "", []byte(Content))
	b.Obj(5, "<< /Type /Font /Subtype /TrueType /BaseFont /X /FirstChar 32 /LastChar 33 /Widths [500 500] /FontDescriptor 6 0 R >>")
	b.Obj(6, "<< /Type /FontDescriptor /FontName /X /Flags 4 /FontBBox [0 0 1 1] /ItalicAngle 0 /Ascent 1 /Descent 0 /CapHeight 1 /StemV 1 /FontFile2 7 0 R >>")
	b.Stream(7, "/Filter /FlateDecode", Deflate(font))
	return b.Table("").Bytes()
}

// jbig2Page is the segment that begins a page, with dimensions of its own.
// SPEC: ITU-T T.88 §7.4.8.
func jbig2Page(width, height uint32) []byte {
	return fmt.Appendf(nil, "\x00\x00\x00\x00\x30\x00\x01\x00\x00\x00\x13%s%s\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", be(width, 4), be(height, 4))
}

// jpx is the beginning of a JPEG 2000 codestream with one tile of its size.
// SPEC: ITU-T T.800 A.5.1.
func jpx(width, height uint32) []byte {
	siz := be(0, 2) + be(width, 4) + be(height, 4) + be(0, 4) + be(0, 4) + be(width, 4) + be(height, 4) + be(0, 4) + be(0, 4) + be(3, 2) + strings.Repeat("\x07\x01\x01", 3)
	return []byte("\xff\x4f\xff\x51" + be(uint32(len(siz)+2), 2) + siz + "\xff\x52\x00\x0c\x00\x00\x00\x01\x00\x05\x04\x04\x00\x00\xff\x5c\x00\x13\x40" +
		strings.Repeat("\x48", 16) + "\xff\x90\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01\xff\x93" + strings.Repeat("\x5a", 4096) + "\xff\xd9")
}

// jpeg is the beginning of a progressive JPEG. SPEC: ITU-T T.81 B.2.2.
func jpeg(width, height uint32) []byte {
	frame := "\x08" + be(height, 2) + be(width, 2) + "\x03\x01\x44\x00\x02\x44\x00\x03\x44\x00"
	return []byte("\xff\xd8\xff\xc2" + be(uint32(len(frame)+2), 2) + frame + strings.Repeat("\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"+strings.Repeat("\x5a", 64), 2000) + "\xff\xd9")
}

// be gives a number's lowest octets, the highest first.
func be(v uint32, octets int) string {
	b := []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	return string(b[4-octets:])
}
