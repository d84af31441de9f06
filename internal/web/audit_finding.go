package web

import (
	"net/http"

	"lerd/internal/access"
	"lerd/internal/identity"
	"lerd/internal/oversight"
)

// auditFindingInput is a finding as an auditor writes it.
type auditFindingInput struct {
	Grade    string `form:"grade" validate:"required,oneof=red amber green" label:"audit_finding.grade" input:"radios"`
	Title    string `form:"title" validate:"required,max=200" label:"audit_finding.f.title"`
	Body     string `form:"body" validate:"required,max=10000" label:"audit_finding.body" hint:"audit_finding.body.hint" input:"textarea" rows:"6"`
	Case     string `form:"case" validate:"max=40" label:"audit_query.ref" width:"medium"`
	Evidence string `form:"evidence" validate:"omitempty,uuid" label:"audit_finding.evidence" hint:"audit_finding.evidence.hint" width:"medium"`
	Owner    string `form:"owner" validate:"required,uuid" label:"audit_finding.owner" input:"select" width:"medium"`
	Due      string `form:"due" validate:"required,datetime=2006-01-02" label:"audit_finding.due" hint:"audit_query.from.hint" input:"date" width:"short" autocomplete:"off"`
}

// auditAnswerInput is an owner's answer.
type auditAnswerInput struct {
	Body string `form:"body" validate:"required,max=10000" label:"audit_finding.answer" input:"textarea" rows:"5"`
}

// auditWhyInput is why an answer will do, or will not.
type auditWhyInput struct {
	Why string `form:"why" validate:"required,max=4000" label:"audit_finding.why" input:"textarea" rows:"3"`
}

var (
	gradeTones = map[string]Tone{"red": Danger, "amber": Caution, "green": Good}
	auditTones = map[string]Tone{oversight.Open: Caution, oversight.Answered: Info, oversight.Closed: Plain}
)

func (s *Server) auditFindingRoutes() []Route {
	step := func(path, name, verb string, roles []identity.Role, h Handler) Route {
		return Route{Method: http.MethodPost, Path: path, Name: name, Title: "audit_findings.title", Roles: roles, Verb: access.Verb(verb), Object: "audit_finding", Body: FormBody, Handle: h}
	}
	return []Route{
		{Method: http.MethodGet, Path: "/audit-findings", Name: "audit_finding.list", Title: "audit_findings.title", Roles: findingSee, Verb: "list", Object: "audit_finding", Nav: 16, Handle: s.listAuditFindings},
		{Method: http.MethodGet, Path: "/audit-findings/new", Name: "audit_finding.new", Title: "audit_finding_new.title", Roles: auditors, Verb: "open", Object: "audit_finding", Handle: s.newAuditFinding},
		step("/audit-findings", "audit_finding.open", "open", auditors, s.openAuditFinding),
		{Method: http.MethodGet, Path: "/audit-findings/:id", Name: "audit_finding.show", Title: "audit_findings.title", Roles: findingSee, Verb: "list", Object: "audit_finding", Handle: s.auditFinding},
		step("/audit-findings/:id/answer", "audit_finding.answer", "answer", answerers, s.answerAuditFinding),
		step("/audit-findings/:id/reject", "audit_finding.reject", "close", auditors, s.rejectAuditAnswer),
		step("/audit-findings/:id/close", "audit_finding.close", "close", auditors, s.closeAuditFinding),
	}
}

func (s *Server) listAuditFindings(c *Ctx) error {
	all := c.Request().URL.Query().Get("all") == "yes"
	list, err := s.cfg.Services.Oversight.ListFindings(c.Ctx(), all)
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	p := auditDesk{Base: c.Base("audit_findings.title"), Lead: c.T("audit_findings.lead")}
	if actor.Role == identity.Auditor {
		p.Lead = c.T("audit_findings.lead_auditor")
		p.Links = []NavItem{{Text: c.T("audit_finding_new.title"), Href: "/audit-findings/new"}}
	}
	if all {
		p.Links = append(p.Links, NavItem{Text: c.T("audit_findings.open"), Href: "/audit-findings"})
	} else {
		p.Links = append(p.Links, NavItem{Text: c.T("audit_findings.all"), Href: "/audit-findings?all=yes"})
	}
	p.Links = append(p.Links, c.fileLink("/audit-findings/csv")...)
	t := Table{Caption: c.T("audit_findings.title"), Empty: Empty{Title: c.T("audit_findings.none")},
		Columns: []Column{{Text: c.T("audit_finding.ref")}, {Text: c.T("audit_finding.grade")}, {Text: c.T("audit_finding.f.title")}, {Text: c.T("requests.col.state")}, {Text: c.T("audit_finding.owner")}, {Text: c.T("audit_finding.due")}}}
	for _, f := range list {
		grade, state := c.gradeBadge(f), c.auditBadge(f)
		t.Rows = append(t.Rows, []Cell{{Code: f.Ref, Href: oversight.PathOfFinding(f.ID)}, {Badge: &grade}, {Text: f.Title.Reveal()}, {Badge: &state}, {Text: f.OwnerName}, {Text: c.Date(f.DueOn)}})
	}
	p.Tables = []Table{t}
	return auditDeskView.Show(c, p)
}

