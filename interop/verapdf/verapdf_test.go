package verapdf

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lerd/internal/export"
	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/pdfa"
)

func document(t *testing.T) []byte {
	t.Helper()
	d := pdfa.New(pdfa.Info{Title: "Certificate प्रमाणपत्र", Author: "Example", Producer: "lerd", Language: "en", Created: time.Unix(1e9, 0), Footer: "EXP"})
	d.Title("Title")
	for _, s := range []string{"Polizei Köln", "Θεσσαλονίκη", "Прокуратура Київ", "केंद्रीय अन्वेषण ब्यूरो", "النيابة العامة", "[U+4E2D] 中"} {
		d.Text(s)
	}
	d.HeadingIn("hi", "भाग क")
	d.Mono("0123456789abcdef")
	d.Table([]pdfa.Column{{Title: "A", Share: 1}, {Title: "B", Share: 2}}, [][]string{{"1", "2"}, {"3"}}, 20)
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDocumentsArePDFA also breaks a document in two ways, to see that the
// validator sees.
func TestDocumentsArePDFA(t *testing.T) {
	classes, err := Fetch(t.TempDir())
	if errors.Is(err, ErrNotHere) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	good := document(t)
	type document struct {
		b  []byte
		ok bool
	}
	cases := map[string]document{
		"as written":       {good, true},
		"no output intent": {bytes.Replace(good, []byte("/OutputIntents"), []byte("/OutputInvents"), 1), false},
		"no structure":     {bytes.Replace(good, []byte("/StructTreeRoot "), []byte("/StructTreeRout "), 1), false},
	}
	for name, b := range papers(t) {
		cases[name] = document{b, true}
	}
	for name, c := range cases {
		path := filepath.Join(t.TempDir(), "x.pdf")
		if err := os.WriteFile(path, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Validate(classes, path); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// papers gives the documents of bundles, one for each form of certificate.
func papers(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, form := range []string{export.FormGeneral, export.FormUS13, export.FormIndia, export.FormEPOC, export.FormBrazil, export.FormUK} {
		desk := exporttest.New(t, demopki.Options{})
		c := desk.Content(3, 12)
		c.Certificate.Forms = []string{form}
		_, container := desk.SealContent(c)
		z, err := zip.OpenReader(container)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"certificate.pdf", "letter.pdf"} {
			b, err := fs.ReadFile(&z.Reader, name)
			if err != nil {
				t.Fatal(err)
			}
			if name == "certificate.pdf" {
				name += " " + form
			}
			out[name] = b
		}
		z.Close()
	}
	return out
}
