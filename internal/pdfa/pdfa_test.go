package pdfa

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// names in the scripts that must come out right.
var samples = []string{"Polizei Köln, Müller & Søn, fi fl ffi", "Θεσσαλονίκη Αστυνομία", "Прокуратура Київ", "केंद्रीय अन्वेषण ब्यूरो, श्री क्षत्रिय राष्ट्रपति",
	"النيابة العامة في القاهرة ولا", "Zażółć gęślą jaźń"}

func sample(t testing.TB) []byte {
	t.Helper()
	d := New(Info{Title: "Certificate कखग", Author: "Example", Producer: "lerd test", Language: "en", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Footer: "EXP-2026-000123"})
	d.Title("Certificate of authenticity")
	for _, s := range samples {
		d.Text(s)
	}
	d.HeadingIn("hi", "भाग क (पक्षकार द्वारा भरा जाए)")
	d.Text("Shown: \u202e\u4e2d\x07 end")
	d.Mono(strings.Repeat("0123456789abcdef", 4))
	var rows [][]string
	for i := range 80 {
		rows = append(rows, []string{"S-1", "phone_number", strings.Repeat("word ", i%20)})
	}
	d.Table([]Column{{Title: "Subject", Share: 1}, {Title: "Category", Share: 2}, {Title: "Outcome", Share: 3}}, rows, 0)
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheSameInputGivesTheSameOctets(t *testing.T) {
	if !bytes.Equal(sample(t), sample(t)) {
		t.Error("two runs differ")
	}
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("skipped: %s is not installed", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func saved(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTextCanBeReadBack(t *testing.T) {
	got := tool(t, "pdftotext", "-layout", saved(t, sample(t)), "-")
	for _, want := range append(samples, "भाग क (पक्षकार द्वारा भरा जाए)", "[U+202E][U+4E2D][U+0007] end", strings.Repeat("0123456789abcdef", 4)) {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in the text:\n%.1500s", want, got)
		}
	}
}

func TestStructureOfTheFile(t *testing.T) {
	tool(t, "qpdf", "--check", saved(t, sample(t)))
}

// TestScriptsAreShaped sees that letters are joined, reordered and turned round
// as their scripts ask for, where a letter-by-letter writer would not.
func TestScriptsAreShaped(t *testing.T) {
	set := newTypesetter()
	glyphs := func(text string) (ids []string, runes int) {
		for _, l := range set.lines(text, styleText, textWidth) {
			for _, run := range l.runs {
				for _, g := range run.Glyphs {
					ids = append(ids, fmt.Sprint(set.typeface(run.Face).name, g.GlyphID))
				}
			}
		}
		return ids, len([]rune(text))
	}
	if ids, n := glyphs("क्षत्रिय"); len(ids) >= n {
		t.Errorf("no conjuncts: %d glyphs for %d letters", len(ids), n)
	}
	alone, _ := glyphs("ن")
	if ids, _ := glyphs("ننن"); len(ids) != 3 || ids[0] == ids[1] || slices.Contains(ids, alone[0]) {
		t.Errorf("letters are not joined: %v", ids)
	}
	ab, _ := glyphs("ب")
	if ids, _ := glyphs("ب ن"); len(ids) != 3 || ids[2] != ab[0] {
		t.Errorf("Arabic does not run from right to left: %v", ids)
	}
}

func TestDocumentsAtTheSameTime(t *testing.T) {
	want := sample(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if !bytes.Equal(sample(t), want) {
				t.Error("a document differs when others are written")
			}
		})
	}
	wg.Wait()
}

// TestKeptWordsAreThoseOfTheirPlace asks for the same words in other styles and
// widths, again and again: what is kept is what would be shaped anew.
func TestKeptWordsAreThoseOfTheirPlace(t *testing.T) {
	const long = "An IP address names a connection, not a person: addresses are shared behind carrier NAT and given out again."
	set := newTypesetter()
	for range 2 {
		for _, width := range []float64{textWidth, 90, 200} {
			for _, s := range []style{styleText, styleHead, styleMono} {
				if !reflect.DeepEqual(set.fixed(long, s, width), set.lines(long, s, width)) {
					t.Errorf("size %v, %v points wide: other lines are kept", s.size, width)
				}
			}
		}
	}
}

// TestWordsAreDrawnAsText writes the same paragraph as data and as the program's own words.
func TestWordsAreDrawnAsText(t *testing.T) {
	const text = "Nothing is held of what was asked."
	write := func(words func(*Document)) []byte {
		d := New(Info{Title: "Words", Language: "en"})
		words(d)
		words(d)
		b, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := write(func(d *Document) { d.Text(text) })
	for range 3 {
		if !bytes.Equal(write(func(d *Document) { d.Words(text) }), want) {
			t.Error("the program's words are drawn otherwise")
		}
	}
}

// TestThePageLooksAsItDid compares a picture of the page, in coarse squares,
// with one that was looked at by a reader of the scripts.
func TestThePageLooksAsItDid(t *testing.T) {
	path := saved(t, sample(t))
	prefix := filepath.Join(t.TempDir(), "p")
	tool(t, "pdftoppm", "-r", "72", "-f", "1", "-l", "1", "-gray", "-x", "40", "-y", "50", "-W", "320", "-H", "200", "-singlefile", path, prefix)
	got, err := os.ReadFile(prefix + ".pgm")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/page.pgm")
	if os.Getenv("LERD_UPDATE") != "" {
		if err := os.WriteFile("testdata/page.pgm", got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("another size (%v): %d, %d", err, len(got), len(want))
	}
	body := len(want) - 320*200
	for y := 0; y < 200; y += 10 {
		for x := 0; x < 320; x += 10 {
			a, b := 0, 0
			for i := range 100 {
				at := body + (y+i/10)*320 + x + i%10
				a, b = a+int(got[at]), b+int(want[at])
			}
			if diff := (a - b) / 100; diff > 40 || diff < -40 {
				t.Errorf("the page differs at %d, %d by %d", x, y, diff)
			}
		}
	}
}

// TestATablesTitlesStandOverItsRows writes tables that begin at each height of a page and go
// on over the next: no page has rows without their titles, and none titles without a row.
func TestATablesTitlesStandOverItsRows(t *testing.T) {
	for above := range 48 {
		d := New(Info{Title: "Tables", Language: "en"})
		for range above {
			d.Text("A paragraph.")
		}
		var rows [][]string
		for i := range 70 {
			rows = append(rows, []string{fmt.Sprintf("row%d", i), "one\ntwo"})
		}
		d.Table([]Column{{Title: "Titled", Share: 1}, {Title: "Columns", Share: 1}}, rows, 0)
		b, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		for n, page := range strings.Split(strings.TrimSuffix(tool(t, "pdftotext", "-layout", saved(t, b), "-"), "\f"), "\f") {
			titles, row := strings.Index(page, "Titled"), strings.Index(page, "row")
			if (titles < 0) != (row < 0) || titles > row || strings.Count(page, "Titled") > 1 {
				t.Fatalf("%d paragraphs, page %d:\n%s", above, n+1, page)
			}
		}
	}
}
