package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// reviewQueueInput is the part of the queue that the address names.
type reviewQueueInput struct {
	Show string `form:"show" validate:"omitempty,oneof=free mine held waiting conflict later ended"`
	Page int    `form:"page" validate:"gte=0,lte=1000"`
	Ref  string `form:"ref" validate:"max=40"`
}

// findInput asks for a case by a reference that somebody quotes.
type findInput struct {
	Ref string `form:"ref" validate:"max=40" label:"review_queue.ref" hint:"review_queue.ref.hint" width:"medium" autocomplete:"off"`
}

// reviewQueuePage is the first page of reviewer and counsel: the cases by their
// clock, emergencies first, and who holds what.
type reviewQueuePage struct {
	Base
	Filters []NavItem
	Caption string
	Rows    []queueRow
	Empty   Empty
	Pages   Pages
	Take    Button
	Next    *Form // takes the next case
	Find    *Form
	Search  Button
	Also    []NavItem
}

// queueRow is one case of the queue.
type queueRow struct {
	Ref, Href string
	Emergency string
	State     Badge
	Due       When
	Left      *Badge
	Agency    string
	Process   string
	Order     string
	Accounts  int
	Holder    string
	Claim     *Form // nil where the reader cannot take it
}

var reviewQueueView = newPage[reviewQueuePage]("review_queue", "badge", "when", "empty", "pages", "button", "field", "error_summary")

// reviewFilters are the filters of the queue with their states.
var reviewFilters = []struct {
	name   string
	states []requests.State
}{
	{"", []requests.State{requests.Submitted, requests.InReview, requests.LegalConflict}},
	{"free", []requests.State{requests.Submitted}},
	{"mine", []requests.State{requests.InReview, requests.NeedsInformation}},
	{"held", []requests.State{requests.InReview}},
	{"waiting", []requests.State{requests.NeedsInformation}},
	{"conflict", []requests.State{requests.LegalConflict}},
	{"later", []requests.State{requests.Qualified, requests.AwaitingConfirmation, requests.Confirmed, requests.Approved, requests.ExportedCase, requests.Delivered, requests.Recalled, requests.Preserved}},
	{"ended", []requests.State{requests.Closed, requests.Refused, requests.NoData, requests.Withdrawn, requests.Lapsed, requests.Expired}},
}

// reviewRoutes are the acts of reviewer and counsel on a case.
func (s *Server) reviewRoutes() []Route {
	if s.cfg.Services.Review == nil {
		return nil
	}
	reviewer, counsel := []identity.Role{identity.Reviewer}, []identity.Role{identity.Counsel}
	both := append(reviewer, counsel...)
	get := func(path, name string, r Route) Route {
		r.Method, r.Path, r.Name = http.MethodGet, "/review"+path, name
		return r
	}
	post := func(path, name string, r Route) Route {
		r.Method, r.Path, r.Name, r.Body, r.Title = http.MethodPost, "/review/:id"+path, name, FormBody, "review.title"
		return r
	}
	return []Route{
		get("", "review.list", Route{Title: "review_queue.title", Roles: both, Verb: "list", Object: "request", Nav: 10, Handle: s.reviewQueue}),
		get("/:id", "review.show", Route{Title: "review.title", Roles: both, Verb: "view", Object: "request", Order: true, Handle: s.showReview}),
		s.orderPages(Route{Path: "/review/:id/order/:page", Name: "review.order", Title: "review.title", Roles: both}),
		post("/claim", "review.claim", Route{Roles: reviewer, Verb: "claim", Object: "request", Order: true, Handle: s.claimCase}),
		post("/unclaim", "review.unclaim", Route{Roles: reviewer, Verb: "claim", Object: "request", Handle: s.unclaimCase}),
		post("/checks", "review.check", Route{Roles: both, Verb: "check", Object: "request", Handle: s.answerChecks}),
		post("/decide", "review.decide", Route{Roles: reviewer, Verb: "decide", Object: "request", Handle: s.decideCase}),
		post("/ask", "review.ask", Route{Roles: reviewer, Verb: "ask", Object: "request", Order: true, Handle: s.askAgency}),
		post("/qualify", "review.qualify", Route{Roles: reviewer, Verb: "qualify", Object: "request", Order: true, Handle: s.qualifyCase}),
		post("/refuse", "review.refuse", Route{Roles: reviewer, Verb: "refuse", Object: "request", Order: true, Handle: s.refuseCase}),
		post("/counsel", "review.counsel", Route{Roles: reviewer, Verb: "refuse", Object: "request", Handle: s.sendToCounsel}),
		post("/reopen", "conflict.reopen", Route{Roles: counsel, Verb: "resolve_conflict", Object: "request", Handle: s.reopenCase}),
	}
}

func reviewPath(id requests.ID) string { return "/review/" + string(id) }

