package web

import (
	"context"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
)

// Marked is counsel's list, and how somebody leaves it.
type Marked interface {
	ListMarks(ctx context.Context) ([]fraud.Listed, error)
	ProposeUnmark(ctx context.Context, mark, why string) error
	DecideUnmark(ctx context.Context, mark string, agree bool) error
}

// unmarkInput proposes that somebody leave the list.
type unmarkInput struct {
	Which string `form:"which" validate:"required,uuid" label:"sensitive.which" input:"select"`
	Why   string `form:"reason" validate:"required,max=2000" label:"sensitive.unmark.why" input:"textarea" rows:"3"`
}

// unmarkedInput is the second counsel's word.
type unmarkedInput struct {
	Which string `form:"which" validate:"required,uuid" label:"sensitive.which" input:"hidden"`
	Word  string `form:"word" validate:"required,oneof=yes no" label:"risk.decide.word" input:"radios"`
}

// listName names an entry as it is kept: by kind, reason and the beginning of its id.
func (c *Ctx) listName(l fraud.Listed) string {
	return c.T("sensitive.why."+l.Why) + ", " + c.T("target.kind."+l.Kind) + ", " + l.ID[:8]
}

// marksTable shows the list; the names themselves are not kept.
func (c *Ctx) marksTable(list []fraud.Listed, b Base) Table {
	t := Table{Caption: c.T("sensitive.list"), Empty: Empty{Title: c.T("sensitive.list.none")}, Columns: []Column{{Text: c.T("sensitive.which")}, {Text: c.T("sensitive.why")}, {Text: c.T("sensitive.since")}, {Text: c.T("sensitive.removal")}}}
	for _, l := range list {
		at, removal := b.When(l.AddedAt), Cell{Text: "—"}
		if l.Waits() {
			removal = Cell{Text: c.T("sensitive.removal.waits"), Note: l.Removal.Why.Reveal()}
		}
		t.Rows = append(t.Rows, []Cell{{Code: l.ID[:8], Note: c.T("target.kind." + l.Kind)}, {Text: c.T("sensitive.why." + l.Why)}, {When: &at}, removal})
	}
	return t
}

// unmarkActs are the steps by which somebody leaves the list.
func (c *Ctx) unmarkActs(list []fraud.Listed) (acts []StepForm) {
	actor, _ := c.Actor()
	options := []Option{{Value: "", Text: c.T("form.choose")}}
	for _, l := range list {
		switch {
		case !l.Waits():
			options = append(options, Option{Value: l.ID, Text: c.listName(l)})
		case l.Removal.ProposedBy != actor.Person:
			a := c.stepForm("unmarked-"+l.ID[:8], "sensitive.unmarked", "/sensitive/unmarked", unmarkedInput{Which: l.ID}, "which", "word")
			a.Form.Options("word", c.choose("sensitive.word", "yes", "no"))
			a.Facts = []Fact{{Name: c.T("sensitive.which"), Cell: Cell{Text: c.listName(l), Note: l.Removal.Why.Reveal()}}}
			a.StepUp = c.StepUp(identity.PurposeRights, fraud.RemovalDigest(l.Removal))
			acts = append(acts, a)
		}
	}
	if len(options) > 1 {
		a := c.stepForm("unmark", "sensitive.unmark", "/sensitive/unmark", unmarkInput{}, "which", "reason")
		a.Form.Options("which", options)
		acts = append(acts, a)
	}
	return acts
}

func (s *Server) proposeUnmark(c *Ctx) error {
	var in unmarkInput
	err := c.Decode(&in)
	if err == nil {
		err = s.cfg.Services.Fraud.ProposeUnmark(c.Once(), in.Which, in.Why)
	}
	if mendable(err) {
		return s.sensitiveDesk(c, sensitiveInput{}, nil, &mistake{"unmark", err})
	}
	return c.doneAt(err, "/sensitive", "flash.unmark_proposed")
}

func (s *Server) decideUnmark(c *Ctx) error {
	var in unmarkedInput
	if err := c.Decode(&in); err != nil {
		if mendable(err) && len(in.Which) == 36 {
			return s.sensitiveDesk(c, sensitiveInput{}, nil, &mistake{"unmarked-" + in.Which[:8], err})
		}
		return err
	}
	list, err := s.cfg.Services.Fraud.ListMarks(c.Ctx())
	if err != nil {
		return err
	}
	ctx := c.Once()
	for _, l := range list {
		if l.ID == in.Which && in.Word == "yes" {
			if ctx, err = c.Proved(identity.PurposeRights, fraud.RemovalDigest(l.Removal)); err != nil {
				return err
			}
		}
	}
	err = s.cfg.Services.Fraud.DecideUnmark(ctx, in.Which, in.Word == "yes")
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return notFound()
	}
	return c.doneAt(err, "/sensitive", "flash.unmark_decided")
}
