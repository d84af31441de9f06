package web

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// furtherPrefix begins the names of the fields that only some processes ask for.
const furtherPrefix = "further_"

// dangerField is asked in an emergency, whatever the process.
const dangerField = "danger"

// dangers are the kinds of danger that count as an emergency.
var dangers = []string{"life", "serious_injury", "child_abuse", "critical_infrastructure"}

// upper writes the first letter large.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(string(r)) + s[n:]
}

// furtherFacts give the further answers of a case.
func (s *Server) furtherFacts(c *Ctx, q requests.Request) []Fact {
	f := facts{c: c}
	for _, id := range slices.Sorted(maps.Keys(q.Further)) {
		text := q.Further[id]
		if id == dangerField {
			f.text("request.f.danger", c.T("danger."+text))
			continue
		}
		if law := s.cfg.Services.Law.Field(legal.FieldID(id)); law != nil {
			f.list = append(f.list, Fact{upper(c.Law("field."+id, law.Label)), Cell{Text: text}})
		}
	}
	return f.list
}
