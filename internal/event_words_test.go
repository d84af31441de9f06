package internal_test

import (
	"go/ast"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lerd/internal/oversight/glossary"
)

// TestEveryKindOfEventHasWords: auditors read each kind that the sources write, and
// each member of a series of kinds, under a title.
func TestEveryKindOfEventHasWords(t *testing.T) {
	words := eventCatalogue(t)
	for _, k := range kinds(t) {
		key := "event.kind." + k
		if !strings.HasSuffix(k, ".") && !strings.HasSuffix(k, "_") {
			if !words[key] {
				t.Errorf("no words for events %s", k)
			}
			continue
		}
		found := false
		for have := range words {
			found = found || strings.HasPrefix(have, key)
		}
		if !found {
			t.Errorf("no words for any event %s…", k)
		}
	}
}

// TestEveryFactHasAMeaning: each fact that the sources name, and each that the page on
// the log lists, is known to the glossary.
func TestEveryFactHasAMeaning(t *testing.T) {
	words := eventCatalogue(t)
	names := map[string]bool{}
	for _, f := range parsed(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			if x, ok := n.(*ast.IndexExpr); ok {
				name, isText := x.Index.(*ast.BasicLit)
				if sel, facts := x.X.(*ast.SelectorExpr); facts && isText && sel.Sel.Name == "Facts" {
					if s, err := strconv.Unquote(name.Value); err == nil {
						names[s] = true
					}
				}
			}
			return true
		})
	}
	if len(names) < 100 {
		t.Fatalf("only %d facts are found in the sources", len(names))
	}
	page, err := os.ReadFile("../docs/audit-log.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range documentedFacts.FindAllStringSubmatch(string(page), -1) {
		for _, name := range strings.Fields(line[1]) {
			if name != "–" {
				names[strings.TrimSuffix(strings.Trim(name, "()"), "…")] = true
			}
		}
	}
	for name := range names {
		m, known := glossary.Of("", name)
		label := m.Label
		if label == "" {
			label = name
		}
		if !known && name != "days_" && name != "kept_" && name != "follows_" || !words["event.fact."+label] {
			t.Errorf("the glossary does not know the fact %s", name)
		}
	}
}

// documentedFacts finds the third column of the table of events.
var documentedFacts = regexp.MustCompile("(?m)^\\| `[a-z_]+\\.[a-z_…]+`[^|]*\\| `[a-z_]+:` \\| ([a-z0-9_… –()]+) \\|$")

// eventCatalogue gives the keys of the words about events.
func eventCatalogue(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../templates/messages/en/events.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if key, _, ok := strings.Cut(line, ": "); ok {
			out[key] = true
		}
	}
	return out
}
