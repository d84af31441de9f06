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

// takeFurther keeps the answers to the law's further questions: of the process
// that was chosen, and others that were typed before another was.
func (s *Server) takeFurther(c *Ctx, in *requestInput) {
	in.Further = map[string]string{}
	for name, typed := range c.Typed() {
		id, ok := strings.CutPrefix(name, furtherPrefix)
		if known := s.cfg.Services.Law.Field(legal.FieldID(id)); ok && known != nil && len(typed) > 0 && typed[0] != "" {
			in.Further[id] = tidy(typed[0])
		}
	}
}

// furtherNames gives the ids of the further fields that the form shows, in the
// order of the process.
func (s *Server) furtherNames(c *Ctx, in requestInput) []string {
	p, err := s.cfg.Services.Law.Current(legal.ProcessID(in.Process), c.Now())
	if err != nil {
		return nil
	}
	var out []string
	for _, f := range requests.FurtherFields(s.cfg.Services.Law, p) {
		out = append(out, string(f.ID))
	}
	return out
}

// addFurther puts the further fields into the form, with what was typed. What
// was typed for another process stays in hidden fields.
func (s *Server) addFurther(c *Ctx, f *Form, in requestInput) (shown, hidden []string) {
	shown = s.furtherNames(c, in)
	for _, id := range append([]string{dangerField}, shown...) {
		law := s.cfg.Services.Law.Field(legal.FieldID(id))
		name := furtherPrefix + id
		fd := Field{ID: name, Name: name, Input: "textarea", Rows: 2, Dir: "auto", Value: in.Further[id], Required: true, Label: upper(c.Law("field."+id, law.Label)), Hint: c.Law("field."+id+".ask", law.Ask)}
		if id == dangerField {
			fd.Input, fd.Required, fd.Hint, fd.Options = "radios", false, "", c.choose("danger", dangers...)
			fd.Label = c.T("request.f.danger")
		}
		f.fields[name] = fd
	}
	for _, id := range slices.Sorted(maps.Keys(in.Further)) {
		if id != dangerField && !slices.Contains(shown, id) {
			name := furtherPrefix + id
			f.fields[name] = Field{ID: name, Name: name, Input: "hidden", Value: in.Further[id]}
			hidden = append(hidden, name)
		}
	}
	for i, id := range shown {
		shown[i] = furtherPrefix + id
	}
	return shown, hidden
}

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
