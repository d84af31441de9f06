package main

import (
	"fmt"
	"testing"
	"time"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// TestThePreviewIsWhatTheOfficerReads: the statement of reasons that the workbench
// shows before a decision is, word by word, the one that the officer reads after
// it, and so is what becomes of each kind of data; whether all is produced, one
// kind is refused, or the whole request.
func TestThePreviewIsWhatTheOfficerReads(t *testing.T) {
	s := newScenario(t)
	rita := s.as("rita.lind")
	for i, what := range []string{"produced", "one kind refused", "refused"} {
		id := s.submit(fmt.Sprintf("IN/94/2026/%d", 520+i)).ID
		s.must(s.cases.Claim(rita, id))
		s.answerAll(rita, id, legal.RoleReviewer)
		s.answerAll(s.as("helen.park"), id, legal.RoleCounsel)
		s.clock.Advance(time.Minute) // the newer of two answers counts
		switch what {
		case "one kind refused":
			s.must(s.cases.Decide(rita, id, []requests.DecisionInput{{Target: "t1", Category: requests.IPAddress, Outcome: requests.Refuse, Reasons: []string{"RR-12"}, Note: "The number is enough."}}))
		case "refused":
			s.must(s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-02", Result: "fail", Note: "No such court."}}))
		}
		v, err := s.cases.Verdict(rita, s.load(id))
		s.must(err)
		seen, ok := s.cases.Foresee(rita, s.load(id), v)
		if !ok {
			t.Fatalf("%s: nothing is foreseen of %s", what, v.Outcome)
		}
		if what == "refused" {
			s.must(s.cases.Refuse(rita, id, nil, ""))
		} else {
			s.must(s.qualify(id))
			s.jobs()
			s.confirm()
			s.jobs()
			s.must(s.cases.Approve(s.as("anna.keller"), id, s.load(id).Release.Digest))
			s.jobs()
		}
		read, err := s.cases.View(s.as("asha.rao"), id)
		s.must(err)
		if a, b := seen.Request.Reasons.Reveal(), read.Request.Reasons.Reveal(); a != b || a == "" {
			t.Errorf("%s: foreseen:\n%s\nread:\n%s", what, a, b)
		}
		if a, b := outcomes(seen), outcomes(read); a != b || a == "" {
			t.Errorf("%s: foreseen %s, read %s", what, a, b)
		}
	}
}

// outcomes tells what becomes of each kind of data.
func outcomes(c requests.Case) (out string) {
	for _, t := range c.Request.Targets {
		for _, cat := range requests.Categories {
			if d, ok := c.Decision(t.ID, cat); ok {
				out += fmt.Sprintf("%s %s %s %v; ", t.Ref(), cat, d.Outcome, d.Reasons)
			}
		}
	}
	return out
}
