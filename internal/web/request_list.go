package web

import (
	"net/http"
	"net/url"
	"strconv"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// requestListInput is the part of the list that the address names.
type requestListInput struct {
	Show string `form:"show" validate:"omitempty,oneof=reply download running ended"`
	Page int    `form:"page" validate:"gte=0,lte=1000"`

	Drafts int `form:"drafts" validate:"gte=0,lte=100"` // page of the drafts
}

// requestListPage is an officer's first page: what waits for the agency, and
// all its cases.
type requestListPage struct {
	Base
	Reply      *Table // cases that wait for an answer
	Download   *Table // bundles that wait to be fetched
	Recalled   *Table // bundles that were called back
	Cosign     *Table // requests that wait for a second signature
	Drafts     *Table // drafts of the reader's unit
	DraftPages Pages
	Filters    []NavItem
	Table      Table
	Pages      Pages
}

var requestListView = newPage[requestListPage]("request_list", "table", "cell", "badge", "when", "digest", "empty", "pages")

// pageLength is how many cases one page of the list shows.
const pageLength = 25

// listFilters are the filters of the list with their states, in the order of the page.
var listFilters = []struct {
	name   string
	states []requests.State
}{
	{"", nil},
	{"reply", []requests.State{requests.NeedsInformation}},
	{"download", []requests.State{requests.ExportedCase, requests.Delivered}},
	{"running", []requests.State{requests.AwaitingCosignature, requests.Submitted, requests.InReview, requests.NeedsInformation, requests.Qualified, requests.AwaitingConfirmation,
		requests.Confirmed, requests.Approved, requests.ExportedCase, requests.Delivered, requests.LegalConflict, requests.Recalled, requests.Preserved}},
	{"ended", []requests.State{requests.Closed, requests.Refused, requests.NoData, requests.Withdrawn, requests.Expired, requests.Redrafted, requests.Lapsed}},
}

func (s *Server) requestListRoutes() []Route {
	if s.cfg.Services.Delivery == nil {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/requests", Name: "request.list", Title: "requests.title", Roles: []identity.Role{identity.Officer},
		Verb: "list", Object: "request", Nav: 10, Handle: s.listRequests}}
}

func (s *Server) listRequests(c *Ctx) error {
	var in requestListInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	agency, err := s.ownAgency(c)
	if err != nil {
		return err
	}
	p := requestListPage{Base: c.Base("requests.title")}
	p.Zone = zoneOf(agency)
	if in.Show == "" && in.Page <= 1 {
		if err := s.waiting(c, &p, in.Drafts); err != nil {
			return err
		}
	}
	if err := s.fillList(c, &p, in); err != nil {
		return err
	}
	for _, f := range listFilters {
		p.Filters = append(p.Filters, NavItem{Text: c.T("requests.show." + word(f.name, "all")), Href: listPath(f.name, 1), Here: f.name == in.Show})
	}
	return requestListView.Show(c, p)
}

func word(s, empty string) string {
	if s == "" {
		return empty
	}
	return s
}

// waiting fills in what waits for the agency.
func (s *Server) waiting(c *Ctx, p *requestListPage, drafts int) error {
	for state, to := range map[requests.State]**Table{requests.NeedsInformation: &p.Reply, requests.ExportedCase: &p.Download, requests.Recalled: &p.Recalled, requests.AwaitingCosignature: &p.Cosign} {
		list, err := s.cfg.Services.Cases.List(c.Ctx(), requests.Filter{States: []requests.State{state}, Limit: 10})
		if err != nil {
			return err
		}
		if len(list) > 0 {
			t := s.caseTable(c, list, p.Base)
			t.Caption = c.T("requests.waiting." + string(state))
			if actor, _ := c.Actor(); state == requests.AwaitingCosignature && actor.Supervisor {
				t.Caption = c.T("requests.waiting.cosign_yours")
			}
			*to = &t
		}
	}
	t, pages, err := s.draftTable(c, p.Base, "/requests", drafts)
	p.DraftPages = pages
	if err == nil && len(t.Rows) > 0 {
		p.Drafts = &t
	}
	return err
}

// fillList reads one row more than it shows, to know whether there is a next
// page.
func (s *Server) fillList(c *Ctx, p *requestListPage, in requestListInput) error {
	page := max(in.Page, 1)
	f := requests.Filter{Limit: pageLength + 1, Skip: (page - 1) * pageLength}
	for _, lf := range listFilters {
		if lf.name == in.Show {
			f.States = lf.states
		}
	}
	list, err := s.cfg.Services.Cases.List(c.Ctx(), f)
	if err != nil {
		return err
	}
	p.Pages = Pages{Label: c.T("requests.pages"), Previous: c.T("pages.previous"), Next: c.T("pages.next")}
	if len(list) > pageLength {
		list, p.Pages.NextHref = list[:pageLength], listPath(in.Show, page+1)
	}
	if page > 1 {
		p.Pages.PreviousHref = listPath(in.Show, page-1)
	}
	if p.Pages.NextHref != "" || page > 1 {
		p.Pages.Shown = c.T("pages.shown", "page", page)
	}
	p.Table = s.caseTable(c, list, p.Base)
	p.Table.Caption = c.T("requests.caption." + word(in.Show, "all"))
	p.Table.Empty = Empty{Title: c.T("requests.none." + word(in.Show, "all"))}
	if in.Show == "" && page == 1 {
		p.Table.Empty.Text, p.Table.Empty.Href, p.Table.Empty.Action = c.T("requests.none.text"), "/requests/new", c.T("request_new.title")
	}
	return nil
}

func listPath(show string, page int) string {
	q := url.Values{}
	if show != "" {
		q.Set("show", show)
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/requests"
	}
	return "/requests?" + q.Encode()
}

// caseTable lists an agency's cases: where each stands, and who acts next.
func (s *Server) caseTable(c *Ctx, list []requests.Summary, b Base) Table {
	t := Table{Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("requests.col.state")}, {Text: c.T("requests.col.order")}, {Text: c.T("requests.col.targets"), Number: true}, {Text: c.T("requests.col.due")}}}
	for _, r := range list {
		badge, due := c.stateBadge(r.State), b.When(r.EffectBy)
		last := Cell{When: &due}
		switch {
		case !r.State.Open():
			last = Cell{Text: c.T("requests.ended")}
		case r.State == requests.AwaitingCosignature:
			last = Cell{Text: c.T("requests.unsigned")}
		case r.State == requests.NeedsInformation:
			last = Cell{Text: c.T("requests.paused")}
		case r.State == requests.ExportedCase, r.State == requests.Delivered, r.State == requests.Recalled:
			last = Cell{Text: c.T("requests.answered")}
		case r.EffectBy.IsZero():
			last = Cell{Text: c.T("requests.no_due")}
		}
		ref := Cell{Code: r.Ref, Href: requests.PathOf(r.ID)}
		if r.Emergency {
			ref.Note = c.T("case.emergency")
		}
		t.Rows = append(t.Rows, []Cell{ref, {Badge: &badge, Note: c.T("case.who." + string(r.State))},
			{Text: r.OrderNumber, Note: c.processName(r.Process, s.latestTitle(r.Process))}, {Text: strconv.Itoa(r.Targets), Number: true}, last})
	}
	return t
}

// latestTitle names a process by its newest version.
func (s *Server) latestTitle(id string) string {
	title := id
	for _, p := range s.knownLaw().Processes() {
		if string(p.ID) == id {
			title = p.Title
		}
	}
	return title
}
