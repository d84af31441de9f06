package web

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/records"
	"lerd/internal/requests"
)

// ownAgency gives the agency of who acts.
func (s *Server) ownAgency(c *Ctx) (identity.Agency, error) {
	actor, _ := c.Actor()
	return s.cfg.Services.Agencies.AgencyByID(c.Ctx(), actor.Agency)
}

// yesNo are the two answers of a question about the order.
func (c *Ctx) yesNo() []Option {
	return []Option{{Value: "yes", Text: c.T("form.yes")}, {Value: "no", Text: c.T("form.no")}}
}

// choose makes options out of values, with words below a message key.
func (c *Ctx) choose(key string, values ...string) []Option {
	out := make([]Option, 0, len(values))
	for _, v := range values {
		o := Option{Value: v, Text: c.T(key + "." + v)}
		if hint := key + "." + v + ".hint"; c.srv.words.has(hint) {
			o.Hint = c.T(hint)
		}
		out = append(out, o)
	}
	return out
}

// pick begins a select with a line that chooses nothing.
func (c *Ctx) pick(options []Option) []Option {
	return append([]Option{{Text: c.T("form.choose")}}, options...)
}

func (s *Server) targetOptions(c *Ctx, f *Form, row string) {
	f.Options(row+"kind", c.choose("target.kind", string(records.ByPhone), string(records.ByUsername), string(records.ByAccount)))
	f.Options(row+"person_role", c.choose("target.role", legal.Suspect, legal.Victim, legal.Witness, legal.Third))
	f.Options(row+"purpose", c.choose("target.purpose", legal.PurposeIdentify, legal.PurposeTraffic))
	f.Options(row+"categories", c.choose("category", string(requests.PhoneNumber), string(requests.IPAddress)))
	var flags []string
	for _, flag := range c.law().SensitiveFlags() {
		flags = append(flags, flag.ID)
	}
	f.Options(row+"flags", c.choose("target.flag", flags...))
}

// orderLanguages are the languages in which orders arrive, ISO 639-1.
var orderLanguages = strings.Fields("ar bg bn cs da de el en es et fa fi fr ga gu he hi hr hu id it ja kn ko lt lv ml mr mt ms nl no pa pl pt ro ru sk sl sv sw ta te th tr uk ur vi zh")

// languages gives the choice of an order's language, named in the reader's.
func (c *Ctx) languages() []Option {
	names := display.Languages(c.lang)
	out := make([]Option, 0, len(orderLanguages))
	for _, code := range orderLanguages {
		text := code
		if names != nil {
			text = names.Name(language.Make(code))
		}
		out = append(out, Option{Value: code, Text: text})
	}
	slices.SortFunc(out, func(a, b Option) int { return strings.Compare(a.Text, b.Text) })
	return out
}
