package web

import (
	"net/http"
	"slices"
	"strings"

	"lerd/internal/legal"
)

// precheckInput is what somebody says before they sign in, in the address.
type precheckInput struct {
	Want    string `form:"want" validate:"omitempty,oneof=now keep emergency" label:"draft.f.want" input:"radios"`
	Country string `form:"country" validate:"omitempty,len=2|eq=other" label:"draft.f.issuer_country" input:"select" width:"medium"`
	Issuer  string `form:"issuer" validate:"omitempty,max=40" label:"request.f.issuer_kind" input:"select" width:"medium"`
	Judge   string `form:"judge" validate:"omitempty,oneof=yes no" label:"draft.f.judge" hint:"draft.f.judge.hint" input:"radios"`
}

// precheckPage says, to everybody, what we hold, which process gets it, what the
// order must say, and how long it takes; all of it from the policy's data.
type precheckPage struct {
	Base
	Form  *Form
	Show  Button
	Asked bool
	Suits []precheckProcess
	None  string
}

// precheckProcess is one process that suits.
type precheckProcess struct {
	Title, ID, About string
	Why              string
	Facts            []Fact
	Needs            []string // what the order must say
	Source           string
}

var precheckView = newPage[precheckPage]("precheck", "field", "button", "facts", "cell", "badge", "when", "digest")

func (s *Server) precheckRoutes() []Route {
	if s.cfg.Services.Law == nil {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/check", Name: "precheck.show", Title: "precheck.title", Public: true, Nav: 80, Handle: s.precheck}}
}

func (s *Server) precheck(c *Ctx) error {
	var in precheckInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	p := precheckPage{Base: c.Base("precheck.title"), Form: c.Form("/check", in), Show: Button{Text: c.T("precheck.show")}, Asked: in.Country != "" || in.Want != "" || in.Issuer != ""}
	p.Form.Options("want", c.choose("draft.want", string(legal.WantData), string(legal.WantKept), string(legal.WantEmergency)))
	p.Form.Options("issuer", c.pick(s.issuerOptions(c)))
	p.Form.Options("country", c.pick(s.countryOptions(c, "")[1:]))
	p.Form.Options("judge", c.yesNo())
	for name, fd := range p.Form.fields {
		fd.Optional = ""
		p.Form.fields[name] = fd
	}
	if p.Asked {
		situation := legal.Situation{Want: legal.Want(in.Want), Country: in.Country, Issuer: in.Issuer, Judge: in.Judge}
		for _, fit := range c.law().Fits(situation, c.Now()) {
			if fit.Fits {
				p.Suits = append(p.Suits, s.precheckProcess(c, fit))
			}
		}
		if len(p.Suits) == 0 {
			p.None = c.T("precheck.none")
		}
	}
	return precheckView.Show(c, p)
}

func (s *Server) precheckProcess(c *Ctx, fit legal.Fit) precheckProcess {
	p, law := fit.Process, s.cfg.Services.Law
	out := precheckProcess{Title: c.processName(string(p.ID), p.Title), ID: string(p.ID), About: c.Law("process."+string(p.ID)+".about", p.Description), Why: c.fitReasons(fit), Source: p.Source.Text}
	f := facts{c: c}
	var gives, speaks []string
	for _, cat := range p.Categories {
		gives = append(gives, c.T("category."+string(cat.ID)))
	}
	f.text("precheck.gives", strings.Join(gives, ", "))
	f.text("precheck.time", c.limitWords(p.Clocks.Effect))
	f.text("precheck.time_emergency", c.limitWords(p.Clocks.Emergency))
	f.text("precheck.ack", c.limitWords(p.Clocks.Ack))
	f.text("precheck.hold", c.limitWords(p.Clocks.Hold))
	for _, l := range p.Languages {
		speaks = append(speaks, languageName(c, l))
	}
	f.text("precheck.languages", strings.Join(speaks, ", "))
	if p.Limits.Targets > 0 && p.Kind == legal.Disclosure {
		f.text("precheck.targets", itoa(p.Limits.Targets))
	}
	if p.Limits.PeriodDays > 0 {
		f.text("precheck.period", c.T("precheck.days", "n", p.Limits.PeriodDays))
	}
	f.text("precheck.notice", c.T("precheck.notice."+string(p.Notice.Rule)))
	out.Facts = f.list
	for _, id := range p.Required {
		if field := law.Field(id); field != nil {
			label := upper(c.Law("field."+string(id), field.Label))
			if !slices.Contains(out.Needs, label) {
				out.Needs = append(out.Needs, label)
			}
		}
	}
	return out
}

// limitWords says a period, e.g. "10 days"; "" for none.
func (c *Ctx) limitWords(l *legal.Limit) string {
	switch {
	case l == nil:
		return ""
	case l.Unit == legal.OnOrder:
		return c.T("precheck.unit.on_order")
	case l.Soft:
		return c.T("precheck.aim", "time", c.T("precheck.unit."+string(l.Unit), "n", l.Amount))
	}
	return c.T("precheck.unit."+string(l.Unit), "n", l.Amount)
}
