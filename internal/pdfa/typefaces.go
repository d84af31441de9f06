package pdfa

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"sync"

	"github.com/go-text/typesetting/font"
	"golang.org/x/image/font/gofont/gomono"
)

//go:embed fonts/*.gz
var fontFiles embed.FS

// typeface is a TrueType font: its file to cut from, and its shaping tables.
type typeface struct {
	name string
	key  string // its name on a page
	file *trueType
	face *font.Face
}

// names are the typefaces under the names that they have on a page.
var names = [...]struct{ key, name string }{{"F1", "NotoSans-Regular"}, {"F2", "NotoSans-Bold"},
	{"F3", "NotoSansDevanagari-Regular"}, {"F4", "NotoNaskhArabic-Regular"}, {"F5", "GoMono"}}

const regular, bold, devanagari, arabic, mono = 0, 1, 2, 3, 4

// fontParts are what is read of a font once.
type fontParts struct {
	file *trueType
	font *font.Font
}

var parsed = sync.OnceValue(func() (out [len(names)]fontParts) {
	for i, n := range names {
		b := gomono.TTF
		if i != mono {
			b = unpack(n.name)
		}
		out[i] = mustParse(n.name, b)
	}
	return out
})

// newTypefaces gives typefaces for one document: shaping keeps notes in a face,
// which must not be shared.
func newTypefaces() (out [len(names)]*typeface) {
	for i, p := range parsed() {
		out[i] = &typeface{name: names[i].name, key: names[i].key, file: p.file, face: font.NewFace(p.font)}
	}
	return out
}

// unpack reads a font of this package; one that cannot be read is a fault of
// the build.
func unpack(name string) []byte {
	f, err := fontFiles.Open("fonts/" + name + ".ttf.gz")
	if err != nil {
		panic("pdfa: " + err.Error())
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		panic("pdfa: " + name + ": " + err.Error())
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic("pdfa: " + name + ": " + err.Error())
	}
	return b
}

func mustParse(name string, b []byte) fontParts {
	face, err := font.ParseTTF(bytes.NewReader(b))
	if err != nil {
		panic("pdfa: " + name + ": " + err.Error())
	}
	file, err := parseTrueType(b)
	if err != nil {
		panic("pdfa: " + name + ": " + err.Error())
	}
	return fontParts{file, face.Font}
}
