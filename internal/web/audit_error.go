package web

import (
	"context"
	"net/http"
	"time"

	"lerd/internal/identity"
	"lerd/internal/oversight"
)

// errorInput is an error as it is reported.
type errorInput struct {
	What  string `form:"what" validate:"required" label:"error_report.what" input:"radios"`
	Case  string `form:"case" validate:"max=40" label:"audit_query.ref" width:"medium"`
	Body  string `form:"body" validate:"required,max=10000" label:"error_report.body" hint:"error_report.body.hint" input:"textarea" rows:"6"`
	Found string `form:"found" validate:"required,datetime=2006-01-02" label:"error_report.found" hint:"audit_query.from.hint" input:"date" width:"short" autocomplete:"off"`
}

// assessInput is the test whether an error is serious.
type assessInput struct {
	Prejudice string `form:"prejudice" validate:"required,oneof=none some significant" label:"error_report.prejudice" hint:"error_report.prejudice.hint" input:"radios"`
	Harm      string `form:"harm" validate:"required,oneof=none some significant" label:"error_report.harm" hint:"error_report.harm.hint" input:"radios"`
	Reason    string `form:"reason" validate:"required,max=4000" label:"error_report.reason" input:"textarea" rows:"4"`
}

// tellInput is whether the person affected is told.
type tellInput struct {
	Told string `form:"told" validate:"required,oneof=told not_told later" label:"error_report.told" input:"radios"`
	Why  string `form:"why" validate:"required,max=4000" label:"error_report.told_why" input:"textarea" rows:"3"`
	Ref  string `form:"ref" validate:"max=80" label:"error_report.told_ref" hint:"error_report.told_ref.hint" width:"medium"`
}

// excuseInput is counsel's reason why a serious error can be closed.
type excuseInput struct {
	Reason string `form:"reason" validate:"required,max=4000" label:"error_report.excuse.reason" hint:"error_report.excuse.hint" input:"textarea" rows:"4"`
}

func (s *Server) errorRoutes() []Route {
	show := func(path, name, title string, nav int, h Handler) Route {
		return Route{Method: http.MethodGet, Path: path, Name: name, Title: title, Roles: reporters, Verb: "report", Object: "error", Nav: nav, Handle: h}
	}
	return []Route{
		show("/errors", "error.list", "error_reports.title", 18, s.listErrors),
		show("/errors/new", "error.new", "error_report_new.title", 0, s.newError),
		{Method: http.MethodPost, Path: "/errors", Name: "error.report", Title: "error_report_new.title", Roles: reporters, Verb: "report", Object: "error", Body: FormBody, Handle: s.reportError},
		show("/errors/:id", "error.show", "error_reports.title", 0, s.errorReport),
		{Method: http.MethodPost, Path: "/errors/:id/assess", Name: "error.assess", Title: "error_reports.title", Roles: auditors, Verb: "assess", Object: "error", Body: FormBody, Handle: s.assessError},
		{Method: http.MethodPost, Path: "/errors/:id/settle", Name: "error.settle", Title: "error_reports.title", Roles: auditors, Verb: "assess", Object: "error", Body: FormBody, Handle: s.settleError},
		{Method: http.MethodPost, Path: "/errors/:id/excuse", Name: "error.excuse", Title: "error_reports.title", Roles: []identity.Role{identity.Counsel}, Verb: "excuse", Object: "error", Body: FormBody, Handle: s.excuseError},
	}
}

func (c *Ctx) errorBadge(x oversight.ErrorReport) Badge {
	switch {
	case x.Serious == nil:
		return Badge{c.T("error_report.state.reported"), Caution}
	case *x.Serious:
		return Badge{c.T("error_report.serious"), Danger}
	}
	return Badge{c.T("error_report.not_serious"), Plain}
}

func (s *Server) listErrors(c *Ctx) error {
	list, err := s.cfg.Services.Oversight.ListErrors(c.Ctx())
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("error_reports.title"), Lead: c.T("error_reports.lead"), Links: []NavItem{{Text: c.T("error_report_new.title"), Href: "/errors/new"}}}
	p.Links = append(p.Links, c.fileLink("/errors/csv")...)
	t := Table{Caption: c.T("error_reports.title"), Empty: Empty{Title: c.T("error_reports.none")},
		Columns: []Column{{Text: c.T("audit_finding.ref")}, {Text: c.T("error_report.what")}, {Text: c.T("error_report.test")}, {Text: c.T("error_report.told")}, {Text: c.T("audit_query.case")}, {Text: c.T("error_report.made")}}}
	for _, x := range list {
		badge, at, told := c.errorBadge(x), p.When(x.MadeAt), Cell{Text: "–"}
		if x.Told != "" {
			told = Cell{Text: c.T("error_report.told." + x.Told), Note: x.ToldRef}
		}
		t.Rows = append(t.Rows, []Cell{{Code: x.Ref, Href: oversight.PathOfError(x.ID)}, {Text: c.T("error_report.what." + x.What)}, {Badge: &badge}, told, c.errorCase(x), {When: &at}})
	}
	p.Tables = []Table{t}
	return auditDeskView.Show(c, p)
}

