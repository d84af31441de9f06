package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// Size are files that cost much to read.
func Size() []File {
	return []File{
		{"Deflate bomb", WithStream("/Filter /FlateDecode", bomb(12<<20, 1)), "bomb"},
		{"bomb in a bomb", WithStream("/Filter [/FlateDecode /FlateDecode]", bomb(24<<20, 2)), "bomb"},
		{"bomb behind ASCII", WithStream("/Filter [/ASCIIHexDecode /FlateDecode]", fmt.Appendf(nil, "%x>", bomb(12<<20, 1))), "bomb"},
		{"bomb as an object stream", WithStream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", bomb(12<<20, 1)), "bomb"},
		{"bomb as a small image", WithStream("/Subtype /Image /Width 1 /Height 1 /Filter /FlateDecode", bomb(12<<20, 1)), "bomb"},
		{"many small bombs", manyBombs(), "bomb"},
		{"pixel flood", WithStream("/Subtype /Image /Width 50000 /Height 50000", []byte("x")), "image_size"},
		{"page of a kilometre", PlainWith("", "/MediaBox [0 0 1000000 1000000]").Table("").Bytes(), "page_size"},
		{"page of a kilometre, by its unit", PlainWith("", "/UserUnit 5000").Table("").Bytes(), "page_size"},
		{"too many pages", nested(11, 50), "too_many_pages"},
		{"deep arrays", PlainWith("", "", strings.Repeat("[", 1<<20)).Table("").Bytes(), "damaged"},
		{"deep dictionaries", PlainWith("", "", strings.Repeat("<</A", 1<<19)).Table("").Bytes(), "damaged"},
		{"ten million numbers", PlainWith("", "", "["+strings.Repeat("1 ", 10<<20)+"]").Table("").Bytes(), "too_complex"},
		{"a million objects", millionObjects(), "too_complex"},
		{"endless string", PlainWith("", "", "("+strings.Repeat("a", 5<<20)).Table("").Bytes(), "damaged"},
		{"24 MiB of brackets", append([]byte(Head), bytes.Repeat([]byte("<<>>"), 6<<20)...), "foreign_data"},
		{"24 MiB of stream ends", []byte(Head + "1 0 obj\n<< /Length 9 0 R >>\nstream\n" + strings.Repeat("endstream ", 2<<20)), "truncated"},
		{"over the size", append(Plain(), make([]byte, 26<<20)...), "too_large"},
	}
}

func manyBombs() []byte {
	b := PlainWith("", "")
	data := bomb(3<<20, 1)
	for n := 6; n < 200; n++ {
		b.Stream(n, "/Filter /FlateDecode", data)
	}
	return b.Table("").Bytes()
}

func millionObjects() []byte {
	b := New(Head)
	for range 1 << 20 {
		b.WriteString("9 0 obj 1 endobj\n")
	}
	return b.Bytes()
}
