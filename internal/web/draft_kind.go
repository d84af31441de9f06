package web

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// draftKindPage asks in plain words what is wanted, and says which kinds of
// process suit, and why.
type draftKindPage struct {
	DraftFrame
	Others *Field // the processes that do not suit by what was answered
}

var draftKindView = newPage[draftKindPage]("draft_kind", "breadcrumb", "draft_head", "draft_foot", "field", "error_summary", "button", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) showKind(c *Ctx, a stepAt) error {
	in, ok := a.in.(draftKindInput)
	if !ok {
		getTexts(a.draft.Content, &in)
	}
	agency, err := s.ownAgency(c)
	if err != nil {
		return err
	}
	if in.IssuerCountry == "" {
		in.IssuerCountry = agency.Country
	}
	f, err := s.frame(c, a, requests.StepKind, in)
	if err != nil {
		return err
	}
	f.Form.Options("want", c.choose("draft.want", requests.WantData, requests.WantKept, requests.WantEmergency))
	f.Form.Options("issuer_kind", c.pick(s.issuerOptions(c)))
	f.Form.Options("issuer_country", s.countryOptions(c, agency.Country))
	f.Form.Options("judge", []Option{{Value: "yes", Text: c.T("form.yes")}, {Value: "no", Text: c.T("form.no")}, {Value: "", Text: c.T("draft.judge.unknown")}})
	p := draftKindPage{DraftFrame: f}
	p.Others = s.suitOptions(c, f.Form, in)
	f.Form.mark(a.err)
	c.sayWhat(f.Form)
	return draftKindView.Show(c, p)
}

// suitOptions offers the processes that suit, and gives those that do not as a
// second group of the same question.
func (s *Server) suitOptions(c *Ctx, f *Form, in draftKindInput) *Field {
	situation := legal.Situation{Want: legal.Want(in.Want), Country: in.IssuerCountry, Issuer: in.IssuerKind, Judge: in.Judge}
	var suits, others []Option
	for _, fit := range c.law().Fits(situation, c.Now()) {
		o := Option{Value: string(fit.Process.ID), Text: c.processName(string(fit.Process.ID), fit.Process.Title), Hint: c.fitWords(fit)}
		if fit.Fits {
			suits = append(suits, o)
		} else {
			others = append(others, o)
		}
	}
	f.Options("process", suits)
	if len(others) == 0 {
		return nil
	}
	fd := f.fields["process"]
	fd.ID, fd.Label, fd.Hint, fd.Error, fd.Options, fd.Required = "process-other", c.T("draft.process.others"), c.T("draft.process.others.hint"), "", others, false
	fd.Optional = ""
	return &fd
}

// fitWords says what a process is, and why it suits or does not.
func (c *Ctx) fitWords(fit legal.Fit) string {
	return c.T("draft.fit", "what", c.Law("process."+string(fit.Process.ID)+".about", fit.Process.Description), "id", string(fit.Process.ID), "why", c.fitReasons(fit))
}

// fitReasons says why a process suits or does not.
func (c *Ctx) fitReasons(fit legal.Fit) string {
	var said []string
	for _, r := range fit.Why {
		if fit.Fits != strings.HasPrefix(r.Code, "no_") {
			var kinds []string
			for _, k := range r.Kinds {
				kinds = append(kinds, c.Law("issuer."+k, c.srv.issuerTitle(k)))
			}
			said = append(said, c.T("draft.fit."+r.Code, "kinds", strings.Join(kinds, ", ")))
		}
	}
	return strings.Join(said, " ")
}

func (s *Server) issuerOptions(c *Ctx) (out []Option) {
	for _, k := range s.cfg.Services.Law.IssuerKinds() {
		out = append(out, Option{Value: k.ID, Text: c.Law("issuer."+k.ID, k.Title)})
	}
	slices.SortFunc(out, func(a, b Option) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// countryOptions are the countries that some process names, the agency's own
// first, and "another".
func (s *Server) countryOptions(c *Ctx, own string) []Option {
	names := display.Regions(c.lang)
	name := func(code string) string {
		if r, err := language.ParseRegion(code); err == nil && names != nil {
			return names.Name(r)
		}
		return code
	}
	var out []Option
	for _, code := range c.law().CountriesNamed(c.Now()) {
		if code != own {
			out = append(out, Option{Value: code, Text: name(code)})
		}
	}
	slices.SortFunc(out, func(a, b Option) int { return strings.Compare(a.Text, b.Text) })
	return append(append([]Option{{Value: own, Text: name(own)}}, out...), Option{Value: "other", Text: c.T("draft.country.other")})
}

// sayWhat says in the summary which question is meant where the message alone
// does not.
func (c *Ctx) sayWhat(f *Form) {
	for i, line := range f.Summary {
		name := strings.TrimSuffix(strings.TrimPrefix(line.Href, "#"), "-0")
		fd, ok := f.fields[name]
		if ok && (line.Text == c.T("form.rule.required") || line.Text == c.Say("Answer yes or no.")) {
			f.Summary[i].Text = c.T("draft.about", "question", fd.Label, "says", line.Text)
		}
	}
}

func (s *Server) saveKind(c *Ctx) error {
	var in draftKindInput
	if err := c.Decode(&in); err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	return s.saved(c, requests.StepKind, in, func(d *requests.DraftContent) { putTexts(d, in) }, s.showKind)
}
