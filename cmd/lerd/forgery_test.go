package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/risk"
)

// TestAKnownForgeryIsRecognised: the order of a case is entered into the
// register; another agency's order with changed names says how much it is like
// it, asks for every check, and is decided by nobody but people.
func TestAKnownForgeryIsRecognised(t *testing.T) {
	s := newScenario(t)
	first := s.submit("IN/94/2026/861")
	s.must(s.cases.Claim(s.as("rita.lind"), first.ID))
	for _, who := range []string{"asha.rao", "ines.moreau"} {
		if err := s.fraud.MarkForged(s.as(who), first.ID, "template"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s enters forgeries: %v", who, err)
		}
	}
	if err := s.fraud.MarkForged(s.as("rita.lind"), first.ID, "because"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no reason: %v", err)
	}
	s.must(s.fraud.MarkForged(s.as("rita.lind"), first.ID, "template"))
	if err := s.fraud.MarkForged(s.as("rita.lind"), first.ID, "template"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("entered twice: %v", err)
	}
	s.inRegister("FR-31")
	s.clock.Advance(48 * time.Hour)
	order := s.order("DE 12 Gs 101/26")
	doc, err := s.cases.Upload(s.as("jana.weber"), "order.pdf", "application/pdf", bytes.NewReader(order))
	s.must(err)
	q, err := s.cases.Submit(s.as("jana.weber"), s.submission(doc.ID, "DE 12 Gs 101/26"))
	s.must(err)
	st := s.statement(q.ID)
	if st.Level != risk.High || !strings.Contains(evidenceOf(st, "known_forgery"), " %)") {
		t.Errorf("stated as %s by %+v", st.Level, st.Factors)
	}
	if got := s.state(q.ID); got != "submitted" {
		t.Errorf("the register decided: %s", got)
	}
	list, err := s.store.Forgeries(s.as("helen.park"), false)
	s.must(err)
	if err := s.fraud.TakeOff(s.as("rita.lind"), list[0].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer takes it off: %v", err)
	}
	s.must(s.fraud.TakeOff(s.as("helen.park"), list[0].ID))
	if st := s.statement(q.ID); evidenceOf(st, "known_forgery") != "" {
		t.Error("what was taken off the register still counts")
	}
	s.verifyLog()
}

// evidenceOf gives what shows a factor, "" where the statement has none of it.
func evidenceOf(st fraud.Statement, code risk.Code) string {
	for _, f := range st.Factors {
		if f.Code == code {
			return strings.Join(f.Evidence, " ")
		}
	}
	return ""
}

// TestADeniedOrderIsAKnownForgery: what its issuer disowns is recognised without
// anybody's entering it.
func TestADeniedOrderIsAKnownForgery(t *testing.T) {
	s := newScenario(t)
	first := s.submit("IN/94/2026/871")
	s.must(s.cases.Claim(s.as("rita.lind"), first.ID))
	_, err := s.fraud.Refresh(s.ctx, first.ID)
	s.must(err)
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: s.asked(first.ID), Answer: fraud.NotIssued, Name: "Clerk of the court"}))
	s.clock.Advance(48 * time.Hour)
	doc, err := s.cases.Upload(s.as("jana.weber"), "order.pdf", "application/pdf", bytes.NewReader(s.order("DE 12 Gs 102/26")))
	s.must(err)
	q, err := s.cases.Submit(s.as("jana.weber"), s.submission(doc.ID, "DE 12 Gs 102/26"))
	s.must(err)
	if got := evidenceOf(s.statement(q.ID), "known_forgery"); !strings.Contains(got, " %)") {
		t.Errorf("shown by %q", got)
	}
}