func (c *Ctx) gradeBadge(f oversight.Finding) Badge {
	return Badge{c.T("audit_finding.grade." + f.Grade), gradeTones[f.Grade]}
}

func (c *Ctx) auditBadge(f oversight.Finding) Badge {
	if f.Overdue(c.Now()) {
		return Badge{c.T("audit_finding.overdue"), Danger}
	}
	return Badge{c.T("audit_finding.state." + f.State), auditTones[f.State]}
}

func (s *Server) newAuditFinding(c *Ctx) error {
	var in auditFindingInput
	in.Case, in.Evidence = c.Request().URL.Query().Get("case"), c.Request().URL.Query().Get("evidence")
	return s.showNewFinding(c, in, nil)
}

func (s *Server) showNewFinding(c *Ctx, in auditFindingInput, wrong error) error {
	owners, err := s.cfg.Services.Oversight.Owners(c.Ctx())
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("audit_finding_new.title"), Lead: c.T("audit_finding_new.lead")}
	p.Crumbs = []Crumb{{c.T("audit_findings.title"), "/audit-findings"}, {p.Title, ""}}
	var m *mistake
	if wrong != nil {
		m = &mistake{"new", wrong}
	}
	p.refusal(c, m)
	a := c.stepForm("new", "audit_finding_new.form", "/audit-findings", in, "grade", "title", "body", "case", "evidence", "owner", "due")
	who := []Option{{Value: "", Text: c.T("form.choose")}}
	for _, o := range owners {
		who = append(who, Option{Value: string(o.ID), Text: o.Pseudonym + ", " + c.T("role."+string(o.Role))})
	}
	a.Form.Options("grade", c.choose("audit_finding.grade", oversight.Grades...)).Options("owner", who)
	p.Acts = []StepForm{a.erring(c, m)}
	return auditDeskView.Show(c, p)
}

func (s *Server) openAuditFinding(c *Ctx) error {
	var in auditFindingInput
	err := c.Decode(&in)
	id := ""
	if err == nil {
		id, err = s.cfg.Services.Oversight.OpenFinding(c.Once(), oversight.FindingInput{Grade: in.Grade, Title: in.Title, Body: in.Body, CaseRef: in.Case, Evidence: in.Evidence, Owner: in.Owner, DueOn: day(in.Due)})
	}
	if mendable(err) {
		return s.showNewFinding(c, in, err)
	}
	return c.Done(err, oversight.PathOfFinding(id), "flash.audit_finding_opened")
}

func (s *Server) auditFinding(c *Ctx) error { return s.showAuditFinding(c, nil) }

func (s *Server) showAuditFinding(c *Ctx, wrong *mistake) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	f, err := s.cfg.Services.Oversight.ShowFinding(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("audit_finding.title", "ref", f.Ref), Badges: []Badge{c.gradeBadge(f), c.auditBadge(f)}, Quote: lines(f.Body.Reveal()), QuoteOf: c.T("audit_finding.body")}
	p.Crumbs = []Crumb{{c.T("audit_findings.title"), "/audit-findings"}, {f.Ref, ""}}
	p.refusal(c, wrong)
	p.Lead = c.findingNext(f)
	p.Facts = c.auditFindingFacts(f)
	p.StepsTitle = c.T("audit_finding.story")
	for _, a := range f.Answers {
		p.Steps = append(p.Steps, Step{Title: c.T("audit_finding.said." + a.Kind), By: a.Name, When: p.When(a.At), Text: a.Body.Reveal(), Tone: Plain})
	}
	if f.State == oversight.Closed {
		p.Steps = append(p.Steps, Step{Title: c.T("audit_finding.state.closed"), When: p.When(f.ClosedAt), Text: f.ClosedWhy.Reveal(), Tone: Good})
	}
	p.Acts = c.auditFindingActs(f, wrong)
	return auditDeskView.Show(c, p)
}

