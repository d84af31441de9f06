package web

import (
	"context"
	"slices"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// narrowInput is what is asked of each account from now on.
type narrowInput struct {
	Targets []narrowRow `form:"targets" limit:"100"`
	Why     string      `form:"why" validate:"required" label:"narrow.why" input:"textarea" rows:"2"`
	Do      string      `form:"do" label:"narrow.why" input:"hidden"`
}

// narrowTime is how the form shows and takes times, in UTC.
const narrowTime = "2006-01-02 15:04"

// narrowRow is one account.
type narrowRow struct {
	Categories []string `form:"categories" label:"request.t.categories" hint:"narrow.categories.hint" input:"checkboxes"`
	From       string   `form:"from" validate:"max=40" label:"narrow.from" width:"medium" autocomplete:"off"`
	To         string   `form:"to" validate:"max=40" label:"narrow.to" width:"medium" autocomplete:"off"`
}

func (s *Server) askNarrowing(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	return s.showNarrowing(c, cs, narrowedFrom(cs), nil)
}

// narrowedFrom fills the form with what is asked now.
func narrowedFrom(cs requests.Case) narrowInput {
	var in narrowInput
	for _, t := range cs.Request.Targets {
		row := narrowRow{From: t.From.UTC().Format(narrowTime), To: t.To.UTC().Format(narrowTime)}
		for _, cat := range requests.Categories {
			if t.Wants(cat) {
				row.Categories = append(row.Categories, string(cat))
			}
		}
		in.Targets = append(in.Targets, row)
	}
	return in
}

func (s *Server) showNarrowing(c *Ctx, cs requests.Case, in narrowInput, wrong error) error {
	if !can(cs.Request.State, requests.NarrowRequest, identity.Officer) {
		return fault.New(fault.Conflict, "%s", c.T("narrow.over"))
	}
	path := requests.PathOf(cs.Request.ID)
	in.Do = "check"
	form := c.formFor(path+"/narrow", in, wrong)
	p, err := c.actOf("narrow.title", form)
	if err != nil {
		return err
	}
	for i, t := range cs.Request.Targets {
		if err := s.narrowFields(c, &p, form, i, t); err != nil {
			return err
		}
	}
	for _, name := range []string{"why", "do"} {
		f, err := form.Field(name)
		if err != nil {
			return err
		}
		p.Fields = append(p.Fields, f)
	}
	s.narrowPage(c, &p, cs)
	p.warn(c, Info, "narrow.warning")
	return actView.Show(c, p)
}

func (s *Server) narrowPage(c *Ctx, p *actPage, cs requests.Case) {
	path := requests.PathOf(cs.Request.ID)
	p.Zone = zoneOf(cs.Agency)
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {cs.Request.Ref, path}, {p.Title, ""}}
	p.Leave = NavItem{Text: c.T("act.back"), Href: path}
}

// narrowFields are the fields of one account; one that was taken out has none.
func (s *Server) narrowFields(c *Ctx, p *actPage, form *Form, i int, t requests.Target) error {
	if t.Dropped() {
		return nil
	}
	name := "targets-" + itoa(i) + "-"
	var options []Option
	for _, cat := range requests.Categories {
		if t.Wants(cat) {
			options = append(options, Option{Value: string(cat), Text: c.T("category." + string(cat))})
		}
	}
	form.Options(name+"categories", options)
	for _, part := range []string{"categories", "from", "to"} {
		f, err := form.Field(name + part)
		if err != nil {
			return err
		}
		f.Optional, f.Label = "", c.T("narrow.of", "what", f.Label, "account", c.T("request.target", "number", t.Ordinal))
		p.Fields = append(p.Fields, f)
	}
	return nil
}

// inputs gives what was typed as the domain reads it.
func (in narrowInput) inputs(cs requests.Case) []requests.NarrowInput {
	var out []requests.NarrowInput
	for i, t := range cs.Request.Targets {
		if i < len(in.Targets) {
			row := in.Targets[i]
			out = append(out, requests.NarrowInput{Target: t.Ref(), WantPhone: slices.Contains(row.Categories, string(requests.PhoneNumber)),
				WantIP: slices.Contains(row.Categories, string(requests.IPAddress)), From: row.From, To: row.To, Zone: "UTC"})
		}
	}
	return out
}

// narrowRequest shows how a narrowing was read, and takes it once it is signed.
func (s *Server) narrowRequest(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in narrowInput
	var items []requests.AmendmentItem
	if err = c.Decode(&in); err == nil {
		items, err = s.cfg.Services.Changes.Amendment(cs, in.inputs(cs))
	}
	switch {
	case err == nil && in.Do != "sign":
		return s.showNarrowed(c, cs, items)
	case invalid(err) && in.Do == "sign": // also what a form says that was sent before
		err = s.cfg.Services.Changes.NarrowOwn(c.Once(), cs.Request.ID, in.inputs(cs), in.Why)
	case err == nil:
		var ctx context.Context
		if ctx, err = c.Proved(identity.PurposeSubmit, requests.AmendmentDigest(cs, items)); err == nil {
			err = s.cfg.Services.Changes.NarrowOwn(ctx, cs.Request.ID, in.inputs(cs), in.Why)
		}
	}
	if invalid(err) {
		return s.showNarrowing(c, cs, in, err)
	}
	return c.Done(err, requests.PathOf(cs.Request.ID), "flash.request_narrowed")
}

// showNarrowed asks for the signature under exactly what was read.
func (s *Server) showNarrowed(c *Ctx, cs requests.Case, items []requests.AmendmentItem) error {
	p, err := c.actOf("narrow.check", c.bare(requests.PathOf(cs.Request.ID)+"/narrow"))
	if err != nil {
		return err
	}
	for name, list := range c.values {
		for _, v := range list {
			if name != keyField && name != "do" {
				p.Fields = append(p.Fields, Field{Name: name, Value: v, Input: "hidden"})
			}
		}
	}
	p.Fields = append(p.Fields, Field{Name: "do", Value: "sign", Input: "hidden"})
	s.narrowPage(c, &p, cs)
	p.Table = c.narrowTable(cs, items)
	p.StepUp = c.StepUp(identity.PurposeSubmit, requests.AmendmentDigest(cs, items))
	return actView.Show(c, p)
}

// narrowTable sets side by side what was asked and what is still asked.
func (c *Ctx) narrowTable(cs requests.Case, items []requests.AmendmentItem) *Table {
	t := Table{Caption: c.T("narrow.read"), Columns: []Column{{Text: c.T("results.account")}, {Text: c.T("narrow.before")}, {Text: c.T("narrow.after")}}}
	for _, target := range cs.Request.Targets {
		for _, it := range items {
			if it.Target == target.ID {
				before := requests.Scope{WantPhone: target.WantPhone, WantIP: target.WantIP, From: target.From, To: target.To}
				t.Rows = append(t.Rows, []Cell{c.targetCell(target), c.scopeCell(before), c.scopeCell(it.Scope)})
			}
		}
	}
	return &t
}

func (c *Ctx) scopeCell(s requests.Scope) Cell {
	var cats []string
	for _, cat := range requests.Categories {
		if s.Wants(cat) {
			cats = append(cats, c.T("category."+string(cat)))
		}
	}
	if len(cats) == 0 {
		return Cell{Text: c.T("narrow.nothing")}
	}
	return Cell{Text: strings.Join(cats, ", "), Note: c.T("narrow.period", "from", When{At: s.From}.UTC(), "to", When{At: s.To}.UTC())}
}
