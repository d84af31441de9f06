package web

import (
	"context"
	"net/http"

	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// Forgeries is the register of known forgeries.
type Forgeries interface {
	MarkForged(ctx context.Context, id requests.ID, why string) error
	ListForgeries(ctx context.Context) ([]fraud.Registered, error)
	ProposeTakeOff(ctx context.Context, forgery, why string) error
	DecideTakeOff(ctx context.Context, forgery string, agree bool) error
}

// forgedInput enters a case's order into the register.
type forgedInput struct {
	Why string `form:"why" validate:"required" label:"forgery.why" input:"select"`
}

// takeOffInput proposes that a document leave the register.
type takeOffInput struct {
	Which string `form:"which" validate:"required,uuid" label:"forgery.which" input:"select"`
	Why   string `form:"reason" validate:"required,max=2000" label:"forgery.off.why" input:"textarea" rows:"3"`
}

// takenOffInput is counsel's word on it.
type takenOffInput struct {
	Which string `form:"which" validate:"required,uuid" label:"forgery.which" input:"hidden"`
	Word  string `form:"word" validate:"required,oneof=yes no" label:"risk.decide.word" input:"radios"`
}

func (s *Server) forgeryRoutes() []Route {
	if s.cfg.Services.Fraud == nil {
		return nil
	}
	readers := []identity.Role{identity.Reviewer, identity.Counsel, identity.Registrar, identity.Auditor}
	return []Route{
		{Method: http.MethodPost, Path: "/review/:id/risk/forgery", Name: "risk.forgery", Title: "risk.title", Roles: riskReaders, Verb: "mark", Object: "forgery", Body: FormBody, Handle: s.markForged},
		{Method: http.MethodGet, Path: "/forgeries", Name: "forgery.list", Title: "forgeries.title", Roles: readers, Verb: "list", Object: "forgery", Nav: 85, Handle: s.listForgeries},
		{Method: http.MethodPost, Path: "/forgeries/off", Name: "forgery.off", Title: "forgeries.title", Roles: readers[:3], Verb: "mark", Object: "forgery", Body: FormBody, Handle: s.proposeTakeOff},
		{Method: http.MethodPost, Path: "/forgeries/taken", Name: "forgery.taken", Title: "forgeries.title", Roles: counsels, Verb: "lift", Object: "forgery", Body: FormBody, Handle: s.decideTakeOff},
	}
}

// forged is the form that enters the case's order into the register.
func (r riskSheet) forged() StepForm {
	a := r.act("forgery", "forgery.mark", forgedInput{}, "why")
	a.Form.Options("why", append([]Option{{Value: "", Text: r.c.T("form.choose")}}, r.c.choose("forgery.why", fraud.ForgeryWhys...)...))
	return a
}

func (s *Server) markForged(c *Ctx) error {
	var in forgedInput
	return s.riskStep(c, "forgery", &in, func(ctx context.Context, id requests.ID) error {
		return s.cfg.Services.Fraud.MarkForged(ctx, id, in.Why)
	})
}

func (s *Server) listForgeries(c *Ctx) error { return s.forgeryDesk(c, nil) }

// forgeryDesk shows the register of known forgeries, with what the reader may do.
func (s *Server) forgeryDesk(c *Ctx, wrong *mistake) error {
	list, err := s.cfg.Services.Fraud.ListForgeries(c.Ctx())
	if err != nil {
		return err
	}
	people := []identity.PersonID{}
	for _, f := range list {
		people = append(people, f.AddedBy)
	}
	names, err := s.namesOf(c, people...)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("forgeries.title"), Lead: c.T("forgeries.lead")}
	p.Problems = wrong != nil
	p.Tables = []Table{c.forgeryTable(list, p.Base, names)}
	for _, a := range c.takeOffActs(list) {
		p.Acts = append(p.Acts, a.erring(c, wrong))
	}
	return deskView.Show(c, p)
}

