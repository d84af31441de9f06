package web

import (
	"context"
	"net/http"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"lerd/internal/usernotice"
)

// UserNotices gives a user the notice whose address they have.
type UserNotices interface {
	// Open gives the notice of an address's last part; everything that may not be
	// known is the same NotFound.
	Open(ctx context.Context, token string) (usernotice.Notice, error)
}

// userNoticePage says to a user what was disclosed, to which kind of authority of
// which country, and what they can do. It has no place for a case, an agency, an
// officer, an offence or a gag.
type userNoticePage struct {
	Base
	Facts   []Fact
	Contact string
}

var userNoticeView = newPage[userNoticePage]("user_notice", "facts", "cell", "badge", "when", "digest")

func (s *Server) userNoticeRoutes() []Route {
	if s.cfg.Services.UserNotices == nil {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/notice/:token", Name: "user_notice.show", Title: "user_notice.title", Public: true, Handle: s.showUserNotice}}
}

func (s *Server) showUserNotice(c *Ctx) error {
	n, err := s.cfg.Services.UserNotices.Open(c.Ctx(), c.Param("token"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
	if n.Error != "" {
		return s.showErrorNotice(c, n)
	}
	p := userNoticePage{Base: c.Base("user_notice.title"), Contact: s.cfg.Complaints}
	f := facts{c: c}
	f.add("user_notice.ref", Cell{Code: n.Ref})
	s.disclosure(&f, n)
	p.Facts = f.list
	return userNoticeView.Show(c, p)
}

// disclosure says what was disclosed, when and to whom.
func (s *Server) disclosure(f *facts, n usernotice.Notice) {
	c := f.c
	f.date("user_notice.on", n.DisclosedAt)
	for _, cat := range n.Categories {
		f.text("user_notice.what", c.T("user_notice.what."+string(cat)))
	}
	f.text("user_notice.authority", c.Law("issuer."+n.Authority, s.issuerTitle(n.Authority)))
	f.text("user_notice.country", c.countryName(n.Country))
}

// countryName names a country in the reader's language.
func (c *Ctx) countryName(code string) string {
	names := display.Regions(c.lang)
	if r, err := language.ParseRegion(code); err == nil && names != nil {
		return names.Name(r)
	}
	return code
}
