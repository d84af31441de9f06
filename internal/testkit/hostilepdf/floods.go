package hostilepdf

import (
	"fmt"
	"strings"
)

// floods are files small on the wire that ask a reader for much.
func floods() []File {
	page := func(s string) []byte { return PlainWith("", s).Table("").Bytes() }
	return []File{
		{"object stream of a million objects", objectStream(1 << 20), "too_complex"},
		{"object stream that says it has a billion", WithStream("/Type /ObjStm /N 1000000000 /First 4", []byte("9 0 << >>")), "too_complex"},
		{"object streams, one after another", manyObjectStreams(), "bomb"},
		{"cross references of a billion entries", billionEntries(), "damaged"},
		{"deep names in a tree", PlainWith("/Names << /Dests "+strings.Repeat("<< /Kids [", 1<<16), "").Table("").Bytes(), "damaged"},
		{"deep arrays in an object stream", Packed(strings.Repeat("[", 1<<14)+strings.Repeat("]", 1<<14), false), "damaged"},
		{"thousands of pages", nested(100, 50), "too_many_pages"},
		{"page box without an end", page("/MediaBox [0 0 1e30 1e30]"), "page_size"},
		{"page box below zero", page("/CropBox [-99999999 -99999999 0 0]"), "page_size"},
		{"page box of numbers that no machine holds", page("/MediaBox [0 0 " + strings.Repeat("9", 400) + " 1]"), "damaged"},
		{"image of gigabytes", WithStream("/Subtype /Image /Width 64999 /Height 64999 /BitsPerComponent 16 /Filter /FlateDecode", bomb(1<<20, 1)), "image_size"},
		{"image of below zero", WithStream("/Subtype /Image /Width -1 /Height 100", []byte("x")), "image_size"},
		{"font of a gigabyte", WithStream("/Length1 1000000000 /Filter /FlateDecode", bomb(64<<20, 1)), "bomb"},
		{"font of a gigabyte in a bomb", WithStream("/Length1 1000000000 /Filter [/FlateDecode /FlateDecode]", bomb(64<<20, 2)), "bomb"},
		{"colour profile of a gigabyte", WithStream("/N 3 /Filter /FlateDecode", bomb(32<<20, 1)), "bomb"},
		{"five filters", WithStream("/Filter [/AHx /AHx /AHx /AHx /AHx]", []byte("00>")), "bomb"},
	}
}

// objectStream is an object stream of n numbers, packed.
func objectStream(n int) []byte {
	var head, body strings.Builder
	for i := range n {
		fmt.Fprintf(&head, "%d %d ", i+10, 2*i)
		body.WriteString("0 ")
	}
	return WithStream(fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter /FlateDecode", n, head.Len()), Deflate([]byte(head.String()+body.String())))
}

// manyObjectStreams stay each below what one stream may unpack to.
func manyObjectStreams() []byte {
	b := PlainWith("", "")
	data := Deflate([]byte("9 0 (" + strings.Repeat("a", 3<<20) + ")"))
	for n := 10; n < 110; n++ {
		b.Stream(n, "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", data)
	}
	return b.Table("").Bytes()
}

// billionEntries is a cross-reference stream that names a billion objects.
func billionEntries() []byte {
	b := New(Head)
	b.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	b.Obj(2, pageTwo)
	b.Obj(3, "<< /Type /Page /Parent 2 0 R >>")
	at := b.Len()
	b.Stream(4, "/Type /XRef /Size 1000000000 /Index [0 1000000000] /Root 1 0 R /W [1 2 1] /Filter /FlateDecode", bomb(1<<20, 1))
	fmt.Fprintf(b, "startxref\n%d\n%%%%EOF\n", at)
	return b.Bytes()
}
