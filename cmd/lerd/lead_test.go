package main

import (
	"fmt"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/requests"
)

// TestAReviewerLeadsByTwoAdministrators makes somebody a lead, tries each way
// round the second word, and takes it away again.
func TestAReviewerLeadsByTwoAdministrators(t *testing.T) {
	s := newScenario(t)
	omar := identity.PersonID(s.personID("omar.haddad"))
	tess, hugo, writes := s.as("tess.boyd"), s.as("hugo.marsh"), requests.SavedReplyInput{Name: "missing_page", Language: "en", Title: "A page", Body: "Please send page 2."}
	if err := s.cases.SaveReply(s.as("omar.haddad"), writes); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("a reviewer writes as a lead does: %v", err)
	}
	for who, want := range map[string]fault.Kind{"nora.berg": fault.NotFound, "ines.moreau": fault.NotFound, "rita.lind": fault.NotFound, "kavya.menon": fault.NotFound} {
		if err := s.accounts.ProposeLead(s.as(who), omar, "Knows the law."); fault.KindOf(err) != want {
			t.Errorf("%s proposes: %v", who, err)
		}
	}
	for name, err := range map[string]error{
		"no reason":       s.accounts.ProposeLead(tess, omar, " "),
		"no passkey":      s.accounts.ProposeLead(s.unproved("tess.boyd"), omar, "Knows the law."),
		"counsel":         s.accounts.ProposeLead(tess, identity.PersonID(s.personID("helen.park")), "Knows the law."),
		"themselves":      s.accounts.ProposeLead(tess, identity.PersonID(s.personID("tess.boyd")), "Knows the law."),
		"nothing to end":  s.accounts.EndLead(tess, omar),
		"nothing to give": s.accounts.DecideLead(hugo, omar, true),
	} {
		if want := map[string]fault.Kind{"no reason": fault.Invalid, "no passkey": fault.StepUp, "themselves": fault.Gate}[name]; err == nil || want != "" && fault.KindOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.must(s.accounts.ProposeLead(tess, omar, "Knows the law."))
	for name, err := range map[string]error{
		"proposed twice":        s.accounts.ProposeLead(hugo, omar, "Knows the law."),
		"by who proposed it":    s.accounts.DecideLead(tess, omar, true),
		"without a passkey":     s.accounts.DecideLead(s.unproved("hugo.marsh"), omar, true),
		"an auditor decides it": s.accounts.Decide(s.as("ines.moreau"), omar, true),
	} {
		if err == nil {
			t.Errorf("%s: went through", name)
		}
	}
	s.must(s.accounts.DecideLead(hugo, omar, false))
	s.must(s.accounts.ProposeLead(tess, omar, "Knows the law, and the languages."))
	s.must(s.accounts.DecideLead(hugo, omar, true))
	s.must(s.cases.SaveReply(s.as("omar.haddad"), writes))
	if err := s.accounts.EndLead(s.unproved("tess.boyd"), omar); fault.KindOf(err) != fault.StepUp {
		t.Errorf("ended without a passkey: %v", err)
	}
	s.must(s.accounts.EndLead(tess, omar))
	if err := s.cases.SaveReply(s.as("omar.haddad"), writes); fault.KindOf(err) != fault.NotFound {
		t.Errorf("who leads no more writes on: %v", err)
	}
	if got := strings.Join(s.column(`SELECT kind FROM audit.event WHERE stream = 'person:`+string(omar)+`' AND kind LIKE 'person.lead%' ORDER BY version`), " "); got != "person.lead_proposed person.lead_declined person.lead_proposed person.leads person.lead_ended" {
		t.Errorf("on record: %s", got)
	}
	s.sequenceAll()
	s.verifyLog()
}

