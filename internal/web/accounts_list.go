package web

import (
	"net/http"

	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// accountListPage lists the people whom the reader looks after.
type accountListPage struct {
	Base
	Table  Table
	Invite string // address of the form, empty for who may invite nobody
}

var accountListView = newPage[accountListPage]("accounts", "table", "cell", "badge", "when", "digest", "empty")

// keepers are the roles that look after accounts.
var keepers = []identity.Role{identity.AgencyAdmin, identity.Auditor, identity.Registrar, identity.Administrator}

func (s *Server) accountRoutes() []Route {
	if s.cfg.People.Accounts == nil {
		return nil
	}
	show := func(path, name, title string, h Handler, nav int) Route {
		return Route{Method: http.MethodGet, Path: path, Name: name, Title: title, Roles: keepers, Verb: "list", Object: "account", Nav: nav, Handle: h}
	}
	step := func(path, name string, h Handler) Route {
		return Route{Method: http.MethodPost, Path: path, Name: name, Title: "accounts.title", Roles: keepers, Verb: "change", Object: "account", Body: FormBody, Handle: h}
	}
	admin := func(path, name string, h Handler) Route {
		return Route{Method: http.MethodPost, Path: path, Name: name, Title: "accounts.title", Roles: []identity.Role{identity.AgencyAdmin}, Verb: "manage", Object: "officer", Body: FormBody, Handle: h}
	}
	lead := func(path, name string, h Handler) Route {
		r := step("/accounts/:id/"+path, name, h)
		r.Roles = []identity.Role{identity.Administrator}
		return r
	}
	auditor := func(r Route) Route { r.Roles = []identity.Role{identity.Auditor}; return r }
	return []Route{
		show("/accounts", "accounts.list", "accounts.title", s.listAccounts, 60),
		show("/accounts/new", "accounts.new", "accounts.invite", s.newAccount, 0),
		step("/accounts", "accounts.invite", s.inviteAccount),
		show("/accounts/:id", "accounts.show", "accounts.title", s.showAccount, 0),
		step("/accounts/:id/confirm", "accounts.confirm", s.confirmAccount),
		step("/accounts/:id/cancel", "accounts.cancel", s.cancelAccount),
		step("/accounts/:id/suspend", "accounts.suspend", s.suspendAccount),
		step("/accounts/:id/again", "accounts.again", s.againAccount),
		step("/accounts/:id/sign-out", "accounts.sign_out", s.signOutAccount),
		admin("/accounts/:id/supervise", "accounts.supervise", s.superviseAccount),
		admin("/accounts/:id/unsupervise", "accounts.unsupervise", s.unsuperviseAccount),
		lead("lead", "accounts.lead", s.proposeLead),
		lead("lead-agree", "accounts.lead_agree", s.agreeLead),
		lead("lead-decline", "accounts.lead_decline", s.declineLead),
		lead("lead-end", "accounts.lead_end", s.endLead),
		auditor(step("/accounts/:id/propose", "accounts.propose", s.proposeAccount)),
		auditor(step("/accounts/:id/decide", "accounts.decide", s.decideAccount)),
	}
}

func (s *Server) listAccounts(c *Ctx) error {
	list, err := s.cfg.People.Accounts.List(c.Ctx())
	if err != nil {
		return err
	}
	p := accountListPage{Base: c.Base("accounts.title")}
	if len(s.cfg.People.Accounts.Invites(c.Ctx())) > 0 {
		p.Invite = "/accounts/new"
	}
	p.Table = Table{Caption: c.T("accounts.caption"), Empty: Empty{Title: c.T("accounts.none"), Text: c.T("accounts.none.text")},
		Columns: []Column{{Text: c.T("accounts.name")}, {Text: c.T("accounts.role")}, {Text: c.T("accounts.state")}, {Text: c.T("accounts.last")}}}
	for _, a := range list {
		badge, last := c.accountBadge(a), Cell{Text: c.T("accounts.never")}
		if !a.LastSignIn.IsZero() {
			at := p.When(a.LastSignIn)
			last = Cell{When: &at}
		}
		p.Table.Rows = append(p.Table.Rows, []Cell{{Text: a.Person.Name.Reveal(), Href: accounts.PathOf(a.Person.ID), Note: a.Person.Pseudonym},
			{Text: c.T("role." + string(a.Person.Role))}, {Badge: &badge}, last})
	}
	return accountListView.Show(c, p)
}

// accountState gives how an account stands, in one word of the catalogue.
func (c *Ctx) accountState(a accounts.Account) string {
	inv := a.Invitation
	switch {
	case a.Person.Erased():
		return "erased"
	case a.Waits(accounts.DoSuspend):
		return "proposed"
	case a.Person.Active:
		return "active"
	case inv != nil && inv.State == accounts.Enrolled:
		return "enrolled"
	case inv != nil && inv.Takes(c.Now()):
		return "invited"
	case inv != nil && inv.State == accounts.Open:
		return "expired"
	case a.Person.Version == 1:
		return "cancelled"
	}
	return "suspended"
}

var accountTones = map[string]Tone{"proposed": Caution, "active": Good, "enrolled": Caution, "invited": Info, "expired": Caution, "cancelled": Plain, "suspended": Danger, "erased": Plain}

func (c *Ctx) accountBadge(a accounts.Account) Badge {
	state := c.accountState(a)
	return Badge{c.T("accounts.state." + state), accountTones[state]}
}
