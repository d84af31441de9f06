package web

import (
	"net/http"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// releaseListInput is the part of the list that the address names.
type releaseListInput struct {
	Show string `form:"show" validate:"omitempty,oneof=sent"`
	Page int    `form:"page" validate:"gte=0,lte=1000"`
}

// releaseListPage is an approver's first page: what waits for a second person.
type releaseListPage struct {
	Base
	Filters []NavItem
	Table   Table
	Pages   Pages
}

var releaseListView = newPage[releaseListPage]("release_list", "table", "cell", "badge", "when", "digest", "empty", "pages")

var releaseFilters = []struct {
	name   string
	states []requests.State
}{
	{"", []requests.State{requests.Confirmed}},
	{"sent", []requests.State{requests.Approved, requests.ExportedCase, requests.Delivered, requests.Closed}},
}

func (s *Server) releaseRoutes() []Route {
	if s.cfg.Services.Releases == nil {
		return nil
	}
	approver := []identity.Role{identity.Approver}
	return []Route{
		{Method: http.MethodGet, Path: "/releases", Name: "release.list", Title: "releases.title", Roles: approver, Verb: "list", Object: "request", Nav: 10, Handle: s.listReleases},
		{Method: http.MethodGet, Path: "/releases/:id", Name: "release.show", Title: "release.title", Roles: approver, Verb: "view", Object: "release", Handle: s.showRelease},
		s.orderPages(Route{Path: "/releases/:id/order/:page", Name: "release.sheet", Title: "release.title", Roles: approver}),
		{Method: http.MethodPost, Path: "/releases/:id/approve", Name: "release.approve", Title: "release.title", Roles: approver, Verb: "approve", Object: "release", Body: FormBody, Handle: s.approveRelease},
		{Method: http.MethodPost, Path: "/releases/:id/return", Name: "release.return", Title: "release.title", Roles: approver, Verb: "return", Object: "release", Body: FormBody, Handle: s.returnRelease},
	}
}

func releasePath(id requests.ID) string { return "/releases/" + string(id) }

func releaseListPath(show string, page int) string {
	path := "/releases"
	if show != "" {
		path += "?show=" + show
	}
	if page > 1 {
		path += map[bool]string{true: "&", false: "?"}[show != ""] + "page=" + itoa(page)
	}
	return path
}

func (s *Server) listReleases(c *Ctx) error {
	var in releaseListInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	p := releaseListPage{Base: c.Base("releases.title")}
	page := max(in.Page, 1)
	f := requests.Filter{Limit: pageLength + 1, Skip: (page - 1) * pageLength}
	for _, rf := range releaseFilters {
		if rf.name == in.Show {
			f.States = rf.states
		}
		p.Filters = append(p.Filters, NavItem{Text: c.T("releases.show." + word(rf.name, "waiting")), Href: releaseListPath(rf.name, 1), Here: rf.name == in.Show})
	}
	list, err := s.cfg.Services.Cases.List(c.Ctx(), f)
	if err != nil {
		return err
	}
	p.Pages = c.pagesOf(page, len(list) > pageLength, func(n int) string { return releaseListPath(in.Show, n) })
	if p.Table, err = s.releaseTable(c, list[:min(len(list), pageLength)], p.Base); err != nil {
		return err
	}
	p.Table.Caption = c.T("releases.caption." + word(in.Show, "waiting"))
	p.Table.Empty = Empty{Title: c.T("releases.none." + word(in.Show, "waiting")), Text: c.T("releases.none.text")}
	return releaseListView.Show(c, p)
}

func (s *Server) releaseTable(c *Ctx, list []requests.Summary, b Base) (Table, error) {
	t := Table{Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("requests.col.state")}, {Text: c.T("review.agency")}, {Text: c.T("requests.col.targets"), Number: true}, {Text: c.T("releases.decided_by")}, {Text: c.T("review.due")}}}
	var people []identity.PersonID
	for _, q := range list {
		people = append(people, q.Reviewer)
	}
	n, err := s.namesOf(c, people...)
	if err != nil {
		return t, err
	}
	for _, q := range list {
		badge, due := c.staffBadge(q.State), b.When(q.EffectBy)
		ref, last := Cell{Code: q.Ref, Href: releasePath(q.ID)}, Cell{When: &due}
		if q.Emergency {
			ref.Note = c.T("case.emergency")
		}
		if left := c.dueBadge(q.State, q.EffectBy); left != nil {
			last.Note = left.Text
		}
		t.Rows = append(t.Rows, []Cell{ref, {Badge: &badge}, {Text: q.AgencyName + " (" + q.Country + ")", Note: s.latestTitle(q.Process)}, {Text: itoa(q.Targets), Number: true}, {Text: n.name(q.Reviewer)}, last})
	}
	return t, nil
}
