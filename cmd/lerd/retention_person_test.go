package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/oversight"
	"lerd/internal/requests"
	"lerd/internal/retention"
)

// gone lets a case with a reviewer's steps be delivered and closed, and takes the
// reviewer's access away. It gives their id.
func (s *scenario) gone(order string) (requests.ID, identity.PersonID) {
	s.t.Helper()
	s.anyTime()
	id := s.ready(order)
	_, err := s.fetched(s.as("asha.rao"), id)
	s.must(err)
	s.must(s.cases.Acknowledge(s.as("asha.rao"), id))
	rita := identity.PersonID(s.personID("rita.lind"))
	s.must(s.notices.SetAddress(s.as("rita.lind"), "rita@platform.example"))
	s.must(s.accounts.Suspend(s.as("tess.boyd"), rita, "Ritas new employer."))
	s.indexed()
	return id, rita
}

// TestWhoHasLeftIsErased lets the terms run out after a reviewer's access has ended:
// who they were stands as long as a case of theirs, and then nowhere.
func TestWhoHasLeftIsErased(t *testing.T) {
	s := newScenario(t)
	id, rita := s.gone("IN/94/2026/9921")
	personal := []string{"Rita Lind", "rita.lind", "rita@platform.example", "Ritas new employer"}
	if found := s.standing(personal...); len(found) < len(personal)-1 {
		t.Fatalf("the search finds too little while all of it is there: %v", found)
	}
	s.clock.Advance(400 * day)
	if n := s.eraseDue(); n != 1 {
		t.Fatalf("after 400 days %d were erased, want what was frozen alone", n)
	}
	if found := s.standing("Rita Lind"); len(found) == 0 {
		t.Fatal("erased while a case of theirs stands")
	}
	s.clock.Advance(696 * day)
	if n := s.eraseDue(); n != 2 {
		t.Fatalf("after 1096 days %d were erased, want the case and who reviewed it", n)
	}
	if found := s.standing(personal...); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	if found := s.standing("Reviewer 7F"); len(found) == 0 {
		t.Error("the pseudonym is gone, by which the log is read")
	}
	s.indexed()
	s.verifyLog()
	hits, err := s.oversight.Query(s.as("ines.moreau"), oversight.Search{Name: "events", Kind: "erasure.made", Limit: 20}, "page")
	if s.must(err); len(hits) == 0 || hits[0].Facts["class"] != "person" && hits[len(hits)-1].Facts["class"] != "person" {
		t.Errorf("the log says %+v", hits)
	}
	o, err := s.retention.Look(s.as("helen.park"))
	if s.must(err); len(o.Erasures) == 0 || !slices.ContainsFunc(o.Erasures, func(e retention.Erasure) bool { return e.Class == retention.Person && e.Ref == "Reviewer 7F" }) {
		t.Errorf("the page of retention says %+v", o.Erasures)
	}
	if _, _, err := s.accounts.Revet(s.as("tess.boyd"), rita); fault.KindOf(err) != fault.Conflict {
		t.Errorf("somebody comes back as them: %v", err)
	}
	for _, a := range s.attackers(t) {
		if err := a.tryAs("system", "person:"+string(rita), fmt.Sprintf("UPDATE person SET active = true, version = version + 1, event_id = $EVENT WHERE id = '%s'", rita)); err == nil {
			t.Errorf("as %s: an erased account came back", a.as)
		}
	}
	p := s.open(unhurried)
	page := p.ask(p.visit("ines.moreau"), http.MethodGet, "/audit/cases/"+string(id)+"/replay?step=3", nil, "").body
	if want := "Erased under class “Everything personal in the case” (case) on 2029-11-02 09:00 UTC"; !strings.Contains(page, want) {
		t.Errorf("the replay does not say %q", want)
	}
}

// TestThePasskeysOfWhoHasLeftAreErased: what is known of the device goes; what was
// signed with it can still be checked.
func TestThePasskeysOfWhoHasLeftAreErased(t *testing.T) {
	p := newScenarioOf(t, true).openForReal()
	first := p.bring("Ada First", identity.Administrator)
	device := p.bring("Bo Second", identity.Administrator)
	p.signIn(device)
	id := func(name string) string {
		return p.column("SELECT id::text FROM person WHERE name = '" + name + "'")[0]
	}
	bo := id("Bo Second")
	credential := p.column("SELECT encode(credential_id, 'hex') FROM passkey WHERE person_id = '" + bo + "'")[0]
	key := p.column("SELECT encode(public_key, 'hex') FROM passkey WHERE person_id = '" + bo + "'")[0]
	at := accounts.PathOf(identity.PersonID(bo))
	if got := p.stepUp(p.signIn(first), first, at, at+"/suspend", "why", "Bo has left."); got.status != http.StatusSeeOther {
		t.Fatalf("access is taken away: %d %s", got.status, got.body)
	}
	p.stop()
	p.anyTime()
	p.indexed()
	p.clock.Advance(364 * day)
	if n := p.eraseDue(); n != 0 {
		t.Fatalf("%d erased within the term", n)
	}
	p.clock.Advance(2 * day)
	if n := p.eraseDue(); n != 1 {
		t.Fatalf("%d erased after the term, want one", n)
	}
	if found := p.standing("Bo Second", "Bo has left", credential); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	if found := p.standing("Ada First", key); len(found) < 2 {
		t.Errorf("what has to stay is gone: %v", found)
	}
	p.assertionsVerify()
	p.sequenceAll()
	p.verifyLog()
}

// TestWhoIsStillNeededIsNotErased: somebody with access, whose case a legal hold keeps,
// or whose term runs.
func TestWhoIsStillNeededIsNotErased(t *testing.T) {
	s := newScenario(t)
	id, rita := s.gone("IN/94/2026/9922")
	h, err := s.retention.Place(s.as("helen.park"), id, "A court has asked for the file.")
	s.must(err)
	s.clock.Advance(2000 * day)
	if n := s.eraseDue(); n != 0 {
		t.Fatalf("%d erased under a hold", n)
	}
	insert := `INSERT INTO erasure (id, class, subject_id, due_at, made_at, version, event_id) VALUES (gen_random_uuid(), 'person', '%s', %s, now(), 1, $EVENT)`
	for _, a := range s.attackers(t) {
		for name, statement := range map[string]string{
			"whose case is held":  fmt.Sprintf(insert, rita, "now() - interval '1 day'"),
			"who has access":      fmt.Sprintf(insert, s.personID("anna.keller"), "now() - interval '1 day'"),
			"with no due date":    fmt.Sprintf(insert, rita, "NULL"),
			"by the own function": fmt.Sprintf("SELECT retention.erase_rows(gen_random_uuid(), $EVENT, 'person', ARRAY['%s'::uuid])", rita),
		} {
			if err := a.tryAs("system", "person:"+string(rita), statement); err == nil {
				t.Errorf("as %s: somebody was erased %s", a.as, name)
			}
		}
	}
	s.must(s.retention.ProposeLift(s.as("helen.park"), h.ID, "The court is done."))
	s.must(s.retention.Lift(s.as("anna.keller"), h.ID, true))
	if n := s.eraseDue(); n != 3 {
		t.Errorf("%d erased after the hold, want records, case and person", n)
	}
	if found := s.standing("Anna Keller"); len(found) == 0 {
		t.Error("somebody with access was erased")
	}
	s.indexed()
	s.verifyLog()
}
