package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/oversight/glossary"
	"lerd/internal/requests"
)

// Trail is what an auditor reads; every look is recorded.
type Trail interface {
	List(ctx context.Context, f requests.Filter) ([]requests.Summary, error)
	Trail(ctx context.Context, id requests.ID) (requests.Case, []requests.TrailEvent, error)
	Event(ctx context.Context, id audit.EventID) (requests.TrailEvent, error)
	Recent(ctx context.Context, limit int) ([]requests.TrailEvent, error)
}

// Proofs gives the published checkpoint and proofs under it.
type Proofs interface {
	ReadCheckpoint(ctx context.Context) ([]byte, error)
	Proof(ctx context.Context, id audit.EventID) ([]byte, error)
}

// auditHomePage is the integrity page: what the log has signed, and how a
// stranger checks it.
type auditHomePage struct {
	Base
	State    Notice
	Notices  []Notice // what stops releases, and what the last verification gave
	Outside  []Table  // witnesses, and the places that keep the last checkpoint
	Verify   *StepForm
	Facts    []Fact
	Commands []verifyStep
	Cases    Table
	Recent   Table
	Pages    Pages
}

var auditHomeView = newPage[auditHomePage]("audit_home", "facts", "table", "cell", "badge", "when", "digest", "empty", "notice", "pages", "commands", "step_form", "field", "error_summary", "step_up", "button")

func (s *Server) auditRoutes() []Route {
	if s.cfg.Services.Trail == nil {
		return nil
	}
	auditor := []identity.Role{identity.Auditor}
	return []Route{
		{Method: http.MethodGet, Path: "/audit", Name: "audit.home", Title: "audit.title", Roles: auditor, Verb: "view", Object: "log", Nav: 10, Handle: s.auditHome},
		{Method: http.MethodGet, Path: "/audit/cases/:id", Name: "audit.case", Title: "audit_case.title", Roles: auditor, Verb: "view", Object: "request", Handle: s.auditCase},
		s.orderPages(Route{Path: "/audit/cases/:id/order/:page", Name: "audit.sheet", Title: "audit_case.title", Roles: auditor}),
		{Method: http.MethodGet, Path: "/audit/events/:id", Name: "audit.event", Title: "audit_event.title", Roles: auditor, Verb: "view", Object: "log", Handle: s.auditEvent},
		{Method: http.MethodGet, Path: "/audit/events/:id/proof", Name: "audit.proof", Title: "audit_event.title", Roles: auditor, Verb: "view", Object: "log", Handle: s.auditProof},
		{Method: http.MethodGet, Path: "/audit/events/:id/entry", Name: "audit.entry", Title: "audit_event.title", Roles: auditor, Verb: "view", Object: "log", Handle: s.auditEntry},
	}
}

type auditHomeInput struct {
	Page int `form:"page" validate:"gte=0,lte=1000"`
}

// trust is whose signature counts: the log's own verifier key.
func (s *Server) trust() (audit.Trust, error) {
	v, err := audit.NewVerifier(s.cfg.LogKey)
	if err != nil {
		return audit.Trust{}, err
	}
	return audit.Trust{Log: append(audit.Trust{}.Log, v)}, nil
}

func (s *Server) auditHome(c *Ctx) error {
	var in auditHomeInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	p := auditHomePage{Base: c.Base("audit.title")}
	if err := s.fillCheckpoint(c, &p); err != nil {
		return err
	}
	if err := s.fillIntegrity(c, &p); err != nil {
		return err
	}
	recent, err := s.cfg.Services.Trail.Recent(c.Ctx(), 20)
	if err != nil {
		return err
	}
	if err := c.learnNamesOfTrail(recent); err != nil {
		return err
	}
	p.Recent = c.trailTable(p.Base, recent)
	p.Recent.Caption = c.T("audit.recent")
	if err := s.fillAuditCases(c, &p, max(in.Page, 1)); err != nil {
		return err
	}
	return auditHomeView.Show(c, p)
}