// errorCase shows the case of an error, to auditors as the way to it.
func (c *Ctx) errorCase(x oversight.ErrorReport) Cell {
	actor, _ := c.Actor()
	if x.CaseRef == "" {
		return Cell{Text: "–"}
	}
	cell := Cell{Code: x.CaseRef}
	if actor.Role == identity.Auditor {
		cell.Href = "/audit/cases/" + x.Case
	}
	return cell
}

// errorNext says who acts next on an error, to who reads it.
func (c *Ctx) errorNext(x oversight.ErrorReport) string {
	actor, _ := c.Actor()
	auditor := actor.Role == identity.Auditor
	switch {
	case x.State == oversight.Reported && x.MadeBy == actor.Person:
		return c.T("error_report.next.another")
	case x.State == oversight.Reported && auditor:
		return c.T("error_report.next.assess")
	case x.State == oversight.Reported:
		return c.T("error_report.next.auditor")
	case x.State == oversight.Assessed && auditor:
		return c.T("error_report.next.settle")
	case x.State == oversight.Assessed:
		return c.T("error_report.next.settled_by")
	}
	return c.T("error_report.next.closed")
}

func (s *Server) newError(c *Ctx) error {
	return s.showNewError(c, errorInput{Case: c.Request().URL.Query().Get("case")}, nil)
}

func (s *Server) showNewError(c *Ctx, in errorInput, wrong error) error {
	p := auditDesk{Base: c.Base("error_report_new.title"), Lead: c.T("error_report_new.lead")}
	p.Crumbs = []Crumb{{c.T("error_reports.title"), "/errors"}, {p.Title, ""}}
	var m *mistake
	if wrong != nil {
		m = &mistake{"new", wrong}
	}
	p.refusal(c, m)
	a := c.stepForm("new", "error_report_new.form", "/errors", in, "what", "case", "body", "found")
	a.Form.Options("what", c.choose("error_report.what", oversight.ErrorKinds...))
	p.Acts = []StepForm{a.erring(c, m)}
	return auditDeskView.Show(c, p)
}

func (s *Server) reportError(c *Ctx) error {
	var in errorInput
	err := c.Decode(&in)
	id := ""
	if err == nil {
		id, err = s.cfg.Services.Oversight.ReportError(c.Once(), in.What, in.Case, in.Body, day(in.Found))
	}
	if mendable(err) {
		return s.showNewError(c, in, err)
	}
	return c.Done(err, oversight.PathOfError(id), "flash.error_reported")
}

func (s *Server) errorReport(c *Ctx) error { return s.showErrorReport(c, nil) }

func (s *Server) showErrorReport(c *Ctx, wrong *mistake) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	x, err := s.cfg.Services.Oversight.ShowError(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("error_report.title", "ref", x.Ref), Badges: []Badge{c.errorBadge(x)}, Quote: lines(x.Body.Reveal()), QuoteOf: c.T("error_report.body")}
	p.Crumbs = []Crumb{{c.T("error_reports.title"), "/errors"}, {x.Ref, ""}}
	p.refusal(c, wrong)
	p.Lead = c.errorNext(x)
	f := facts{c: c}
	f.text("error_report.what", c.T("error_report.what."+x.What))
	if x.CaseRef != "" {
		f.add("audit_query.ref", c.errorCase(x))
	}
	f.text("error_report.found", c.Date(x.FoundOn))
	if err := c.errorPeople(&f, p.Base, x); err != nil {
		return err
	}
	if x.Serious != nil {
		f.text("error_report.prejudice", c.T("error_report.prejudice."+x.Prejudice))
		f.text("error_report.harm", c.T("error_report.harm."+x.Harm))
		f.text("error_report.reason", x.Reason.Reveal())
	}
	if x.Told != "" {
		f.text("error_report.told", c.T("error_report.told."+x.Told))
		f.text("error_report.told_why", x.ToldWhy.Reveal())
		f.text("error_report.told_ref", x.ToldRef)
		at, err := s.cfg.Services.Oversight.ToldOn(c.Ctx(), x)
		if err != nil {
			return err
		}
		if when := p.When(at); !at.IsZero() {
			f.add("error_report.confirmed", Cell{When: &when})
		}
	}
	reason, err := s.errorTold(c, &p, x)
	if err != nil {
		return err
	}
	if reason != nil {
		f.text("error_report.excused", reason.Reason.Reveal())
	}
	p.Facts = f.list
	p.Acts = c.errorActs(x, reason != nil, wrong)
	return auditDeskView.Show(c, p)
}

