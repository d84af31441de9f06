package web

import (
	"context"
	"net/http"
	"strconv"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/retention"
)

// Retention erases when the time has come, and keeps what counsel holds;
// *retention.Service fulfils it.
type Retention interface {
	Look(ctx context.Context) (retention.Overview, error)
	Of(ctx context.Context, id requests.ID) (retention.Sheet, error)
	Place(ctx context.Context, id requests.ID, why string) (retention.Hold, error)
	ProposeLift(ctx context.Context, hold, why string) error
	Lift(ctx context.Context, hold string, agree bool) error
}

// keepInput places a legal hold.
type keepInput struct {
	Why string `form:"why" validate:"required,max=2000" label:"hold.why" hint:"hold.why.hint" input:"textarea" rows:"3"`
}

// unkeepInput asks that a legal hold end.
type unkeepInput struct {
	Hold string `form:"hold" validate:"required,uuid" label:"hold.which" input:"hidden"`
	Why  string `form:"why" validate:"required,max=2000" label:"lift.why" input:"textarea" rows:"3"`
}

// unkeptInput is the second person's word.
type unkeptInput struct {
	Hold string `form:"hold" validate:"required,uuid" label:"hold.which" input:"hidden"`
	Word string `form:"word" validate:"required,oneof=yes no" label:"risk.decide.word" input:"radios"`
}

func (s *Server) retentionRoutes() []Route {
	if s.cfg.Services.Retention == nil {
		return nil
	}
	readers, lifters := []identity.Role{identity.Counsel, identity.Approver, identity.Auditor}, []identity.Role{identity.Counsel, identity.Approver}
	row := func(method, path, name string, roles []identity.Role, verb string, nav int, h Handler) Route {
		r := Route{Method: method, Path: path, Name: name, Title: "retention.title", Roles: roles, Verb: access.Verb(verb), Object: "retention", Nav: nav, Handle: h}
		if method == http.MethodPost {
			r.Body = FormBody
		}
		return r
	}
	return []Route{
		row(http.MethodGet, "/retention", "retention.list", readers, "view", 90, s.showRetention),
		row(http.MethodGet, "/retention/:id", "retention.show", readers, "view", 0, s.showKept),
		row(http.MethodPost, "/retention/:id/hold", "retention.hold", counsels, "hold", 0, s.placeHold),
		row(http.MethodPost, "/retention/:id/lift", "retention.lift", lifters, "lift", 0, s.liftHold),
		row(http.MethodPost, "/retention/:id/lifted", "retention.lifted", lifters, "lift", 0, s.liftedHold),
	}
}

func keptPath(id requests.ID) string { return "/retention/" + string(id) }

func (s *Server) showRetention(c *Ctx) error {
	o, err := s.cfg.Services.Retention.Look(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("retention.title"), Lead: c.T("retention.lead")}
	p.Tables = []Table{c.classTable(o), c.dueTable(o, p.Base), c.holdTable(o.Holds, p.Base), c.erasureTable(o.Erasures, p.Base)}
	return deskView.Show(c, p)
}

func (c *Ctx) classTable(o retention.Overview) Table {
	t := Table{Caption: c.T("retention.classes"), Columns: []Column{{Text: c.T("retention.class")}, {Text: c.T("retention.days")}, {Text: c.T("retention.since")}, {Text: c.T("retention.why")}}}
	for _, k := range o.Classes {
		t.Rows = append(t.Rows, []Cell{{Text: k.Name}, {Text: strconv.Itoa(o.Terms[k.ID].Days)}, {Text: k.Since}, {Text: k.Why, Note: k.Source}})
	}
	return t
}

func (c *Ctx) dueTable(o retention.Overview, b Base) Table {
	t := Table{Caption: c.T("retention.due"), Empty: Empty{Title: c.T("retention.due.none")}, Columns: []Column{{Text: c.T("retention.subject")}, {Text: c.T("retention.class")}, {Text: c.T("retention.at")}, {Text: c.T("risk.state")}}}
	for _, d := range o.Due {
		at, badge := b.When(d.At), Badge{c.T("retention.waits"), Plain}
		if d.Held {
			badge = Badge{c.T("retention.held"), Caution}
		}
		t.Rows = append(t.Rows, []Cell{c.subjectCell(d.Class, d.Subject, d.Ref), {Text: c.T("retention.class." + string(d.Class))}, {When: &at}, {Badge: &badge}})
	}
	return t
}

// subjectCell links a case; a finding and a person have no page here.
func (c *Ctx) subjectCell(class retention.ClassID, subject, ref string) Cell {
	if class == retention.Person {
		return Cell{Text: word(ref, subject[:8])}
	}
	if class == retention.Finding {
		return Cell{Code: subject[:8]}
	}
	return Cell{Text: ref, Href: "/retention/" + subject}
}

func (c *Ctx) holdTable(list []retention.Hold, b Base) Table {
	t := Table{Caption: c.T("retention.holds"), Empty: Empty{Title: c.T("retention.holds.none")}, Columns: []Column{{Text: c.T("retention.subject")}, {Text: c.T("hold.why")}, {Text: c.T("retention.placed")}, {Text: c.T("risk.state")}}}
	for _, h := range list {
		at, badge := b.When(h.PlacedAt), c.holdBadge(h.State)
		t.Rows = append(t.Rows, []Cell{{Text: h.Ref, Href: keptPath(h.Request)}, {Text: h.Reason.Reveal()}, {When: &at}, {Badge: &badge}})
	}
	return t
}

