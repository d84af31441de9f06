package main

import (
	"net/http"
	"strings"
	"testing"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// TestWhoApprovesAndWhoAuditsSeeTheMarkedPlaces: each answer stands beside its place
// in the order, and the place is drawn over the page's picture, for the approver and
// the auditor; nobody else gets a page there, and each page that is shown is a look
// on record.
func TestWhoApprovesAndWhoAuditsSeeTheMarkedPlaces(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/790")
	rita := s.as("rita.lind")
	s.must(s.cases.Claim(rita, q.ID))
	s.answerAll(rita, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	s.clock.Advance(1e9)
	var again []requests.CheckInput
	for _, a := range s.load(q.ID).Latest() {
		if places := []string{"p1@120,640,300,40", "p1l3"}; a.As == legal.RoleReviewer && len(again) < len(places) {
			again = append(again, requests.CheckInput{Check: a.Check, Target: a.Target, Result: "pass", Note: "Signed below the seal.", Place: places[len(again)]})
		}
	}
	s.must(s.cases.AnswerChecks(rita, q.ID, again))
	s.must(s.qualify(q.ID))
	s.jobs()
	s.confirm()
	s.jobs()
	p := s.open(unhurried)
	for who, at := range map[string]string{"anna.keller": "/releases/" + string(q.ID), "ines.moreau": "/audit/cases/" + string(q.ID)} {
		v := p.visit(who)
		page := p.ask(v, "GET", at, nil, "").body
		for _, want := range []string{again[0].Check, "marked on page 1", "page 1, line 3", `x="120" y="640" width="300" height="40"`, `src="` + at + `/order/1"`, `href="#answers"`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q", at, want)
			}
		}
		if gives := strings.Contains(page, "Signed below the seal."); gives != (who == "ines.moreau") { // auditors judge the case by what was written
			t.Errorf("%s gives the reviewer's note: %v", at, gives)
		}
		looks := func() string {
			return s.column("SELECT count(*) FROM audit.event WHERE kind = 'document.viewed' AND convert_from(entry, 'UTF8') LIKE '%" + s.personID(who) + "%'")[0]
		}
		before := looks()
		if got := p.ask(v, "GET", at+"/order/1", nil, ""); got.status != http.StatusOK || !strings.HasPrefix(got.body, "\x89PNG") {
			t.Errorf("%s: the page answers %d to %s", at, got.status, who)
		}
		if looks() == before {
			t.Errorf("%s looked at the order, and nothing says so", who)
		}
		for _, other := range []string{"asha.rao", "rita.lind", "carl.ito", "nora.berg"} {
			if got := p.ask(p.visit(other), "GET", at+"/order/1", nil, ""); got.status != http.StatusNotFound {
				t.Errorf("%s gets %d at %s", other, got.status, at)
			}
		}
		for _, no := range []string{"/order/0", "/order/99", "/order/1x"} {
			if got := p.ask(v, "GET", at+no, nil, ""); got.status != http.StatusNotFound {
				t.Errorf("%s%s answers %d", at, no, got.status)
			}
		}
	}
}
