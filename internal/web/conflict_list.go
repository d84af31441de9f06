package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// Objections is counsel's answer to demands that only the platform's own gates
// stop; *requests.Service fulfils it.
type Objections interface {
	DraftObjection(ctx context.Context, id requests.ID) (requests.Case, *legal.Process, legal.Verdict, requests.ObjectionInput, error)
	Objection(c requests.Case, p *legal.Process, in requests.ObjectionInput) (requests.Objection, error)
	Object(ctx context.Context, id requests.ID, in requests.ObjectionInput) error
	Objections(ctx context.Context, id requests.ID) (requests.Case, []requests.Objection, error)
}

func (s *Server) objectionRoutes() []Route {
	if s.cfg.Services.Objections == nil {
		return nil
	}
	route := func(method, path, name, title string, h Handler) Route {
		r := Route{Method: method, Path: "/counsel/conflicts" + path, Name: name, Title: title, Roles: counsels, Verb: "resolve_conflict", Object: "request", Handle: h}
		if method == http.MethodPost {
			r.Body = FormBody
		}
		return r
	}
	list := route(http.MethodGet, "", "conflict.list", "conflicts.title", s.listConflicts)
	list.Verb, list.Nav = "list", 20
	read := route(http.MethodGet, "/:id/objection", "conflict.read", "objection.title", s.readObjection)
	read.Roles, read.Verb = lawReaders, "view"
	file := route(http.MethodGet, "/:id/objection.pdf", "conflict.file", "objection.title", s.objectionFile)
	file.Roles, file.Verb = lawReaders, "view"
	return []Route{
		list, read, file,
		route(http.MethodGet, "/:id", "conflict.show", "conflict.title", s.showConflict),
		route(http.MethodPost, "/:id/preview", "conflict.preview", "conflict.title", s.previewObjection),
		route(http.MethodPost, "/:id/object", "conflict.object", "conflict.title", s.object),
	}
}

func conflictPath(id requests.ID) string { return "/counsel/conflicts/" + string(id) }

// conflictQuery is the part of the queue that the address names.
type conflictQuery struct {
	Page int `form:"page" validate:"gte=0,lte=1000"`
}

// listConflicts is counsel's queue: what is overdue first, then by deadline.
func (s *Server) listConflicts(c *Ctx) error {
	var in conflictQuery
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	page := max(in.Page, 1)
	list, err := s.cfg.Services.Cases.List(c.Ctx(), requests.Filter{States: []requests.State{requests.LegalConflict}, ByDeadline: true, Limit: pageLength + 1, Skip: (page - 1) * pageLength})
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("conflicts.title"), Lead: c.T("conflicts.lead")}
	p.Wide = true
	t := Table{Caption: c.T("conflicts.table"), Empty: Empty{Title: c.T("conflicts.none")}, Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("review.due")}, {Text: c.T("conflicts.left")},
		{Text: c.T("case.process")}, {Text: c.T("review.agency")}, {Text: c.T("requests.col.order")}}}
	for _, q := range list[:min(len(list), pageLength)] {
		due := Cell{Text: c.T("conflicts.no_deadline")}
		if !q.EffectBy.IsZero() {
			at := p.When(q.EffectBy)
			due = Cell{When: &at}
		}
		left := Cell{Text: "—"}
		if b := c.dueBadge(q.State, q.EffectBy); b != nil {
			left = Cell{Badge: b}
		}
		t.Rows = append(t.Rows, []Cell{{Code: q.Ref, Href: conflictPath(q.ID)}, due, left, {Text: s.latestTitle(q.Process), Note: q.Process}, {Text: q.AgencyName, Note: q.Country}, {Text: q.OrderNumber}})
	}
	p.Tables = []Table{t}
	if len(list) > pageLength {
		p.Links = append(p.Links, NavItem{Text: c.T("pages.next"), Href: "/counsel/conflicts?" + url.Values{"page": {strconv.Itoa(page + 1)}}.Encode()})
	}
	if page > 1 {
		p.Links = append(p.Links, NavItem{Text: c.T("pages.previous"), Href: "/counsel/conflicts?" + url.Values{"page": {strconv.Itoa(page - 1)}}.Encode()})
	}
	return deskView.Show(c, p)
}
