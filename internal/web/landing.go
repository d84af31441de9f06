package web

import "net/http"

// landingPage is the public front page.
type landingPage struct {
	Base
	Kinds      []Fact // kinds of process and what each can get
	PracticeAt string // where officers can practise, or empty
	CheckAt    string // where anybody can see what is possible, or empty
}

var landingView = newPage[landingPage]("landing", "facts", "cell", "badge", "when", "digest")

func (s *Server) landingRoutes() []Route {
	return []Route{{Method: http.MethodGet, Path: "/", Name: "landing.show", Title: "landing.title", Public: true, Listed: true, Handle: s.landing}}
}

// landing says what is held, which process gets it, and how to get access. Who
// is signed in goes on to their own first page.
func (s *Server) landing(c *Ctx) error {
	if actor, ok := c.Actor(); ok {
		if home := s.homeOf(actor.Role); home != "/" {
			return c.SeeOther(home, "")
		}
	}
	p := landingPage{Base: c.Base("landing.title"), PracticeAt: s.cfg.PracticeAt}
	if s.cfg.Services.Law != nil {
		p.CheckAt = "/check"
	}
	for _, k := range []string{"production", "preservation", "emergency"} {
		p.Kinds = append(p.Kinds, Fact{Name: c.T("landing.kind." + k), Cell: Cell{Text: c.T("landing.kind." + k + ".text")}})
	}
	return landingView.Show(c, p)
}
