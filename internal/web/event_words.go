package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/legal"
	"lerd/internal/oversight/glossary"
)

// Said is one fact of an event in words, with the codes that the log has (part of
// partial "cell").
type Said struct {
	Label string // words for the fact's name
	Name  string // its name in the log
	Text  string // words for its value, or the value
	Code  string // the value in the log, where Text is other words
	Href  string // the page of what the value names
	Whole string // the value of a digest, of which Text is the beginning
	When  *When
}

// kindWords gives the title of a kind of event, or the kind where this program knows
// no such kind.
func (c *Ctx) kindWords(kind string) string {
	if key := "event.kind." + kind; c.srv.words.has(key) {
		return c.T(key)
	}
	return kind
}

// kindCell shows a kind of event in words, with its code.
func (c *Ctx) kindCell(kind, href string) Cell {
	x := c.codeCell("event.kind.", kind)
	x.Href = href
	return x
}

// codeCell shows a code by the words that stand under a beginning of message keys, with
// the code; one without words by itself.
func (c *Ctx) codeCell(begin, code string) Cell {
	if key := begin + code; c.srv.words.has(key) {
		return Cell{Text: c.T(key), Quoted: code}
	}
	return Cell{Code: code}
}

// factWords gives the words for a fact's name.
func (c *Ctx) factWords(kind, name string) string {
	m, _ := glossary.Of(kind, name)
	key := "event.fact." + word(m.Label, name)
	if !c.srv.words.has(key) {
		return name
	}
	return c.T(key, "name", strings.TrimPrefix(name, m.Label))
}

// factsInWords gives what an event says in clear, in the order of the facts' names; b
// says in which zone.
func (c *Ctx) factsInWords(b Base, kind string, facts map[string]string) []Said {
	names := make([]string, 0, len(facts))
	for name := range facts {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]Said, 0, len(names))
	for _, name := range names {
		s := c.valueInWords(b, kind, name, facts[name])
		s.Label, s.Name = c.factWords(kind, name), name
		out = append(out, s)
	}
	return out
}

// valueInWords reads a value by what the glossary says of its fact. One that is not of
// its form is shown as it is.
func (c *Ctx) valueInWords(b Base, kind, name, value string) Said {
	m, _ := glossary.Of(kind, name)
	s := Said{Text: value}
	switch m.Form {
	case glossary.Code:
		s.Text = c.codeWords(m, value)
	case glossary.Codes:
		var said []string
		for _, one := range glossary.Split(value) {
			said = append(said, c.codeWords(m, one))
		}
		s.Text = strings.Join(said, ", ")
	case glossary.Moment:
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			w := b.When(at)
			s.When = &w
		}
	case glossary.Digest:
		if len(value) > 2*shortDigest {
			s.Text, s.Whole = value[:shortDigest], value
		}
	default:
		s.Text, s.Href = c.named(m.Form, value), pageOf(m.Form, value)
		if name := c.names[value]; name != "" {
			s.Text = name
		}
	}
	if s.Text == "" {
		s.Text = "–"
	}
	if s.Text != value && s.Whole == "" && s.When == nil {
		s.Code = value
	}
	return s
}

// shortDigest is how much of a digest is shown where there is little room.
const shortDigest = 12

// codeWords gives the words for a code, or the code.
func (c *Ctx) codeWords(m glossary.Meaning, code string) string {
	for _, begin := range m.Words {
		if id, ok := strings.CutPrefix(begin, "law.issuer."); ok {
			if title := c.issuerWords(id + code); title != "" {
				return title
			}
		}
		if key := begin + code; code != "" && c.srv.words.has(key) {
			return c.T(key)
		}
	}
	return code
}

func (c *Ctx) issuerWords(id string) string {
	for _, k := range c.srv.knownLaw().IssuerKinds() {
		if k.ID == id {
			return k.Title
		}
	}
	return ""
}

// named gives the words for what the policies name, and for counts.
func (c *Ctx) named(form glossary.Form, value string) string {
	switch form {
	case glossary.Process:
		return c.srv.latestTitle(value)
	case glossary.Rule:
		if r, ok := c.srv.knownLaw().Rule(value); ok {
			return r.Title
		}
	case glossary.Refusal:
		if r := c.srv.knownLaw().Refusal(legal.RefusalCode(value)); r != nil {
			return r.Text
		}
	case glossary.Bytes:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return size(n)
		}
	case glossary.Seconds:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return age(time.Duration(n) * time.Second)
		}
	}
	return value
}

// pageOf gives the address of what an id names, for auditors, who may see each of
// these; "" for what has no page.
func pageOf(form glossary.Form, id string) string {
	if id == "" || len(id) > 64 {
		return ""
	}
	id = url.PathEscape(id)
	switch form {
	case glossary.Case:
		return "/audit/cases/" + id
	case glossary.Event:
		return "/audit/events/" + id
	case glossary.Person:
		return "/audit/queries/events?person=" + id
	case glossary.Finding:
		return "/audit-findings/" + id
	case glossary.Error:
		return "/errors/" + id
	case glossary.Sample:
		return "/audit/samples/" + id
	}
	return ""
}

// pageOfStream gives the page of the case or person that a stream of events is of.
func pageOfStream(stream string) string {
	if id, ok := strings.CutPrefix(stream, "request:"); ok {
		return pageOf(glossary.Case, id)
	}
	if id, ok := strings.CutPrefix(stream, "person:"); ok && len(id) == lengthOfUUID {
		return pageOf(glossary.Person, id)
	}
	return ""
}

// checkWords gives the question of a check, or its id.
func (c *Ctx) checkWords(id string) string {
	if x := c.srv.knownLaw().Check(legal.CheckID(id)); x != nil {
		return x.Question
	}
	return id
}

// roleOf names the role in which somebody acted, "" for none; one that this program
// does not know is shown as it is.
func (c *Ctx) roleOf(r audit.Actor) string { return c.codeWords(roleMeaning, r.Role) }

var roleMeaning, _ = glossary.Of("", "role")