// findingNext says who acts next on a finding, to who reads it.
func (c *Ctx) findingNext(f oversight.Finding) string {
	actor, _ := c.Actor()
	switch {
	case f.State == oversight.Closed:
		return c.T("audit_finding.next.closed")
	case f.State == oversight.Open && f.Owner == actor.Person:
		return c.T("audit_finding.next.yours", "due", c.Date(f.DueOn))
	case f.State == oversight.Open:
		return c.T("audit_finding.next.owner", "owner", f.OwnerName, "due", c.Date(f.DueOn))
	case actor.Role == identity.Auditor:
		return c.T("audit_finding.next.judge")
	}
	return c.T("audit_finding.next.auditor")
}

func (c *Ctx) auditFindingFacts(f oversight.Finding) []Fact {
	actor, _ := c.Actor()
	out := facts{c: c}
	out.text("audit_finding.f.title", f.Title.Reveal())
	out.text("audit_finding.owner", f.OwnerName)
	out.text("audit_finding.due", c.Date(f.DueOn))
	at := When{At: f.MadeAt}
	out.add("audit_finding.made_by", Cell{Text: f.MadeByName, Note: at.UTC()})
	if f.Reminded > 0 {
		out.text("audit_finding.reminded", c.T("audit_finding.reminded.text", "n", f.Reminded))
	}
	if f.CaseRef != "" {
		cell := Cell{Code: f.CaseRef}
		if actor.Role == identity.Auditor {
			cell.Href = "/audit/cases/" + f.Case
		}
		out.add("audit_query.case", cell)
	}
	if f.Evidence != "" {
		cell := Cell{Code: string(f.Evidence)}
		if actor.Role == identity.Auditor {
			cell.Href = "/audit/events/" + string(f.Evidence)
		}
		out.add("audit_finding.evidence", cell)
	}
	return out.list
}

func (c *Ctx) auditFindingActs(f oversight.Finding, wrong *mistake) (acts []StepForm) {
	actor, _ := c.Actor()
	at := oversight.PathOfFinding(f.ID)
	if f.State == oversight.Open && f.Owner == actor.Person {
		acts = append(acts, c.stepForm("answer", "audit_finding.give", at+"/answer", auditAnswerInput{}, "body").erring(c, wrong))
	}
	if f.State == oversight.Answered && actor.Role == identity.Auditor {
		a := c.stepForm("close", "audit_finding.close", at+"/close", auditWhyInput{}, "why")
		a.StepUp = c.StepUp(identity.PurposeAudit, oversight.CloseDigest(f))
		b := c.stepForm("reject", "audit_finding.reject", at+"/reject", auditWhyInput{}, "why")
		b.Button.Kind = "secondary"
		acts = append(acts, a.erring(c, wrong), b.erring(c, wrong))
	}
	return acts
}

func (s *Server) answerAuditFinding(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in auditAnswerInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Oversight.AnswerFinding(c.Once(), id, in.Body)
	}
	return s.findingDone(c, "answer", id, err, "flash.audit_finding_answered")
}

func (s *Server) rejectAuditAnswer(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in auditWhyInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Oversight.RejectAnswer(c.Once(), id, in.Why)
	}
	return s.findingDone(c, "reject", id, err, "flash.audit_finding_reopened")
}

func (s *Server) closeAuditFinding(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	f, err := s.cfg.Services.Oversight.ShowFinding(c.Ctx(), id)
	if err != nil {
		return err
	}
	var in auditWhyInput
	if err = c.Decode(&in); err == nil {
		ctx, proofErr := c.Proved(identity.PurposeAudit, oversight.CloseDigest(f))
		if err = proofErr; err == nil {
			err = s.cfg.Services.Oversight.CloseFinding(ctx, id, in.Why)
		}
	}
	return s.findingDone(c, "close", id, err, "flash.audit_finding_closed")
}

// findingDone leads on after a step, or shows the page again where it can be mended.
func (s *Server) findingDone(c *Ctx, form, id string, err error, flash string) error {
	if mendable(err) {
		return s.showAuditFinding(c, &mistake{form, err})
	}
	return c.doneAt(err, oversight.PathOfFinding(id), flash)
}
