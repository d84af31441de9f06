package main

import (
	"net/url"
	"path"

	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/export/demopki"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// staffArrive brings the platform's own people in: the first two administrators
// and auditors by the server's command, everybody else by an administrator who
// invites and another who types the fingerprint.
func (s *stage) staffArrive() {
	tess, hugo := s.arrive("Tess Boyd"), s.arrive("Hugo Marsh")
	s.windows["tess.boyd"], s.windows["hugo.marsh"] = tess.Page, hugo.Page
	for signIn, who := range map[string]struct {
		name string
		role identity.Role
	}{
		"nora.berg": {"Nora Berg", identity.Registrar}, "paul.adler": {"Paul Adler", identity.Registrar}, "rita.lind": {"Rita Lind", identity.Reviewer},
		"helen.park": {"Helen Park", identity.Counsel}, "carl.ito": {"Carl Ito", identity.Confirmer}, "dana.cruz": {"Dana Cruz", identity.Confirmer},
		"emil.novak": {"Emil Novak", identity.Confirmer}, "anna.keller": {"Anna Keller", identity.Approver},
	} {
		s.comes("tess.boyd", "hugo.marsh", signIn, who.name, who.role, "")
	}
	code, inv, err := s.accounts.InviteFromServer(s.ctx, accounts.Invite{Name: "Ines Moreau", Role: identity.Auditor})
	s.must(err)
	ines := s.hands()
	s.must(s.accounts.ConfirmFromServer(s.ctx, inv.Person, s.enrolIn(ines, code)))
	s.enterIn(ines)
	s.windows["ines.moreau"] = ines.Page
}

// comes brings somebody in by the pages of who invites, of themselves, and of who
// types their key's fingerprint, and signs them in.
func (s *stage) comes(inviter, confirmer, signIn, name string, role identity.Role, agency string) {
	s.t.Helper()
	by := s.windows[inviter]
	s.goTo(by, "/accounts", 200, "accounts")
	by.Goto("/accounts/new")
	s.look(by, "accounts-new")
	by.Fill(`input[name="name"]`, name)
	s.answer(by, "role", string(role))
	if agency != "" && role == identity.AgencyAdmin {
		s.answer(by, "agency", agency)
	}
	s.press(by, `.main form button[type="submit"]`)
	s.look(by, "accounts-sure")
	s.press(by, `.main form button[type="submit"]`)
	s.look(by, "accounts-code")
	who := s.hands()
	fingerprint := s.enrolIn(who, by.Text("#code"))
	at := accounts.PathOf(identity.PersonID(s.column("SELECT id::text FROM person WHERE name = '" + name + "'")[0]))
	other := s.windows[confirmer]
	s.goTo(other, at, 200, "accounts-confirm")
	other.Fill(`input[name="fingerprint"]`, fingerprint)
	s.press(other, `form[action$="/confirm"] button`)
	s.enterIn(who)
	s.windows[signIn] = who.Page
}

// vetsAgency has two registrars vet the story's agency, whose key lies in the data
// folder as if the agency held it.
func (s *stage) vetsAgency() {
	pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
	s.must(err)
	a := sampleAgencies[0]
	certificate, err := s.agencyKey(a, pki, s.clock.Now())
	s.must(err)
	in := agencies.Proposal{Name: a.name, Country: a.country, Zone: a.zone, Source: agencies.SourceInput{Register: a.register, Reference: a.reference, SeenOn: storyNow.Format("2006-01-02")},
		CallBack: agencies.ContactInput{Name: a.name, Value: a.callBack}, Domains: []string{a.domain}, Certificates: []string{certificate}, Oversight: a.oversight}
	s.agency = s.vets(in)
}

// officersArrive brings in the agency's administrator, by two registrars, and the
// officers by the administrator; who signs second is proposed by the
// administrator and agreed to by a registrar who has called.
func (s *stage) officersArrive() {
	agency := path.Base(s.agency)
	s.comes("nora.berg", "paul.adler", "kavya.menon", "Kavya Menon", identity.AgencyAdmin, agency)
	kavya := s.windows["kavya.menon"]
	s.goTo(kavya, "/agency", 200, "office-new")
	s.fill(kavya, url.Values{"name": {"Cyber Cell"}})
	s.press(kavya, `form[action="/agency/units"] button`)
	for signIn, name := range map[string]string{"asha.rao": "Asha Rao", "vikram.nair": "Vikram Nair"} {
		s.comes("kavya.menon", "kavya.menon", signIn, name, identity.Officer, agency)
		id := s.column("SELECT id::text FROM person WHERE name = '" + name + "'")[0]
		kavya.Goto("/agency")
		kavya.Set(`form[action="/agency/assign"] [name="person"]`, id)
		kavya.Set(`form[action="/agency/assign"] [name="unit"]`, s.column("SELECT id::text FROM unit")[0])
		s.press(kavya, `form[action="/agency/assign"] button`)
	}
	s.look(kavya, "office")
	at := accounts.PathOf(identity.PersonID(s.column("SELECT id::text FROM person WHERE name = 'Vikram Nair'")[0]))
	s.goTo(kavya, at, 200, "accounts-officer")
	s.press(kavya, `form[action$="/supervise"] button`)
	s.look(kavya, "accounts-officer-waits")
	nora := s.windows["nora.berg"]
	s.goTo(nora, s.agency, 200, "agency-motion")
	s.press(nora, `form[action$="/motion"]:has([value="yes"]) button`)
	s.look(nora, "agency-agreed")
	if got := s.column("SELECT supervisor::text FROM person WHERE name = 'Vikram Nair'")[0]; got != "true" {
		s.t.Error("nobody signs for colleagues")
	}
}

// vetted answers every question of a call about an agency with yes.
func vetted() url.Values {
	answers := url.Values{"reached": {"person"}, "function": {"Clerk of the court"}}
	for _, q := range callback.Questions(callback.Agency) {
		answers.Set(q, callback.Yes)
	}
	return answers
}
