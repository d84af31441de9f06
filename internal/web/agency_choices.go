package web

import (
	"context"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// Choices is what agencies chose about second signatures.
type Choices interface {
	CosignatureChoices(ctx context.Context, agency identity.AgencyID) ([]requests.ChoiceLine, error)
	// ChoiceMotions gives the choices that wait for a second registrar.
	ChoiceMotions(ctx context.Context, agency identity.AgencyID) ([]identity.Motion, error)
	ProposeChoice(ctx context.Context, agency identity.AgencyID, process string, wanted bool) error
	DecideChoice(ctx context.Context, agency identity.AgencyID, motion string, agree bool) error
}

// choiceInput is a choice. It is confirmed on a second page, since what the
// passkey signs has to be known before.
type choiceInput struct {
	Process string `form:"process" validate:"max=40" label:"choices.process" input:"select" width:"medium"`
	Wanted  string `form:"wanted" validate:"required,oneof=yes no" label:"choices.wanted" input:"radios"`
	Sure    string `form:"sure" validate:"max=3" input:"hidden"`
}

func (s *Server) choiceRoutes() []Route {
	if s.cfg.Services.Choices == nil || s.cfg.Services.Vetting == nil {
		return nil
	}
	registrar := []identity.Role{identity.Registrar}
	return []Route{
		{Method: http.MethodGet, Path: "/agencies/:id/cosignature", Name: "agency.choices", Title: "choices.title", Roles: registrar, Verb: "view_cosignature", Object: "agency", Handle: s.showChoices},
		{Method: http.MethodPost, Path: "/agencies/:id/cosignature", Name: "agency.choose", Title: "choices.title", Roles: registrar, Verb: "choose_cosignature", Object: "agency", Body: FormBody, Handle: s.chooseCosignature},
	}
}

func (s *Server) showChoices(c *Ctx) error { return s.choicesPage(c, choiceInput{}, nil) }

// choicesPage asks for a choice, or where in is sure for the passkey over it.
func (s *Server) choicesPage(c *Ctx, in choiceInput, wrong error) error {
	id, err := c.agencyID()
	if err != nil {
		return err
	}
	d, err := s.cfg.Services.Vetting.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	lines, err := s.cfg.Services.Choices.CosignatureChoices(c.Ctx(), id)
	if err != nil {
		return err
	}
	form := c.formFor(requests.ChoicesPath(id), in, wrong)
	options := []Option{{Value: "", Text: c.T("choices.every")}}
	for _, l := range lines[1:] {
		options = append(options, Option{Value: l.Process, Text: c.processName(l.Process, l.Title)})
	}
	form.Options("process", options).Options("wanted", c.yesNo())
	p, err := c.actOf("choices.title", form, "process", "wanted")
	if err != nil {
		return err
	}
	p.Crumbs = []Crumb{{c.T("agencies.title"), "/agencies"}, {d.Agency.Name, "/agencies/" + string(id)}, {p.Title, ""}}
	p.Leave = NavItem{Text: d.Agency.Name, Href: "/agencies/" + string(id)}
	p.warn(c, Caution, "choices.warning")
	waiting, err := s.cfg.Services.Choices.ChoiceMotions(c.Ctx(), id)
	if err != nil {
		return err
	}
	table := c.choiceTable(lines)
	c.proposedChoices(&table, lines, waiting)
	p.Table = &table
	if in.Sure == "yes" {
		c.confirmChoice(&p, id, in, options)
	}
	return actView.Show(c, p)
}

// confirmChoice turns the page into the question whether exactly this is meant.
func (c *Ctx) confirmChoice(p *actPage, id identity.AgencyID, in choiceInput, options []Option) {
	m := requests.ChoiceMotion(id, in.Process, in.Wanted == "yes")
	f := facts{c: c}
	for _, o := range options {
		if o.Value == in.Process {
			f.text("choices.process", o.Text)
		}
	}
	f.yes("choices.wanted", in.Wanted == "yes")
	p.Facts, p.Do = f.list, Button{Text: c.T("choices.record")}
	p.Fields = []Field{{Name: "process", ID: "process", Value: in.Process, Input: "hidden"}, {Name: "wanted", ID: "wanted", Value: in.Wanted, Input: "hidden"}, {Name: "sure", ID: "sure", Value: "yes", Input: "hidden"}}
	p.StepUp = c.StepUp(m.Purpose(), m.Proposal())
}

// choiceTable says of each process whether a second signature is wanted, and why.
func (c *Ctx) choiceTable(lines []requests.ChoiceLine) Table {
	t := Table{Caption: c.T("choices.title"), Columns: []Column{{Text: c.T("choices.process")}, {Text: c.T("choices.chosen")}, {Text: c.T("choices.routine")}, {Text: c.T("choices.emergency")}}}
	signed := func(twice, required bool) Cell {
		cell := Cell{Text: c.T("choices.once")}
		if twice {
			cell.Text = c.T("choices.twice")
		}
		if required {
			cell.Note = c.T("choices.required")
		}
		return cell
	}
	for _, l := range lines {
		name, chosen := Cell{Text: c.T("choices.every")}, c.T("choices.none")
		if l.Process != "" {
			name = Cell{Text: c.processName(l.Process, l.Title), Note: l.Process}
		}
		if l.Chosen != nil {
			chosen = c.T("choices.once")
			if *l.Chosen {
				chosen = c.T("choices.twice")
			}
		}
		t.Rows = append(t.Rows, []Cell{name, {Text: chosen}, signed(l.Routine, l.RoutineRequired), signed(l.Emergency, l.EmergencyRequired)})
	}
	return t
}

// chooseCosignature proposes an agency's choice, once it was confirmed.
func (s *Server) chooseCosignature(c *Ctx) error {
	var in choiceInput
	err := c.Decode(&in)
	if invalid(err) {
		in.Sure = ""
		return s.choicesPage(c, in, err)
	}
	id, bad := c.agencyID()
	if err != nil || bad != nil {
		return firstOf([]error{err, bad})
	}
	if in.Sure != "yes" {
		in.Sure = "yes"
		return s.choicesPage(c, in, nil)
	}
	m := requests.ChoiceMotion(id, in.Process, in.Wanted == "yes")
	ctx, err := c.Proved(m.Purpose(), m.Proposal())
	if err == nil {
		err = s.cfg.Services.Choices.ProposeChoice(ctx, id, in.Process, in.Wanted == "yes")
	}
	if err != nil && fault.KindOf(err) == fault.Invalid {
		in.Sure = ""
		return s.choicesPage(c, in, err)
	}
	return c.Done(err, requests.ChoicesPath(id), "flash.choice_proposed")
}
