package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// keeping takes a preservation order to the state in which data are kept.
func (s *scenario) keeping(number string) requests.ID {
	s.t.Helper()
	officer, reviewer := s.as("jana.weber"), s.as("rita.lind")
	doc, err := s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	in := s.submission(doc.ID, number)
	in.Process, in.IssuerKind, in.IssuerName, in.LegalBasis, in.Further = "EU-EPOC-PR", "judge", "Amtsgericht Musterstadt", "Art. 6", nil
	q, err := s.send(officer, in)
	s.must(err)
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	s.must(s.cases.Qualify(reviewer, q.ID, nil))
	return q.ID
}

// TestDataAreKeptAndNotDisclosed: a preservation runs for the time that the law
// gives, is announced to end, extended once, and lapses; nothing ever leaves.
func TestDataAreKeptAndNotDisclosed(t *testing.T) {
	s := newScenario(t)
	id := s.keeping("EPOC-PR 7/26")
	officer := s.as("jana.weber")
	day := func(n int) time.Time { return storyNow.AddDate(0, 0, n) }
	c := s.load(id)
	if c.Request.State != requests.Preserved || c.Preservation == nil || c.Preservation.Until.Before(day(60)) || c.Preservation.Until.After(day(62)) {
		t.Fatalf("kept: %s, %+v", c.Request.State, c.Preservation)
	}
	if c.Release != nil || len(c.Asks) != 0 || len(c.Decisions) != 0 {
		t.Errorf("something was asked or decided: %+v", c.Asks)
	}
	for i, left := range []int{30, 14} {
		s.clock.Set(c.Preservation.Until.AddDate(0, 0, -left).Add(time.Hour))
		s.jobs()
		if got := s.load(id).Preservation.Reminders; got != i+1 {
			t.Errorf("%d days before its end there are %d reminders", left, got)
		}
	}
	for name, err := range map[string]error{"another agency": s.cases.Extend(s.as("asha.rao"), id, "x"), "a reviewer": s.cases.Extend(s.as("rita.lind"), id, "x")} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("extended by %s: %v", name, err)
		}
	}
	actor, _ := identity.From(officer)
	if err := s.cases.Extend(identity.With(s.ctx, actor), id, "x"); fault.KindOf(err) != fault.StepUp {
		t.Errorf("extended without the passkey: %v", err)
	}
	until := s.load(id).Preservation.Until
	s.must(s.cases.Extend(officer, id, "The production order is being signed."))
	if k := s.load(id).Preservation; !k.Until.After(until) || k.Until.After(until.AddDate(0, 0, 31)) || k.Reminders != 0 {
		t.Errorf("extended from %s to %s", until, k.Until)
	}
	if err := s.cases.Extend(officer, id, "Once more."); fault.KindOf(err) != fault.Conflict {
		t.Errorf("extended twice: %v", err)
	}
	for _, a := range s.attackers(t) {
		stream := requests.StreamOf(id)
		a.refused("a longer time without an extension", a.try(stream, fmt.Sprintf(`UPDATE preservation SET until_at = until_at + interval '1 day', version = version + 1, event_id = $EVENT WHERE request_id = '%s'`, id)), "only an extension")
		a.refused("a second extension", a.try(stream, fmt.Sprintf(`UPDATE preservation SET until_at = until_at + interval '1 day', extensions = 2, version = version + 1, event_id = $EVENT WHERE request_id = '%s'`, id)), "check constraint")
		a.refused("an early lapse", a.try(stream, fmt.Sprintf(`UPDATE request SET state = 'lapsed', closed_at = '2026-11-03', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)), "not over")
		a.refused("a disclosure", a.try(stream, fmt.Sprintf(`UPDATE request SET state = 'confirmed', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)), "no step leads")
	}
	doc, err := s.cases.Upload(officer, "order.pdf", "application/pdf", bytes.NewReader(s.order("EPOC 8/26")))
	s.must(err)
	in := s.submission(doc.ID, "EPOC 8/26")
	in.Process, in.IssuerKind, in.LegalBasis, in.Further = "EU-EPOC-PR", "judge", "Art. 6", nil
	later, err := s.send(officer, in)
	s.must(err)
	if k := s.load(later.ID).KeptUnder; len(k) != 1 || k[0].Request != id {
		t.Errorf("a later order on the same account finds %+v", k)
	}
	mine := s.submit("IN/94/2026/970")
	if k := s.load(mine.ID).KeptUnder; len(k) != 0 {
		t.Errorf("another agency learns of it: %+v", k)
	}
	s.clock.Set(s.load(id).Preservation.Until)
	s.jobs()
	if got := s.state(id); got != requests.Lapsed {
		t.Errorf("after its time: %s", got)
	}
	s.verifyLog()
}