// errorPeople says who reported an error, judged it and decided about it, and when; to
// auditors, who answer for the register.
func (c *Ctx) errorPeople(f *facts, b Base, x oversight.ErrorReport) error {
	if actor, _ := c.Actor(); actor.Role != identity.Auditor {
		return nil
	}
	names, err := c.srv.plainNames(c, []identity.PersonID{x.MadeBy, x.AssessedBy, x.SettledBy})
	if err != nil {
		return err
	}
	for _, did := range []struct {
		key string
		by  identity.PersonID
		at  time.Time
	}{{"error_report.made_by", x.MadeBy, x.MadeAt}, {"error_report.assessed_by", x.AssessedBy, x.AssessedAt}, {"error_report.settled_by", x.SettledBy, x.SettledAt}} {
		if did.by != "" {
			at := b.When(did.at)
			f.add(did.key, Cell{When: &at, Note: word(names[did.by], string(did.by))})
		}
	}
	return nil
}

func (c *Ctx) errorActs(x oversight.ErrorReport, excused bool, wrong *mistake) []StepForm {
	actor, _ := c.Actor()
	if actor.Role == identity.Counsel && x.State == oversight.Assessed && *x.Serious && !excused && x.MadeBy != actor.Person {
		a := c.stepForm("excuse", "error_report.excuse", oversight.PathOfError(x.ID)+"/excuse", excuseInput{}, "reason")
		a.StepUp = c.StepUp(identity.PurposeErrorReason, oversight.ExcuseDigest(x))
		return []StepForm{a.erring(c, wrong)}
	}
	if actor.Role != identity.Auditor {
		return nil
	}
	switch {
	case x.State == oversight.Reported && x.MadeBy != actor.Person:
		a := c.stepForm("assess", "error_report.assess", oversight.PathOfError(x.ID)+"/assess", assessInput{}, "prejudice", "harm", "reason")
		a.Form.Options("prejudice", c.choose("error_report.prejudice", oversight.Degrees...)).Options("harm", c.choose("error_report.harm", oversight.Degrees...))
		a.StepUp = c.StepUp(identity.PurposeAudit, oversight.AssessDigest(x.ID))
		return []StepForm{a.erring(c, wrong)}
	case x.State == oversight.Assessed:
		a := c.stepForm("settle", "error_report.settle", oversight.PathOfError(x.ID)+"/settle", tellInput{}, "told", "why", "ref")
		a.Form.Options("told", c.choose("error_report.told", oversight.Tellings...))
		a.StepUp = c.StepUp(identity.PurposeAudit, oversight.SettleDigest(x))
		return []StepForm{a.erring(c, wrong)}
	}
	return nil
}

func (s *Server) assessError(c *Ctx) error {
	digest := func(x oversight.ErrorReport) identity.Digest { return oversight.AssessDigest(x.ID) }
	var in assessInput
	return s.errorStep(c, "assess", &in, identity.PurposeAudit, digest, "flash.error_assessed", func(ctx context.Context, id string) error {
		return s.cfg.Services.Oversight.AssessError(ctx, id, in.Prejudice, in.Harm, in.Reason)
	})
}

func (s *Server) settleError(c *Ctx) error {
	var in tellInput
	return s.errorStep(c, "settle", &in, identity.PurposeAudit, oversight.SettleDigest, "flash.error_settled", func(ctx context.Context, id string) error {
		return s.cfg.Services.Oversight.SettleError(ctx, id, in.Told, in.Why, in.Ref)
	})
}

func (s *Server) excuseError(c *Ctx) error {
	var in excuseInput
	return s.errorStep(c, "excuse", &in, identity.PurposeErrorReason, oversight.ExcuseDigest, "flash.error_excused", func(ctx context.Context, id string) error {
		return s.cfg.Services.Oversight.ExcuseError(ctx, id, in.Reason)
	})
}

// errorStep reads a form about an error into in, and takes the step under the proof
// that somebody agreed to the error as it stands.
func (s *Server) errorStep(c *Ctx, form string, in any, purpose identity.Purpose, digest func(oversight.ErrorReport) identity.Digest, flash string, step func(ctx context.Context, id string) error) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	x, err := s.cfg.Services.Oversight.ShowError(c.Ctx(), id)
	if err != nil {
		return err
	}
	if err = c.Decode(in); err == nil {
		ctx, proofErr := c.Proved(purpose, digest(x))
		if err = proofErr; err == nil {
			err = step(ctx, id)
		}
	}
	if mendable(err) {
		return s.showErrorReport(c, &mistake{form, err})
	}
	return c.doneAt(err, oversight.PathOfError(id), flash)
}
