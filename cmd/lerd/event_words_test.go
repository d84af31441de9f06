package main

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"lerd/internal/audit"
	"lerd/internal/legal"
	"lerd/internal/oversight/glossary"
	"lerd/templates"
)

// ownKinds are kinds of events that tests make themselves.
var ownKinds = []string{"agency.standing", "log.viewed", "person.changed", "request.noted"}

// eventsHaveWords looks at the end of a story at every event in its database: its kind
// and each of its facts have words for auditors, and so have the codes in them.
func (s *scenario) eventsHaveWords() {
	s.t.Cleanup(func() {
		if s.t.Failed() || s.t.Skipped() || s.invented {
			return
		}
		db, err := sql.Open("pgx", s.db.Owner)
		if err != nil {
			s.t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.Query("SELECT e.entry, o.salt, o.value FROM audit.event e LEFT JOIN audit.opening o ON o.event_id = e.id AND o.name = 'facts' ORDER BY e.recorded_at LIMIT 20000")
		if err != nil {
			return // a story that ends without a database
		}
		defer rows.Close()
		told := map[string]bool{}
		for rows.Next() {
			var entry, salt, value []byte
			if err := rows.Scan(&entry, &salt, &value); err != nil {
				s.t.Fatal(err)
			}
			for _, wrong := range append(unsaid(s.t, entry, salt, value), telling(s.law, entry)...) {
				if !told[wrong] {
					s.t.Error(wrong)
				}
				told[wrong] = true
			}
		}
	})
}

// unsaid names what has no words in an event.
func unsaid(t testing.TB, entry, salt, value []byte) (wrong []string) {
	r, err := audit.ParseEntry(entry)
	if err != nil || slices.Contains(ownKinds, r.Kind) {
		return nil
	}
	if salt != nil {
		_ = r.Open(audit.ValueOpening{Salt: audit.Salt(salt), Value: value}) // a story may have spoiled it
	}
	words := englishWords(t)
	if words["event.kind."+r.Kind] == "" {
		wrong = append(wrong, "no words for events "+r.Kind)
	}
	documented := documentedFacts(t, r.Kind)
	for name, value := range r.AllFacts() {
		if !slices.ContainsFunc(documented, func(d string) bool {
			begin, series := strings.CutSuffix(d, "…")
			return d == name || series && strings.HasPrefix(name, begin)
		}) {
			wrong = append(wrong, fmt.Sprintf("docs/audit-log.md does not name the fact %s of %s", name, r.Kind))
		}
		m, known := glossary.Of(r.Kind, name)
		if label := m.Label; !known || words["event.fact."+name] == "" && words["event.fact."+label] == "" {
			wrong = append(wrong, fmt.Sprintf("no words for the fact %s of %s", name, r.Kind))
		}
		var values []string
		switch m.Form {
		case glossary.Code:
			values = []string{value}
		case glossary.Codes:
			values = glossary.Split(value)
		}
		for _, v := range values {
			if v != "" && !slices.ContainsFunc(m.Words, func(begin string) bool { return words[begin+v] != "" || strings.HasPrefix(begin, "law.") }) {
				wrong = append(wrong, fmt.Sprintf("no words for %s=%s of %s", name, v, r.Kind))
			}
		}
	}
	return wrong
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// telling names facts that stand in clear and say under which process, or for which
// country, somebody acts: who counts them would know what a report withholds.
func telling(law *legal.Registry, entry []byte) (wrong []string) {
	r, err := audit.ParseEntry(entry)
	if err != nil || strings.HasPrefix(r.Kind, "process.") || slices.Contains(ownKinds, r.Kind) {
		return nil
	}
	for name, v := range r.Facts {
		process := slices.ContainsFunc(law.Processes(), func(p *legal.Process) bool { return string(p.ID) == v })
		if process || countryCode.MatchString(v) {
			wrong = append(wrong, fmt.Sprintf("the public log says %s=%s of %s", name, v, r.Kind))
		}
	}
	return wrong
}

// documentedFacts gives the facts that docs/audit-log.md lists for a kind: those of its
// own row, or of the longest series that it belongs to.
func documentedFacts(t testing.TB, kind string) []string {
	t.Helper()
	rows, err := readRows()
	if err != nil || len(rows) < 150 {
		t.Fatalf("%d rows of docs/audit-log.md are read: %v", len(rows), err)
	}
	out := append(slices.Clone(rows[kind]), "assertion")
	for row, facts := range rows {
		if begin, series := strings.CutSuffix(row, "…"); series && strings.HasPrefix(kind, begin) {
			out = append(out, facts...)
		}
	}
	return out
}

var eventRow = regexp.MustCompile("^\\| `([a-z_]+\\.[a-z_]*…?)`[^|]*\\| `[a-z_]+:` \\| ([^|]+) \\|$")

var readRows = sync.OnceValues(func() (map[string][]string, error) {
	page, err := os.ReadFile("../../docs/audit-log.md")
	out := map[string][]string{}
	for _, line := range strings.Split(string(page), "\n") {
		if m := eventRow.FindStringSubmatch(line); m != nil {
			out[m[1]] = strings.Fields(strings.NewReplacer("(", "", ")", "").Replace(m[2])) // in parentheses: closed
		}
	}
	return out, err
})

var readWords = sync.OnceValues(func() (map[string]string, error) {
	out := map[string]string{}
	files, err := fs.Glob(templates.FS, "messages/en/*.yaml")
	for _, f := range files {
		var text []byte
		if text, err = templates.FS.ReadFile(f); err == nil {
			err = yaml.Unmarshal(text, &out)
		}
		if err != nil {
			break
		}
	}
	return out, err
})

func englishWords(t testing.TB) map[string]string {
	t.Helper()
	words, err := readWords()
	if err != nil || len(words) < 1000 {
		t.Fatalf("%d words are read: %v", len(words), err)
	}
	return words
}
