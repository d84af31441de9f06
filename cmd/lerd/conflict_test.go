package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// submitWith takes a changed submission to a case.
func (s *scenario) submitWith(number string, change func(*requests.Submission)) requests.Request {
	s.t.Helper()
	ctx := s.as("asha.rao")
	doc, err := s.cases.Upload(ctx, "order.pdf", "application/pdf", bytes.NewReader(s.order(number)))
	s.must(err)
	in := s.submission(doc.ID, number)
	change(&in)
	q, err := s.send(ctx, in)
	s.must(err)
	return q
}

// TestADemandThatMayBindIsCounselsToRefuse: the person is a witness, which the
// platform's policy does not disclose, under a process that may bind it.
func TestADemandThatMayBindIsCounselsToRefuse(t *testing.T) {
	s := newScenario(t)
	q := s.submitWith("IN/94/2026/60", func(in *requests.Submission) { in.Targets[0].PersonRole = legal.Witness })
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)

	c := s.load(q.ID)
	v, err := s.cases.Verdict(reviewer, c)
	s.must(err)
	if v.Outcome != legal.LegalConflict {
		t.Fatalf("the verdict on a witness is %s", v.Outcome)
	}
	if err := s.cases.Refuse(reviewer, q.ID, []string{"RR-13"}, "Not a suspect."); err == nil {
		t.Fatal("a reviewer refused by policy alone what may bind the platform")
	}
	if err := s.cases.Qualify(reviewer, q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}); fault.KindOf(err) != fault.Gate {
		t.Fatalf("qualified in spite of the gate: %v", err)
	}
	s.must(s.cases.SendToCounsel(reviewer, q.ID, "The person is a witness."))
	if err := s.cases.SettleConflict(reviewer, q.ID, "No."); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("a reviewer settled a conflict: %v", err)
	}
	s.must(s.cases.SettleConflict(s.as("helen.park"), q.ID, "We object: the person is not a suspect, and the order does not say why the data are needed."))
	c = s.load(q.ID)
	if c.Request.State != requests.Refused || c.Request.Reasons.Empty() || c.Release != nil {
		t.Errorf("after counsel's objection: %s", c.Request.State)
	}
	s.verifyLog()
}

// TestARejectedFindingGoesToCounsel: trust and safety say no; the gate stays
// shut, and the demand is not silently refused.
func TestARejectedFindingGoesToCounsel(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/61")
	s.review(q.ID)
	s.jobs()
	list, err := s.findings.List(s.as("carl.ito"))
	s.must(err)
	s.must(s.findings.Confirm(s.as("carl.ito"), list[0].ID, violations.Input{Verdict: "rejected", Note: "A parody account, labelled as such."}))
	if err := s.findings.Confirm(s.as("dana.cruz"), list[0].ID, violations.Input{Verdict: "confirmed", Evidence: "MOD-1"}); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "This finding is already") {
		t.Errorf("a rejected finding was confirmed: %v", err)
	}
	s.jobs()
	c := s.load(q.ID)
	if c.Request.State != requests.LegalConflict || c.Release != nil {
		t.Fatalf("after a rejected finding: %s", c.Request.State)
	}
	s.must(s.cases.Reopen(s.as("helen.park"), q.ID, "Look at the second account that the order names."))
	if got := s.state(q.ID); got != requests.InReview {
		t.Errorf("after counsel reopened it: %s", got)
	}
}

// TestNothingHeldIsAnAnswer: an account without records in the period, and an
// identifier that nobody holds.
func TestNothingHeldIsAnAnswer(t *testing.T) {
	s := newScenario(t)
	q := s.submitWith("IN/94/2026/62", func(in *requests.Submission) {
		in.Targets[0].Identifier = "+447700900999" // nobody holds it
	})
	s.review(q.ID)
	s.jobs()
	if got := s.state(q.ID); got != requests.AwaitingConfirmation {
		t.Errorf("where nobody holds the number the case is %s at once", got)
	}
	s.clock.Advance(3 * 24 * time.Hour)
	s.jobs()
	c := s.load(q.ID)
	if c.Request.State != requests.NoData || len(c.Asks) != 0 {
		t.Errorf("nobody holds the number: %s, %d findings asked for", c.Request.State, len(c.Asks))
	}
	s.verifyLog()
}

// TestAClarificationStopsTheClock: the agency is asked, and the time in which
// lerd waits is added to the deadline.
func TestAClarificationStopsTheClock(t *testing.T) {
	s := newScenario(t)
	q := s.submitWith("BK-7", func(in *requests.Submission) {})
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	if err := s.cases.Ask(reviewer, q.ID, "Please send ###."); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a question with an open placeholder was sent: %v", err)
	}
	s.must(s.cases.Ask(reviewer, q.ID, "Please send the second page of the order."))
	if err := s.cases.Reply(s.as("jana.weber"), q.ID, "Here."); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another agency answered: %v", err)
	}
	s.clock.Advance(48 * 3600e9)
	s.must(s.cases.Reply(s.as("vikram.nair"), q.ID, "It is attached to the file; page 2 of 2."))
	c := s.load(q.ID)
	if c.Request.State != requests.InReview || len(c.Messages) != 2 {
		t.Fatalf("after the reply: %s, %d messages", c.Request.State, len(c.Messages))
	}
	if m := c.Messages[0]; m.FromName != "Reviewer 7F" {
		t.Errorf("the agency reads the reviewer's name %q", m.FromName)
	}
	if c.Request.Reviewer == "" {
		t.Error("the reviewer lost the case over a question")
	}
}

// TestASoundDemandIsNotCounselsToTakeOver hears the rule itself, and not only what the
// database would say.
func TestASoundDemandIsNotCounselsToTakeOver(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/69")
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	if err := s.cases.SendToCounsel(reviewer, q.ID, "To be sure."); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "Counsel takes over only where") {
		t.Errorf("handed over: %v", err)
	}
}