func (s *Server) reviewQueue(c *Ctx) error {
	var in reviewQueueInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	p := reviewQueuePage{Base: c.Base("review_queue.title"), Take: Button{Text: c.T("review.claim"), Kind: "secondary"}}
	p.Wide, p.Find, p.Search = true, c.Form("/review", findInput{Ref: in.Ref}), Button{Text: c.T("precedents.do"), Kind: "secondary"}
	list, err := s.queuePart(c, &p, in)
	if err != nil {
		return err
	}
	if p.Rows, err = s.queueRows(c, list, p.Base); err != nil {
		return err
	}
	for _, f := range reviewFilters {
		p.Filters = append(p.Filters, NavItem{Text: c.T("review_queue.show." + word(f.name, "all")), Href: reviewQueuePath(f.name, 1), Here: f.name == in.Show && in.Ref == ""})
	}
	s.queueFoot(c, &p)
	return reviewQueueView.Show(c, p)
}

// queueFoot adds the button that takes the next case, and the pages beside the queue.
func (s *Server) queueFoot(c *Ctx, p *reviewQueuePage) {
	if s.cfg.Services.Bench == nil {
		return
	}
	if actor, _ := c.Actor(); actor.Role == identity.Reviewer {
		p.Next = c.bare("/review/next")
	}
	for _, page := range []struct{ key, href string }{{"precedents.title", "/review/precedents"}, {"replies.title", "/review/replies"}, {"bench.skips.title", "/review/skips"}, {"keys.title", "/review/keys"}} {
		p.Also = append(p.Also, NavItem{Text: c.T(page.key), Href: page.href})
	}
}

// queuePart reads one page of the queue, and one row more to know whether there
// is a next one.
func (s *Server) queuePart(c *Ctx, p *reviewQueuePage, in reviewQueueInput) ([]requests.Summary, error) {
	page := max(in.Page, 1)
	f := requests.Filter{Limit: pageLength + 1, Skip: (page - 1) * pageLength}
	for _, rf := range reviewFilters {
		if rf.name == in.Show {
			f.States, f.Newest = rf.states, rf.name == "later" || rf.name == "ended"
		}
	}
	if in.Show == "mine" {
		actor, _ := c.Actor()
		f.Reviewer = actor.Person
	}
	if ref := strings.ToUpper(strings.TrimSpace(in.Ref)); ref != "" {
		f = requests.Filter{Ref: ref, Limit: 1}
	}
	list, err := s.cfg.Services.Cases.List(c.Ctx(), f)
	if err != nil {
		return nil, err
	}
	if in.Ref != "" {
		p.Caption, p.Empty = c.T("review_queue.caption.ref"), Empty{Title: c.T("review_queue.none.ref")}
		return list, nil
	}
	p.Caption = c.T("review_queue.caption." + word(in.Show, "all"))
	p.Empty = Empty{Title: c.T("review_queue.none." + word(in.Show, "all"))}
	p.Pages = c.pagesOf(page, len(list) > pageLength, func(n int) string { return reviewQueuePath(in.Show, n) })
	return list[:min(len(list), pageLength)], nil
}

// pagesOf gives the foot of a list whose pages are numbered.
func (c *Ctx) pagesOf(page int, more bool, href func(int) string) Pages {
	p := Pages{Label: c.T("review.pages"), Previous: c.T("pages.previous"), Next: c.T("pages.next")}
	if more {
		p.NextHref = href(page + 1)
	}
	if page > 1 {
		p.PreviousHref = href(page - 1)
	}
	if more || page > 1 {
		p.Shown = c.T("pages.shown", "page", page)
	}
	return p
}

func reviewQueuePath(show string, page int) string {
	q := url.Values{}
	if show != "" {
		q.Set("show", show)
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/review"
	}
	return "/review?" + q.Encode()
}

func (s *Server) queueRows(c *Ctx, list []requests.Summary, b Base) ([]queueRow, error) {
	var holders []identity.PersonID
	for _, q := range list {
		holders = append(holders, q.Reviewer)
	}
	n, err := s.namesOf(c, holders...)
	if err != nil {
		return nil, err
	}
	actor, _ := c.Actor()
	var rows []queueRow
	for _, q := range list {
		row := queueRow{Ref: q.Ref, Href: reviewPath(q.ID), State: c.staffBadge(q.State), Due: b.When(q.EffectBy), Left: c.dueBadge(q.State, q.EffectBy),
			Agency: q.AgencyName + " (" + q.Country + ")", Process: s.latestTitle(q.Process), Order: q.OrderNumber, Accounts: q.Targets, Holder: n.name(q.Reviewer)}
		if q.Emergency {
			row.Emergency = c.T("case.emergency")
		}
		if can(q.State, requests.Claim, actor.Role) {
			row.Claim = c.bare(reviewPath(q.ID) + "/claim")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// staffBadge says where a case stands, in words for staff.
func (c *Ctx) staffBadge(s requests.State) Badge {
	return Badge{Text: c.T("review.state." + string(s)), Tone: c.stateBadge(s).Tone}
}