func (c *Ctx) forgeryTable(list []fraud.Registered, b Base, by names) Table {
	t := Table{Caption: c.T("forgeries.all"), Empty: Empty{Title: c.T("forgeries.none")},
		Columns: []Column{{Text: c.T("forgery.which")}, {Text: c.T("forgery.why")}, {Text: c.T("forgery.request")}, {Text: c.T("forgery.by")}, {Text: c.T("forgery.at")}, {Text: c.T("forgery.removal")}}}
	actor, _ := c.Actor()
	for _, f := range list {
		at, removal := b.When(f.AddedAt), Cell{Text: "—"}
		if f.Removal.ID != "" {
			removal = Cell{Text: c.T("forgery.removal." + f.Removal.State), Note: f.Removal.Why.Reveal()}
		}
		request := Cell{Text: f.Ref, Note: f.AgencyName}
		if actor.Role == identity.Reviewer || actor.Role == identity.Counsel {
			request.Href = riskPath(f.Request)
		}
		t.Rows = append(t.Rows, []Cell{{Code: f.ID[:8]}, {Text: c.T("forgery.why." + f.Why)}, request, {Text: by.name(f.AddedBy)}, {When: &at}, removal})
	}
	return t
}

// takeOffActs are the steps by which a document leaves the register.
func (c *Ctx) takeOffActs(list []fraud.Registered) (acts []StepForm) {
	actor, _ := c.Actor()
	options := []Option{{Value: "", Text: c.T("form.choose")}}
	for _, f := range list {
		name := f.ID[:8] + ", " + f.Ref
		switch {
		case !f.Waits():
			options = append(options, Option{Value: f.ID, Text: name})
		case f.Removal.ProposedBy != actor.Person && actor.Role == identity.Counsel:
			a := c.stepForm("taken-"+f.ID[:8], "forgery.taken", "/forgeries/taken", takenOffInput{Which: f.ID}, "which", "word")
			a.Form.Options("word", c.choose("forgery.word", "yes", "no"))
			a.Facts = []Fact{{Name: c.T("forgery.which"), Cell: Cell{Text: name, Note: f.Removal.Why.Reveal()}}}
			a.StepUp = c.StepUp(identity.PurposeForgery, fraud.ForgeryRemovalDigest(f.Removal))
			acts = append(acts, a)
		}
	}
	if len(options) > 1 && actor.Role != identity.Auditor {
		a := c.stepForm("off", "forgery.off", "/forgeries/off", takeOffInput{}, "which", "reason")
		a.Form.Options("which", options)
		acts = append(acts, a)
	}
	return acts
}

func (s *Server) proposeTakeOff(c *Ctx) error {
	var in takeOffInput
	err := c.Decode(&in)
	if err == nil {
		err = s.cfg.Services.Fraud.ProposeTakeOff(c.Once(), in.Which, in.Why)
	}
	if mendable(err) {
		return s.forgeryDesk(c, &mistake{"off", err})
	}
	return c.doneAt(err, "/forgeries", "flash.take_off_proposed")
}

func (s *Server) decideTakeOff(c *Ctx) error {
	var in takenOffInput
	if err := c.Decode(&in); err != nil {
		if mendable(err) && len(in.Which) == 36 {
			return s.forgeryDesk(c, &mistake{"taken-" + in.Which[:8], err})
		}
		return err
	}
	list, err := s.cfg.Services.Fraud.ListForgeries(c.Ctx())
	if err != nil {
		return err
	}
	ctx := c.Once()
	for _, f := range list {
		if f.ID == in.Which && in.Word == "yes" {
			if ctx, err = c.Proved(identity.PurposeForgery, fraud.ForgeryRemovalDigest(f.Removal)); err != nil {
				return err
			}
		}
	}
	err = s.cfg.Services.Fraud.DecideTakeOff(ctx, in.Which, in.Word == "yes")
	if mendable(err) {
		return s.forgeryDesk(c, &mistake{"taken-" + in.Which[:8], err})
	}
	return c.doneAt(err, "/forgeries", "flash.take_off_decided")
}
