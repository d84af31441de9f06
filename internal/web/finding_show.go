package web

import (
	"strconv"

	"lerd/internal/identity"
	"lerd/internal/violations"
)

// findingInput is one confirmer's verdict.
type findingInput struct {
	Verdict  string `form:"verdict" validate:"required" label:"finding.f.verdict" input:"radios"`
	Evidence string `form:"evidence" label:"finding.f.evidence" hint:"finding.f.evidence.hint" width:"medium" autocomplete:"off"`
	Note     string `form:"note" label:"finding.f.note" hint:"finding.f.note.hint" input:"textarea" rows:"4"`
}

// findingPage is all that a confirmer sees: the account, the rule, and that
// another verdict is there. What the other person said stays hidden, so that
// both judge on their own.
type findingPage struct {
	Base
	State   Badge
	Account []Fact
	Rule    []Fact
	Form    *Form // nil where there is nothing left to say
	Mine    []Fact
	StepUp  *StepUp
	Send    Button
	Over    string
}

var findingView = newPage[findingPage]("finding_show", "breadcrumb", "badge", "facts", "cell", "when", "digest", "field", "error_summary", "button", "step_up")

func (s *Server) showFinding(c *Ctx) error { return s.showSheet(c, nil, nil) }

// showSheet shows a finding; form is the form after mistakes, or nil.
func (s *Server) showSheet(c *Ctx, form *Form, problems error) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	sheet, err := s.cfg.Services.Findings.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := findingPage{Base: c.Base("finding.title"), Send: Button{Text: c.T("finding.send")}}
	p.Crumbs = []Crumb{{c.T("findings.title"), "/findings"}, {p.Title, ""}}
	p.Problems = form != nil
	p.Account, p.Rule, p.State = accountFacts(c, p.Base, sheet), ruleFacts(c, sheet), c.verdictsBadge(sheet.Finding)
	s.fillVerdict(c, &p, sheet, form)
	if p.Form != nil {
		p.Form.mark(problems) // the options are known now
	}
	return findingView.Show(c, p)
}

// fillVerdict adds the form, or what the viewer said already.
func (s *Server) fillVerdict(c *Ctx, p *findingPage, sheet violations.Sheet, form *Form) {
	switch {
	case sheet.Mine != nil:
		m := sheet.Mine
		f := facts{c: c}
		f.text("finding.f.verdict", c.T("finding.verdict."+string(m.Verdict)))
		f.text("finding.f.evidence", m.Evidence.Reveal())
		f.text("finding.f.note", m.Note.Reveal())
		at := p.When(m.At)
		f.add("finding.said_at", Cell{When: &at})
		p.Mine, p.Over = f.list, c.T("finding.said")
	case sheet.Finding.State != violations.Proposed:
		p.Over = c.T("finding.over")
	default:
		if form == nil {
			form = c.Form("/findings/"+sheet.Finding.ID, findingInput{})
		}
		form.Options("verdict", c.choose("finding.verdict", string(violations.Yes), string(violations.No)))
		for _, name := range []string{"evidence", "note"} { // one of them is needed; the hints say which
			fd := form.fields[name]
			fd.Optional = ""
			form.fields[name] = fd
		}
		p.Form, p.StepUp = form, c.StepUp(identity.PurposeConfirm, violations.ConfirmDigest(sheet.Finding.ID))
	}
}

func accountFacts(c *Ctx, b Base, sheet violations.Sheet) []Fact {
	a := sheet.Account
	f := facts{c: c}
	f.add("finding.account", Cell{Code: strconv.FormatInt(sheet.Finding.AccountID, 10)})
	if !a.Username.Empty() {
		f.add("finding.username", Cell{Code: "@" + a.Username.Reveal()})
	}
	created, since := b.When(a.CreatedAt), b.When(sheet.Finding.OpenedAt)
	f.add("finding.created", Cell{When: &created})
	f.text("finding.status", c.T("finding.status."+string(a.Status)))
	f.add("finding.since", Cell{When: &since})
	return f.list
}

func ruleFacts(c *Ctx, sheet violations.Sheet) []Fact {
	f := facts{c: c}
	f.add("finding.rule", Cell{Text: sheet.Rule.Title, Note: sheet.Finding.Rule + ", " + c.T("case.version", "version", sheet.Finding.RuleVersion)})
	f.text("finding.rule_text", sheet.Rule.Text)
	return f.list
}