// fillCheckpoint opens the newest checkpoint under the log's key; one that does
// not open is said at the top of the page.
func (s *Server) fillCheckpoint(c *Ctx, p *auditHomePage) error {
	trust, err := s.trust()
	if err != nil {
		return err
	}
	signed, err := s.cfg.Services.Proofs.ReadCheckpoint(c.Ctx())
	if err != nil {
		p.State = Notice{Kind: Caution, Title: c.T("audit.none"), Text: c.T("audit.none.text")}
		return nil
	}
	f := facts{c: c}
	opened, err := audit.OpenCheckpoint(signed, trust)
	if err != nil {
		p.State = Notice{Kind: Danger, Title: c.T("audit.bad"), Text: c.T("audit.bad.text")}
	} else {
		p.State = Notice{Kind: Good, Title: c.T("audit.good"), Text: c.T("audit.good.text")}
		f.add("audit.size", Cell{Text: strconv.FormatUint(opened.Size, 10)})
		f.add("audit.root", Cell{Digest: &Digest{"SHA-256", hexOf(opened.Root[:])}})
	}
	f.add("audit.origin", Cell{Code: opened.Origin})
	f.add("audit.key", Cell{Code: s.cfg.LogKey})
	f.add("audit.tiles", Cell{Text: s.cfg.PublicOrigin + "/log/checkpoint", Href: "/log/checkpoint"})
	p.Facts = f.list
	p.Commands = []verifyStep{
		{Title: c.T("audit.how.database"), Command: "lerd audit verify"},
		{Title: c.T("audit.how.files"), Command: "lerd audit export --out log"},
		{Title: c.T("audit.how.bundle"), Command: "lerd bundle trace FILE"},
		{Title: c.T("audit.how.published"), Command: "lerd audit verify --log " + s.cfg.PublicOrigin + "/log/ --vkey log.vkey"},
	}
	return nil
}

func (s *Server) fillAuditCases(c *Ctx, p *auditHomePage, page int) error {
	list, err := s.cfg.Services.Trail.List(c.Ctx(), requests.Filter{Limit: pageLength + 1, Skip: (page - 1) * pageLength})
	if err != nil {
		return err
	}
	p.Pages = Pages{Label: c.T("audit.pages"), Previous: c.T("pages.previous"), Next: c.T("pages.next")}
	if len(list) > pageLength {
		list, p.Pages.NextHref = list[:pageLength], "/audit?page="+strconv.Itoa(page+1)
	}
	if page > 1 {
		p.Pages.PreviousHref = "/audit?page=" + strconv.Itoa(page-1)
	}
	if p.Pages.NextHref != "" || page > 1 {
		p.Pages.Shown = c.T("pages.shown", "page", page)
	}
	p.Cases = Table{Caption: c.T("audit.cases"), Empty: Empty{Title: c.T("audit.cases.none")},
		Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("audit.col.agency")}, {Text: c.T("requests.col.state")}, {Text: c.T("audit.col.received")}}}
	for _, q := range list {
		badge, at := c.stateBadge(q.State), p.When(q.ReceivedAt)
		p.Cases.Rows = append(p.Cases.Rows, []Cell{{Code: q.Ref, Href: "/audit/cases/" + string(q.ID)}, {Text: q.AgencyName, Note: q.Country + ", " + q.Process},
			{Badge: &badge}, {When: &at}})
	}
	return nil
}

// trailTable lists events.
func (c *Ctx) trailTable(b Base, events []requests.TrailEvent) Table {
	t := Table{Empty: Empty{Title: c.T("audit.none")},
		Columns: []Column{{Text: c.T("audit.col.index")}, {Text: c.T("audit.col.kind")}, {Text: c.T("audit.col.actor")}, {Text: c.T("audit.col.at")}, {Text: c.T("audit.col.facts")}}}
	for _, ev := range events {
		at, index := b.When(ev.Record.At), c.T("audit.unplaced")
		if ev.Index >= 0 {
			index = strconv.FormatInt(ev.Index, 10)
		}
		t.Rows = append(t.Rows, []Cell{{Text: index, Href: "/audit/events/" + string(ev.Record.ID)}, c.kindCell(ev.Record.Kind, ""),
			{Text: ev.Actor, Note: c.roleOf(ev.Record.Actor)}, {When: &at}, {Text: "–", Said: c.shortFacts(b, ev.Record.Kind, ev.Record.AllFacts())}})
	}
	return t
}

// shortFacts says the facts that tell a story at a glance: all but digests, ids that
// lead nowhere and have no name, and which rule permitted it.
func (c *Ctx) shortFacts(b Base, kind string, facts map[string]string) []Said {
	return slices.DeleteFunc(c.factsInWords(b, kind, facts), func(s Said) bool {
		return s.Name == "rule" || s.Whole != "" || s.Href == "" && s.Code == "" && glossary.IsID(kind, s.Name)
	})
}
