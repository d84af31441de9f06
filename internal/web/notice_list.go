package web

import (
	"net/http"
	"strings"
	"time"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/notices"
	"lerd/internal/requests"
)

// noticesShown is how many notices the page holds.
const noticesShown = 200

// addressInput is where somebody is told that there is something new.
type addressInput struct {
	Address string `form:"address" validate:"max=320" label:"notices.f.address" hint:"notices.f.address.hint" input:"email" width:"medium" autocomplete:"email"`
}

// noticeListPage is what the reader is told of.
type noticeListPage struct {
	Base
	Table   Table
	Read    *Form // nil where everything was seen
	DoRead  Button
	UpTo    string
	Address StepForm
}

var noticeListView = newPage[noticeListPage]("notices", "table", "cell", "badge", "when", "digest", "empty", "button", "step_form", "facts", "field", "error_summary", "step_up")

// told are the roles that get notices: an auditor may find something with anybody.
var told = identity.Roles

func (s *Server) noticeRoutes() []Route {
	if s.cfg.Services.Notices == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodGet, Path: "/notices", Name: "notice.list", Title: "notices.title", Roles: told, Self: true, Nav: 90, Handle: s.listNotices},
		{Method: http.MethodPost, Path: "/notices/read", Name: "notice.read", Title: "notices.title", Roles: told, Self: true, Body: FormBody, Handle: s.readNotices},
		{Method: http.MethodPost, Path: "/notices/address", Name: "notice.address", Title: "notices.title", Roles: told, Self: true, Body: FormBody, Handle: s.setNoticeAddress},
	}
}

func (s *Server) listNotices(c *Ctx) error { return s.showNotices(c, nil) }

func (s *Server) showNotices(c *Ctx, wrong *mistake) error {
	list, err := s.cfg.Services.Notices.List(c.Ctx(), noticesShown)
	if err != nil {
		return err
	}
	address, err := s.cfg.Services.Notices.Address(c.Ctx())
	if err != nil {
		return err
	}
	p := noticeListPage{Base: c.Base("notices.title"), DoRead: Button{Text: c.T("notices.read"), Kind: "secondary"}}
	p.Problems = wrong != nil
	p.Table = Table{Caption: c.T("notices.caption"), Columns: []Column{{Text: c.T("notices.at")}, {Text: c.T("notices.what")}, {Text: c.T("notices.who")}, {Text: c.T("notices.ref")}, {Text: c.T("notices.new")}},
		Empty: Empty{Title: c.T("notices.none"), Text: c.T("notices.none.text")}}
	for _, n := range list {
		if n.ReadAt.IsZero() && p.Read == nil {
			p.Read, p.UpTo = c.Form("/notices/read", struct{}{}), n.At.Format("2006-01-02T15:04:05.000000Z")
		}
		p.Table.Rows = append(p.Table.Rows, c.noticeRow(p.Base, n))
	}
	p.Address = c.stepForm("address", "notices.address", "/notices/address", addressInput{Address: address}, "address").erring(c, wrong)
	return noticeListView.Show(c, p)
}

func (c *Ctx) noticeRow(b Base, n notices.Notice) []Cell {
	at, state := b.When(n.At), Cell{Text: c.T("notices.seen")}
	if n.ReadAt.IsZero() {
		state = Cell{Badge: &Badge{c.T("notices.unseen"), Info}}
	}
	what, ref := Cell{Text: c.T(noticeWords(n.Kind)), Href: c.noticeLink(n)}, Cell{Code: n.Ref}
	return []Cell{{When: &at}, what, {Text: n.Name}, ref, state}
}

// noticeLink gives the page where the reader sees or does what a notice tells of:
// one that they may open, or "".
func (c *Ctx) noticeLink(n notices.Notice) string {
	actor, _ := c.Actor()
	switch area, _, _ := strings.Cut(n.Kind, "."); {
	case n.Case != "" && actor.Role == identity.Officer:
		return requests.PathOf(requests.ID(n.Case))
	case area == "draft" && actor.Role == identity.Officer:
		return "/requests"
	case area == "audit_finding":
		return "/audit-findings"
	case area == "passkey" && n.About == actor.Person:
		return "/account"
	case actor.Role == identity.AgencyAdmin:
		return agencies.AdminPath
	case actor.Role == identity.Registrar && area == "agency":
		return "/agencies"
	}
	return ""
}

// noticeWords is the message key of a kind of notice.
func noticeWords(kind string) string { return "notice.k." + strings.ReplaceAll(kind, ".", "_") }

// readInput says up to when the reader has seen their notices.
type readInput struct {
	UpTo string `form:"up_to" validate:"required,max=40" label:"notices.at" input:"hidden"`
}

func (s *Server) readNotices(c *Ctx) error {
	var in readInput
	if err := c.Decode(&in); err != nil {
		return err
	}
	upTo, err := time.Parse(time.RFC3339Nano, in.UpTo)
	if err != nil {
		return fault.New(fault.Invalid, "%s", c.T("notices.read.again"))
	}
	if err := s.cfg.Services.Notices.Read(c.Ctx(), upTo); err != nil {
		return err
	}
	return c.SeeOther("/notices", "")
}

func (s *Server) setNoticeAddress(c *Ctx) error {
	var in addressInput
	err := c.Decode(&in)
	if err == nil {
		err = s.cfg.Services.Notices.SetAddress(c.Once(), in.Address)
	}
	if mendable(err) {
		return s.showNotices(c, &mistake{"address", err})
	}
	return c.doneAt(err, "/notices", "flash.notice_address")
}
