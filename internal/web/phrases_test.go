package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sentences gives every text of a folder's sources that looks like one a person
// is told: it begins with a capital and ends a sentence.
func sentences(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && sentence.MatchString(s) {
					out[s] = path
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	sentence  = regexp.MustCompile(`^[A-Z“].* .*[.?]$`)
	formatted = regexp.MustCompile(`%[dqsv]`)
)

// TestSentencesStandInTheSources finds catalogue entries for sentences that
// nobody says any more, whose English the reader would never meet translated.
func TestSentencesStandInTheSources(t *testing.T) {
	said := map[string]bool{}
	for text := range sentences(t, "..") {
		said[placeholder.ReplaceAllString(formatted.ReplaceAllString(text, "{a}"), "{a}")] = true
	}
	for key, text := range keysOf(catalogues(t)["en"]) {
		if strings.HasPrefix(key, saidPrefix) && !said[placeholder.ReplaceAllString(text, "{a}")] {
			t.Errorf("%s: no source says %q", key, text)
		}
	}
}

// TestOfficersSentencesAreTranslated wants every sentence that the readers of
// identifiers, times and order documents say to be one that can be found in the
// reader's language.
func TestOfficersSentencesAreTranslated(t *testing.T) {
	w, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	staff := regexp.MustCompile(`installed on the server|no such page|cannot be drawn|Too many pages|text of this document|order is being read|stopped|renderer|Drawing this document`)
	for _, dir := range []string{"../requests/identifier", "../requests/orderdoc"} {
		n := 0
		for text, path := range sentences(t, dir) {
			if staff.MatchString(text) {
				continue
			}
			n++
			if _, _, ok := w.said.find(formatted.ReplaceAllString(text, "7")); !ok {
				t.Errorf("%s says %q, which no catalogue has", path, text)
			}
		}
		if n < 10 {
			t.Errorf("%s: only %d sentences were found", dir, n)
		}
	}
}