// TestTheDatabaseKeepsWhoLeads writes past the program.
func TestTheDatabaseKeepsWhoLeads(t *testing.T) {
	s := newScenario(t)
	omar, tess, hugo := s.personID("omar.haddad"), s.personID("tess.boyd"), s.personID("hugo.marsh")
	stream := "person:" + omar
	leads := func(yes bool) string {
		return fmt.Sprintf(`UPDATE person SET supervisor = %t, version = version + 1, event_id = $EVENT WHERE id = '%s'`, yes, omar)
	}
	proposed := func(of, by string) string {
		return fmt.Sprintf(`INSERT INTO account_change VALUES (gen_random_uuid(), '%s', 'lead', 'x', '%s', now(), 'proposed', NULL, NULL, 1, $EVENT)`, of, by)
	}
	decided := func(by string) string {
		return fmt.Sprintf(`UPDATE account_change SET state = 'done', decided_by = '%s', decided_at = now(), version = 2, event_id = $EVENT WHERE person_id = '%s' AND state = 'proposed'`, by, omar)
	}
	for _, a := range s.attackers(t) {
		a.refused("leads by a word of nobody", a.try(stream, leads(true)), "two administrators agree")
		a.refused("an auditor proposes", a.try(stream, proposed(omar, s.personID("ines.moreau"))), "an administrator decides")
		a.refused("of counsel", a.try("person:"+s.personID("helen.park"), proposed(s.personID("helen.park"), tess)), "only a reviewer")
		a.refused("without a passkey", a.try(stream, proposed(omar, tess)), "with their passkey")
		a.refused("with a passkey for another act", a.try(stream, s.gave("tess.boyd", identity.PurposeAccount, accounts.EndDigest("propose", identity.PersonID(omar))), proposed(omar, tess)), "with their passkey")
	}
	s.must(s.accounts.ProposeLead(s.as("tess.boyd"), identity.PersonID(omar), "Knows the law."))
	waits, err := s.accounts.View(s.as("hugo.marsh"), identity.PersonID(omar))
	s.must(err)
	yes := func(who string) string { return s.gave(who, identity.PurposeAccount, waits.Change.Digest(true)) }
	for _, a := range s.attackers(t) {
		a.refused("decided by who proposed it", a.try(stream, yes("tess.boyd"), decided(tess), leads(true)), "check constraint")
		a.refused("decided by an auditor", a.try(stream, yes("ines.moreau"), decided(s.personID("ines.moreau")), leads(true)), "an administrator decides")
		a.refused("decided without a passkey", a.try(stream, decided(hugo), leads(true)), "with their passkey")
		a.refused("a no made a yes", a.try(stream, s.gave("hugo.marsh", identity.PurposeAccount, waits.Change.Digest(false)), decided(hugo), leads(true)), "with their passkey")
	}
	s.asOwner(stream, yes("hugo.marsh"), decided(hugo), leads(true)) // the right way
	for _, a := range s.attackers(t) {
		a.refused("stops leading by nobody's word", a.try(stream, leads(false)), "no administrator has signed")
		a.refused("stops by a reviewer's word", a.try(stream, s.gave("rita.lind", identity.PurposeAccount, accounts.EndDigest(accounts.EndLead, identity.PersonID(omar))), leads(false)), "no administrator has signed")
	}
}

// TestALeadIsMadeOnThePage walks two administrators through the page of a reviewer.
func TestALeadIsMadeOnThePage(t *testing.T) {
	d := newDesk(t)
	at := accounts.PathOf(identity.PersonID(d.personID("omar.haddad")))
	tess, hugo := d.visit("tess.boyd"), d.visit("hugo.marsh")
	press := func(v *visitor, do string, says string, fields ...string) {
		t.Helper()
		page := d.send(d.formAt(v, at, at+"/"+do, fields...))
		if said := textOf(page.root); !strings.Contains(said, says) {
			t.Fatalf("%s: the page does not say %q: %s", do, says, said)
		}
	}
	press(tess, "lead", "Error:", "why", " ")
	press(tess, "lead", "Another administrator has to agree", "why", "Knows the law.")
	page, err := tess.get(d.ctx, at)
	d.must(err)
	if _, err := page.form(at + "/lead-agree"); err == nil {
		t.Error("who proposed it is offered to agree")
	}
	press(hugo, "lead-agree", "Leads the reviewers")
	if got := d.column("SELECT supervisor::text FROM person WHERE sign_in = 'omar.haddad'")[0]; got != "true" {
		t.Errorf("supervisor is %s", got)
	}
	press(tess, "lead-end", "no longer leads")
}
