package verapdf

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	for name, c := range map[string]struct {
		b  []byte
		ok bool
	}{
		"as written":       {good, true},
		"no output intent": {bytes.Replace(good, []byte("/OutputIntents"), []byte("/OutputInvents"), 1), false},
		"no structure":     {bytes.Replace(good, []byte("/StructTreeRoot "), []byte("/StructTreeRout "), 1), false},
	} {
		path := filepath.Join(t.TempDir(), "x.pdf")
		if err := os.WriteFile(path, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Validate(classes, path); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
