package web

import (
	"lerd/internal/identity"
	"lerd/internal/usernotice"
)

func (c *Ctx) gagID() (usernotice.GagID, error) {
	id, err := c.UUIDParam("id")
	return usernotice.GagID(id), err
}

func (s *Server) showGag(c *Ctx) error { return s.gagDesk(c, gagStepInput{}, nil) }

func (s *Server) gagDesk(c *Ctx, in gagStepInput, wrong error) error {
	id, err := c.gagID()
	if err != nil {
		return err
	}
	g, err := s.cfg.Services.Gags.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("gag.title"), Badges: []Badge{c.gagBadge(g.Gag)}}
	p.Crumbs = []Crumb{{c.T("gags.title"), gagsPath}, {g.Ref, ""}}
	p.Problems = wrong != nil
	p.Facts = c.gagFacts(p.Base, g)
	p.Tables = []Table{c.gagStepsTable(p.Base, g), c.userNoticesTable(p.Base, g.Notices)}
	if actor, _ := c.Actor(); actor.Role == identity.Counsel && g.State == usernotice.Running {
		a := c.stepForm("step", "gag.step", usernotice.PathOf(id), in, "kind", "reference", "ends_on", "review_on", "why")
		a.Form.Options("kind", c.choose("gag.kind", string(usernotice.Renewed), string(usernotice.Reviewed), string(usernotice.Lifted)))
		if wrong != nil {
			c.again(a.Form, wrong)
		}
		p.Acts = []StepForm{a}
	}
	return deskView.Show(c, p)
}

func (c *Ctx) gagFacts(b Base, g usernotice.GagFile) []Fact {
	f := facts{c: c}
	f.add("gag.case", Cell{Code: g.Ref, Href: reviewPath(g.Request), Note: g.Process})
	f.text("gag.source", c.T("gag.source."+string(g.Source)))
	f.text("gag.reference", g.Reference)
	f.text("gag.basis", g.Basis)
	f.add("gag.begins", c.dayCell(b, g.Begins, "gag.no_end"))
	f.add("gag.ends", c.dayCell(b, g.Ends, "gag.no_end"))
	f.add("gag.review", c.dayCell(b, g.Review, "gag.no_review"))
	if g.State == usernotice.Ended {
		f.add("gag.ended_at", c.dayCell(b, g.EndedAt, "gag.no_end"))
	}
	for _, o := range g.Others {
		badge := c.gagBadge(o)
		f.add("gag.other", Cell{Text: o.Reference, Href: usernotice.PathOf(o.ID), Badge: &badge})
	}
	return f.list
}

func (c *Ctx) gagStepsTable(b Base, g usernotice.GagFile) Table {
	t := Table{Caption: c.T("gag.steps"), Empty: Empty{Title: c.T("gag.steps.none")},
		Columns: []Column{{Text: c.T("gag.step.at")}, {Text: c.T("gag.step.what")}, {Text: c.T("gag.reference")}, {Text: c.T("gag.ends")}, {Text: c.T("gag.review")}}}
	for _, st := range g.Taken {
		at := b.When(st.At)
		t.Rows = append(t.Rows, []Cell{{When: &at}, {Text: c.T("gag.kind." + string(st.Kind)), Note: st.Why.Reveal()}, {Text: word(st.Reference, "–")},
			c.dayCell(b, st.Ends, "gag.no_end"), c.dayCell(b, st.Review, "gag.no_review")})
	}
	return t
}

// userNoticesTable says what the users of a case are told, and when.
func (c *Ctx) userNoticesTable(b Base, list []usernotice.Notice) Table {
	t := Table{Caption: c.T("user_notices.caption"), Empty: Empty{Title: c.T("user_notices.none"), Text: c.T("user_notices.none.text")},
		Columns: []Column{{Text: c.T("user_notices.ref")}, {Text: c.T("user_notices.rule")}, {Text: c.T("user_notices.state")}, {Text: c.T("user_notices.due")}, {Text: c.T("user_notices.delivered")}}}
	for _, n := range list {
		due := b.When(n.Due)
		t.Rows = append(t.Rows, []Cell{{Code: n.Ref}, {Text: c.T("user_notices.rule." + n.Rule)}, {Text: c.T("user_notices.state." + string(n.State)), Note: c.T("user_notices.attempts", "n", n.Attempts)},
			{When: &due}, c.dayCell(b, n.DeliveredAt, "user_notices.not_yet")})
	}
	return t
}

// stepGag reads a step back before it is signed.
func (s *Server) stepGag(c *Ctx) error {
	id, err := c.gagID()
	if err != nil {
		return err
	}
	var in gagStepInput
	var st usernotice.GagStep
	if err = c.Decode(&in); err == nil {
		st, err = s.cfg.Services.Gags.Step(c.Ctx(), id, in.step())
	}
	switch {
	case invalid(err):
		return s.gagDesk(c, in, err)
	case err != nil:
		return c.doneAt(err, usernotice.PathOf(id), "")
	case in.Do != "sign":
		return s.readBackStep(c, st)
	}
	ctx, err := c.Proved(identity.PurposeGag, usernotice.StepDigest(st))
	if err == nil {
		err = s.cfg.Services.Gags.Take(ctx, id, in.step())
	}
	return c.doneAt(err, usernotice.PathOf(id), "flash.gag_step")
}

func (s *Server) readBackStep(c *Ctx, st usernotice.GagStep) error {
	path := usernotice.PathOf(st.Gag)
	p, err := c.actOf("gag.check_step", c.bare(path))
	if err != nil {
		return err
	}
	p.Crumbs = []Crumb{{c.T("gags.title"), gagsPath}, {c.T("gag.title"), path}, {p.Title, ""}}
	p.Leave = NavItem{Text: c.T("act.back"), Href: path}
	p.Fields = c.carried()
	f := facts{c: c}
	f.text("gag.step.what", c.T("gag.kind."+string(st.Kind)))
	f.text("gag.reference", word(st.Reference, "–"))
	if st.Kind != usernotice.Lifted {
		f.add("gag.ends", c.dayCell(p.Base, st.Ends, "gag.no_end"))
		f.add("gag.review", c.dayCell(p.Base, st.Review, "gag.no_review"))
	}
	p.Facts = f.list
	p.StepUp = c.StepUp(identity.PurposeGag, usernotice.StepDigest(st))
	return actView.Show(c, p)
}
