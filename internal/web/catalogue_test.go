package web

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lerd/templates"
)

// sameWords are messages that are rightly the same in English and another
// language: names, marks, and words that the languages share.
var sameWords = []string{"bundle.counts", "case.version", "document.pages.other", "document.size", "request_check.local", "privacy.cookies", "pages.shown"}

var (
	markup      = regexp.MustCompile(`<[a-zA-Z/!]|&[a-z]+;|&#`)
	rightMarks  = regexp.MustCompile(`[\x{202a}-\x{202e}]`)
	latinLetter = regexp.MustCompile(`[A-Za-z]{3}`)
)

// catalogues reads each file of messages by language and name.
func catalogues(t *testing.T) map[string]map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]map[string]string{}
	files, err := templates.FS.ReadDir("messages")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range files {
		out[lang.Name()] = map[string]map[string]string{}
		areas, err := templates.FS.ReadDir(path.Join("messages", lang.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range areas {
			texts, err := readCatalogue(path.Join("messages", lang.Name(), a.Name()))
			if err != nil {
				t.Fatal(err)
			}
			out[lang.Name()][a.Name()] = texts
		}
	}
	return out
}

func keysOf(areas map[string]map[string]string) map[string]string {
	all := map[string]string{}
	for _, texts := range areas {
		for key, text := range texts {
			all[key] = text
		}
	}
	return all
}

func stem(key string) string { return pluralEnd.ReplaceAllString(key, "") }

func holders(text string) string {
	var out []string
	for _, m := range placeholder.FindAllString(text, -1) {
		out = append(out, m)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// TestCatalogueFits compares each translation with its English: the same
// placeholders, no markup, no marks that turn text round, and not left as it was.
func TestCatalogueFits(t *testing.T) {
	all := catalogues(t)
	english := keysOf(all["en"])
	for lang, areas := range all {
		for key, text := range keysOf(areas) {
			at := fmt.Sprintf("%s %s", lang, key)
			if markup.MatchString(text) {
				t.Errorf("%s holds markup: %s", at, text)
			}
			if rightMarks.MatchString(text) {
				t.Errorf("%s turns text round by itself", at)
			}
			original, ok := english[key]
			if !ok {
				if original, ok = english[stem(key)+".other"]; !ok {
					continue // the law's, see below; anything else TestEveryWordIsThere names
				}
			}
			if lang == "en" {
				continue
			}
			if a, b := holders(text), holders(original); a != b && !(pluralEnd.MatchString(key) && (a == "" || b == "")) {
				t.Errorf("%s has %q where English has %q", at, a, b)
			}
			if text == original && latinLetter.MatchString(text) && strings.Contains(text, " ") && !slices.Contains(sameWords, key) {
				t.Errorf("%s is English: %s", at, text)
			}
		}
	}
}