func (c *Ctx) holdBadge(state string) Badge {
	tone := map[string]Tone{retention.Placed: Caution, retention.Lifting: Caution, retention.Lifted: Plain}[state]
	return Badge{c.T("hold.state." + state), tone}
}

func (c *Ctx) erasureTable(list []retention.Erasure, b Base) Table {
	t := Table{Caption: c.T("retention.erasures"), Empty: Empty{Title: c.T("retention.erasures.none")}, Columns: []Column{{Text: c.T("retention.subject")}, {Text: c.T("retention.class")}, {Text: c.T("retention.at")}, {Text: c.T("retention.made")}, {Text: c.T("retention.files")}}}
	for _, e := range list {
		due, made, files := b.When(e.DueAt), b.When(e.MadeAt), Cell{Text: c.T("retention.files.waiting")}
		if !e.FilesGoneAt.IsZero() {
			gone := b.When(e.FilesGoneAt)
			files = Cell{When: &gone}
		}
		t.Rows = append(t.Rows, []Cell{c.subjectCell(e.Class, e.Subject, e.Ref), {Text: c.T("retention.class." + string(e.Class))}, {When: &due}, {When: &made}, files})
	}
	return t
}

func (s *Server) showKept(c *Ctx) error { return s.showKeptPage(c, nil) }

func (s *Server) showKeptPage(c *Ctx, wrong *mistake) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	sh, err := s.cfg.Services.Retention.Of(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("retention.of", "ref", sh.Ref), Lead: c.T("retention.of.lead")}
	p.Crumbs = []Crumb{{c.T("retention.title"), "/retention"}, {sh.Ref, ""}}
	p.Problems = wrong != nil
	if wrong != nil && len(fault.ProblemsOf(wrong.err)) == 0 {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("review.not_done"), Text: c.Say(fault.Message(wrong.err))})
		c.status = fault.Status(wrong.err)
	}
	f := facts{c: c}
	if sh.ClosedAt.IsZero() {
		f.text("retention.closed", c.T("retention.open"))
	} else {
		at := p.When(sh.ClosedAt)
		f.add("retention.closed", Cell{When: &at})
		for _, class := range []retention.ClassID{retention.Records, retention.Case} {
			due := p.When(sh.Due[class])
			f.add("retention.due."+string(class), Cell{When: &due})
		}
	}
	p.Facts = f.list
	p.Tables = []Table{c.holdTable(sh.Holds, p.Base), c.erasureTable(sh.Erasures, p.Base)}
	p.Acts = c.keepActs(id, sh, wrong)
	return deskView.Show(c, p)
}

func (c *Ctx) keepActs(id requests.ID, sh retention.Sheet, wrong *mistake) (acts []StepForm) {
	me, _ := c.Actor()
	if me.Role == identity.Counsel && !sh.Held() {
		a := c.stepForm("hold", "hold", keptPath(id)+"/hold", keepInput{}, "why")
		a.StepUp = c.StepUp(identity.PurposeRetain, retention.HoldDigest(id))
		acts = append(acts, a.erring(c, wrong))
	}
	for _, h := range sh.Holds {
		switch {
		case me.Role == identity.Auditor:
		case h.State == retention.Placed:
			acts = append(acts, c.stepForm("unhold", "unhold", keptPath(id)+"/lift", unkeepInput{Hold: h.ID}, "hold", "why").erring(c, wrong))
		case h.State == retention.Lifting && h.LiftBy != me.Person:
			a := c.stepForm("unheld", "unheld", keptPath(id)+"/lifted", unkeptInput{Hold: h.ID}, "hold", "word")
			a.Note = c.T("unheld.asks", "why", h.LiftReason.Reveal())
			a.Form.Options("word", c.choose("risk.word", "yes", "no"))
			a.StepUp = c.StepUp(identity.PurposeRetain, retention.LiftDigest(h.ID))
			acts = append(acts, a.erring(c, wrong))
		}
	}
	return acts
}

func (s *Server) placeHold(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in keepInput
	if err = c.Decode(&in); err == nil {
		ctx, proofErr := c.Proved(identity.PurposeRetain, retention.HoldDigest(id))
		if err = proofErr; err == nil {
			_, err = s.cfg.Services.Retention.Place(ctx, id, in.Why)
		}
	}
	if mendable(err) {
		return s.showKeptPage(c, &mistake{"hold", err})
	}
	return c.doneAt(err, keptPath(id), "flash.held")
}

func (s *Server) liftHold(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in unkeepInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Retention.ProposeLift(c.Once(), in.Hold, in.Why)
	}
	if mendable(err) {
		return s.showKeptPage(c, &mistake{"unhold", err})
	}
	return c.doneAt(err, keptPath(id), "flash.lift_proposed")
}

func (s *Server) liftedHold(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in unkeptInput
	if err = c.Decode(&in); err == nil {
		ctx := c.Once()
		if in.Word == "yes" {
			ctx, err = c.Proved(identity.PurposeRetain, retention.LiftDigest(in.Hold))
		}
		if err == nil {
			err = s.cfg.Services.Retention.Lift(ctx, in.Hold, in.Word == "yes")
		}
	}
	if mendable(err) {
		return s.showKeptPage(c, &mistake{"unheld", err})
	}
	return c.doneAt(err, keptPath(id), "flash.lift_decided")
}
