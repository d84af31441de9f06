package web

import (
	"context"
	"net/http"
	"time"

	"lerd/internal/access"
	"lerd/internal/identity"
	"lerd/internal/usernotice"
)

// Gags is the register of what forbids to tell users.
type Gags interface {
	Register(ctx context.Context, f usernotice.Filter) ([]usernotice.GagFile, error)
	View(ctx context.Context, id usernotice.GagID) (usernotice.GagFile, error)
	GagEntries
	GagSteps
}

// GagEntries enters gags that come in papers of their own.
type GagEntries interface {
	Entry(ctx context.Context, in usernotice.EntryInput) (usernotice.Gag, error)
	Enter(ctx context.Context, in usernotice.EntryInput) (usernotice.GagID, error)
}

// GagSteps renews, reviews and lifts gags.
type GagSteps interface {
	Step(ctx context.Context, id usernotice.GagID, in usernotice.StepInput) (usernotice.GagStep, error)
	Take(ctx context.Context, id usernotice.GagID, in usernotice.StepInput) error
}

// gagInput is a gag as counsel enters it; Do is "sign" once it was read back.
type gagInput struct {
	CaseRef   string `form:"case_ref" validate:"required,max=40" label:"gag.f.case_ref" hint:"gag.f.case_ref.hint" width:"medium" autocomplete:"off"`
	OrderRef  string `form:"order_ref" validate:"max=40" label:"gag.f.order_ref" hint:"gag.f.order_ref.hint" width:"medium" autocomplete:"off"`
	Reference string `form:"reference" validate:"required,max=120" label:"gag.f.reference" hint:"gag.f.reference.hint" width:"medium" autocomplete:"off"`
	Basis     string `form:"basis" validate:"max=120" label:"gag.f.basis" width:"medium" autocomplete:"off"`
	EndsOn    string `form:"ends_on" label:"gag.f.ends_on" hint:"gag.f.ends_on.hint" width:"short" autocomplete:"off"`
	ReviewOn  string `form:"review_on" label:"gag.f.review_on" hint:"gag.f.review_on.hint" width:"short" autocomplete:"off"`
	Do        string `form:"do" label:"gag.f.do" input:"hidden"`
}

// gagStepInput is what counsel does about a gag.
type gagStepInput struct {
	Kind      string `form:"kind" validate:"required" label:"gag.f.kind" input:"radios"`
	Reference string `form:"reference" validate:"max=120" label:"gag.f.step_reference" hint:"gag.f.step_reference.hint" width:"medium" autocomplete:"off"`
	EndsOn    string `form:"ends_on" label:"gag.f.ends_on" hint:"gag.f.ends_on.renew" width:"short" autocomplete:"off"`
	ReviewOn  string `form:"review_on" label:"gag.f.review_on" hint:"gag.f.review_on.hint" width:"short" autocomplete:"off"`
	Why       string `form:"why" validate:"required,max=2000" label:"gag.f.why" input:"textarea" rows:"3"`
	Do        string `form:"do" label:"gag.f.do" input:"hidden"`
}

func (in gagInput) entry() usernotice.EntryInput {
	return usernotice.EntryInput{CaseRef: in.CaseRef, OrderRef: in.OrderRef, Reference: in.Reference, Basis: in.Basis, EndsOn: in.EndsOn, ReviewOn: in.ReviewOn}
}

func (in gagStepInput) step() usernotice.StepInput {
	return usernotice.StepInput{Kind: in.Kind, Reference: in.Reference, EndsOn: in.EndsOn, ReviewOn: in.ReviewOn, Why: in.Why}
}

const gagsPath = "/counsel/gags"

func (s *Server) gagRoutes() []Route {
	if s.cfg.Services.Gags == nil {
		return nil
	}
	readers := []identity.Role{identity.Reviewer, identity.Counsel}
	route := func(method, path, name, title string, roles []identity.Role, verb access.Verb, nav int, h Handler) Route {
		r := Route{Method: method, Path: path, Name: name, Title: title, Roles: roles, Verb: verb, Object: "gag", Nav: nav, Handle: h}
		if method == http.MethodPost {
			r.Body = FormBody
		}
		return r
	}
	return []Route{
		route(http.MethodGet, gagsPath, "gag.list", "gags.title", readers, "list", 65, s.listGags),
		route(http.MethodGet, gagsPath+"/new", "gag.new", "gag.new", counsels, "register", 0, s.newGag),
		route(http.MethodPost, gagsPath+"/new", "gag.enter", "gag.new", counsels, "register", 0, s.enterGag),
		route(http.MethodGet, gagsPath+"/:id", "gag.show", "gag.title", readers, "view", 0, s.showGag),
		route(http.MethodPost, gagsPath+"/:id", "gag.step", "gag.title", counsels, "settle", 0, s.stepGag),
	}
}

// listGags shows the gags that run, the next to end or to be looked at first.
func (s *Server) listGags(c *Ctx) error {
	list, err := s.cfg.Services.Gags.Register(c.Ctx(), usernotice.Filter{State: usernotice.Running})
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("gags.title"), Lead: c.T("gags.lead")}
	t := Table{Caption: c.T("gags.caption", "n", len(list)), Empty: Empty{Title: c.T("gags.none"), Text: c.T("gags.none.text")},
		Columns: []Column{{Text: c.T("gag.case")}, {Text: c.T("gag.source")}, {Text: c.T("gag.reference")}, {Text: c.T("gag.ends")}, {Text: c.T("gag.review")}, {Text: c.T("gag.state")}}}
	for _, g := range list {
		badge := c.gagBadge(g.Gag)
		t.Rows = append(t.Rows, []Cell{{Code: g.Ref, Href: usernotice.PathOf(g.ID), Note: g.Process}, {Text: c.T("gag.source." + string(g.Source))}, {Text: g.Reference, Note: g.Basis},
			c.dayCell(p.Base, g.Ends, "gag.no_end"), c.dayCell(p.Base, g.Review, "gag.no_review"), {Badge: &badge}})
	}
	p.Tables = []Table{t}
	if actor, _ := c.Actor(); actor.Role == identity.Counsel {
		p.Links = []NavItem{{Text: c.T("gag.new"), Href: gagsPath + "/new"}}
	}
	return deskView.Show(c, p)
}

// dayCell shows a time, or says that there is none.
func (c *Ctx) dayCell(b Base, t time.Time, none string) Cell {
	if t.IsZero() {
		return Cell{Text: c.T(none)}
	}
	w := b.When(t)
	return Cell{When: &w}
}

func (c *Ctx) gagBadge(g usernotice.Gag) Badge {
	switch {
	case g.State == usernotice.Ended:
		return Badge{c.T("gag.ended." + g.EndedWhy), Plain}
	case g.Overdue(c.Now()):
		return Badge{c.T("gag.overdue"), Danger}
	}
	return Badge{c.T("gag.running"), Info}
}
