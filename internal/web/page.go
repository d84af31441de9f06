package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"lerd/internal/identity"
)

// Base is what every page's struct embeds.
type Base struct {
	Title    string // in the reader's language; heading and tab
	Product  string
	Lang     string // BCP 47
	Dir      string // ltr or rtl
	SignedIn bool
	Name     string // the actor's name
	Role     string // the actor's role in words
	Nav      []NavItem
	Crumbs   []Crumb
	Notice   *Notice // what the last step did
	Wide     bool    // a workbench that uses the whole window
	Problems bool    // the page shows a form that needs another look
	Listed   bool    // search engines may name it
	Practice bool    // nothing on this page is real, and it says so
	Dev      bool    // the strip that says: evaluation, invented data
	Zone     *time.Location
	Now      time.Time
	// Languages are those to choose from; Back is where a choice comes back to.
	Languages  []Tongue
	HasReports bool // there is a page of public reports
	Back       string
	// Key is a fresh idempotency key for forms which no Form carries.
	Key               string
	CSS, Icon, Script string // Script is empty where the route needs none

	say func(key string, args ...any) string
}

// NavItem is one place of the main navigation.
type NavItem struct {
	Text, Href string
	Here       bool
}

// Crumb is one step of the way to a page; the last has no Href.
type Crumb struct{ Text, Href string }

// T gives a message in the reader's language: {{.T "key" "name" .Value}}.
func (b Base) T(key string, args ...any) string {
	if b.say == nil {
		return key
	}
	return b.say(key, args...)
}

// Base gives the frame of a page; title is a message key, args its placeholders.
func (c *Ctx) Base(title string, args ...any) Base {
	b := Base{
		Title: c.T(title, args...), Product: c.srv.product(), Lang: c.lang.String(), Dir: direction(c.lang),
		Zone: time.UTC, Now: c.Now(), Key: c.srv.newID(), Dev: c.srv.cfg.Development && c.srv.cfg.Practice == nil, Practice: c.srv.cfg.Practice != nil,
		CSS: c.srv.assets.url("app.css"), Icon: c.srv.assets.url("icon.svg"), say: c.T,
	}
	b.Languages, b.Back, b.HasReports = c.tongues(), c.here(), c.srv.cfg.Services.Reports != nil
	b.Listed = c.Route.Listed && !b.Dev && !b.Practice
	if c.Route.Needs.Script {
		b.Script = c.srv.assets.url("app.js")
	}
	if actor, ok := c.Actor(); ok {
		b.SignedIn, b.Name, b.Role = true, actor.Name.Reveal(), c.T("role."+string(actor.Role))
		b.Nav = c.srv.nav(c, actor.Role)
	} else {
		b.Nav = c.srv.nav(c, "")
	}
	b.Notice = c.takeFlash()
	return b
}

func (s *Server) product() string {
	if s.cfg.Product != "" {
		return s.cfg.Product
	}
	return "lerd"
}

// nav gives the places of a role: the routes which say so, in their order.
func (s *Server) nav(c *Ctx, role identity.Role) []NavItem {
	var places []Route
	for _, r := range s.routes {
		if r.Nav > 0 && r.Allows(role) && (role == "" || !r.Public) {
			places = append(places, r)
		}
	}
	slices.SortStableFunc(places, func(a, b Route) int { return cmp.Compare(a.Nav, b.Nav) })
	items := make([]NavItem, 0, len(places))
	for _, r := range places {
		items = append(items, NavItem{Text: s.navText(c, r), Href: r.Path})
	}
	mark(items, c.Request().URL.Path)
	return items
}

// mark marks the place that a path is in: of places within one another the nearest.
func mark(items []NavItem, path string) {
	best := -1
	for i, it := range items {
		if within(path, it.Href) && (best < 0 || len(it.Href) > len(items[best].Href)) {
			best = i
		}
	}
	if best >= 0 {
		items[best].Here = true
	}
}

// navText gives the words of a place; notices say how many are new.
func (s *Server) navText(c *Ctx, r Route) string {
	if r.Name == "notice.list" && !c.quiet {
		if n, err := s.cfg.Services.Notices.Unread(c.Ctx()); err == nil && n > 0 {
			return c.T("notices.with_count", "n", n)
		}
	}
	return c.T(r.Title)
}

func within(path, place string) bool {
	return path == place || (place != "/" && strings.HasPrefix(path, place+"/"))
}

// homeOf gives where a role begins: the first place of its navigation.
func (s *Server) homeOf(role identity.Role) string {
	best := Route{Path: "/"}
	for _, r := range s.routes {
		if r.Nav > 0 && !r.Public && r.Allows(role) && (best.Nav == 0 || r.Nav < best.Nav) {
			best = r
		}
	}
	return best.Path
}
