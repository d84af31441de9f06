package web

import (
	"net/http"

	"lerd/internal/access"
	"lerd/internal/agencies"
	"lerd/internal/identity"
)

// agencyListPage is the registrars' list: what waits for somebody first.
type agencyListPage struct {
	Base
	Waiting Table
	All     Table
	New     string
}

var agencyListView = newPage[agencyListPage]("agency_list", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) agencyRoutes() []Route {
	if s.cfg.Services.Vetting == nil {
		return nil
	}
	registrar := []identity.Role{identity.Registrar}
	post := func(path, name string, verb string, handle Handler) Route {
		return Route{Method: http.MethodPost, Path: "/agencies/:id/" + path, Name: "agency." + name, Title: "agency.title", Roles: registrar, Verb: access.Verb(verb), Object: "agency", Body: FormBody, Handle: handle}
	}
	routes := []Route{
		{Method: http.MethodGet, Path: "/agencies", Name: "agency.list", Title: "agencies.title", Roles: registrar, Verb: "list", Object: "agency", Nav: 10, Handle: s.listAgencies},
		{Method: http.MethodGet, Path: "/agencies/new", Name: "agency.new", Title: "agency_new.title", Roles: registrar, Verb: "propose", Object: "agency", Nav: 20, Handle: s.newAgency},
		{Method: http.MethodPost, Path: "/agencies/new", Name: "agency.propose", Title: "agency_new.title", Roles: registrar, Verb: "propose", Object: "agency", Body: FormBody, Handle: s.proposeAgency},
		{Method: http.MethodGet, Path: "/agencies/:id", Name: "agency.show", Title: "agency.title", Roles: registrar, Verb: "view", Object: "agency", Handle: s.showAgency},
		post("call", "call", "view", s.beginCall), post("record", "record", "view", s.recordCall),
		post("activate", "activate", "activate", s.activateAgency), post("abandon", "abandon", "abandon", s.abandonRound),
		post("renew", "renew", "renew", s.renewAgency), post("suspend", "suspend", "suspend", s.suspendAgency),
		post("change", "change", "change", s.changeAgency), post("approve", "approve_change", "approve_change", s.approveChange),
		post("decline", "decline_change", "change", s.declineChange), post("retire", "retire", "change", s.retireEntry), post("motion", "decide_motion", "supervise", s.decideMotion),
	}
	if s.cfg.Services.Forms != nil {
		delivery := post("delivery", "delivery", "set", s.setDelivery)
		delivery.Object = "delivery_form"
		routes = append(routes, delivery)
	}
	return routes
}

// agenciesShown is how many agencies the list holds; there are a few thousand
// authorities in the world that ask.
const agenciesShown = 5000

func (s *Server) listAgencies(c *Ctx) error {
	list, err := s.cfg.Services.Vetting.List(c.Ctx(), agenciesShown, 0)
	if err != nil {
		return err
	}
	p := agencyListPage{Base: c.Base("agencies.title"), New: c.T("agency_new.title")}
	columns := []Column{{Text: c.T("agency.name")}, {Text: c.T("agency.country")}, {Text: c.T("agency.standing")}, {Text: c.T("agency.waits")}, {Text: c.T("agency.valid_until")}}
	p.Waiting = Table{Caption: c.T("agencies.waiting"), Columns: columns, Empty: Empty{Title: c.T("agencies.waiting.none")}}
	p.All = Table{Caption: c.T("agencies.all"), Columns: columns, Empty: Empty{Title: c.T("agencies.none")}}
	for _, a := range list {
		row := c.agencyRow(p.Base, a)
		if a.Stage.Open() || a.Changes > 0 {
			p.Waiting.Rows = append(p.Waiting.Rows, row)
		}
		p.All.Rows = append(p.All.Rows, row)
	}
	return agencyListView.Show(c, p)
}

func (c *Ctx) agencyRow(b Base, a agencies.Summary) []Cell {
	standing := c.standingBadge(a.Standing)
	waits := ""
	switch {
	case a.Stage.Open():
		waits = c.T("agency.stage." + string(a.Stage))
	case a.Changes > 0:
		waits = c.T("agency.changes", "n", a.Changes)
	}
	until := Cell{}
	if !a.ValidUntil.IsZero() {
		when := b.When(a.ValidUntil)
		until.When = &when
	}
	return []Cell{{Text: a.Name, Href: agencies.PathOf(a.ID)}, {Code: a.Country}, {Badge: &standing}, {Text: waits}, until}
}

func (c *Ctx) standingBadge(s identity.Standing) Badge {
	tone := map[identity.Standing]Tone{identity.Proposed: Info, identity.Verified: Good, identity.Suspended: Danger, identity.Declined: Plain}[s]
	return Badge{c.T("agency.standing." + string(s)), tone}
}
