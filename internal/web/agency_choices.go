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
	ChoiceDigest(ctx context.Context, agency identity.AgencyID, process string, wanted bool) (identity.Digest, error)
	ChooseCosignature(ctx context.Context, agency identity.AgencyID, process string, wanted bool) error
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
	table := c.choiceTable(lines)
	p.Table = &table
	if in.Sure == "yes" {
		err = s.confirmChoice(c, &p, id, in, options)
	}
	if err != nil {
		return err
	}
	return actView.Show(c, p)
}

// confirmChoice turns the page into the question whether exactly this is meant.
func (s *Server) confirmChoice(c *Ctx, p *actPage, id identity.AgencyID, in choiceInput, options []Option) error {
	digest, err := s.cfg.Services.Choices.ChoiceDigest(c.Ctx(), id, in.Process, in.Wanted == "yes")
	if err != nil {
		return err
	}
	f := facts{c: c}
	for _, o := range options {
		if o.Value == in.Process {
			f.text("choices.process", o.Text)
		}
	}
	f.yes("choices.wanted", in.Wanted == "yes")
	p.Facts, p.Do = f.list, Button{Text: c.T("choices.record")}
	p.Fields = []Field{{Name: "process", ID: "process", Value: in.Process, Input: "hidden"}, {Name: "wanted", ID: "wanted", Value: in.Wanted, Input: "hidden"}, {Name: "sure", ID: "sure", Value: "yes", Input: "hidden"}}
	p.StepUp = c.StepUp(identity.PurposeActivateAgency, digest)
	return nil
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

// chooseCosignature records an agency's choice, once it was confirmed.
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
	digest, err := s.cfg.Services.Choices.ChoiceDigest(c.Ctx(), id, in.Process, in.Wanted == "yes")
	if err != nil {
		return err
	}
	ctx, err := c.Proved(identity.PurposeActivateAgency, digest)
	if err == nil {
		err = s.cfg.Services.Choices.ChooseCosignature(ctx, id, in.Process, in.Wanted == "yes")
	}
	if err != nil && fault.KindOf(err) == fault.Invalid {
		in.Sure = ""
		return s.choicesPage(c, in, err)
	}
	return c.Done(err, requests.ChoicesPath(id), "flash.choice_recorded")
}
