package main

import (
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// TestAnAnswerThatCannotBeIsRefused: such an answer would leave the case
// without a verdict for good, because answers are never removed.
func TestAnAnswerThatCannotBeIsRefused(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/18")
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	for name, in := range map[string]requests.CheckInput{
		"does not apply, where it always does": {Check: "VC-02", Result: "not_applicable", Note: "n"},
		"about one account, where it is not":   {Check: "VC-06", Target: "t1", Result: "pass"},
		"of the facts":                         {Check: "VC-01", Result: "pass"},
	} {
		if err := s.cases.AnswerChecks(reviewer, q.ID, []requests.CheckInput{in}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := s.cases.View(reviewer, q.ID)
	s.must(err)
	if _, err := s.cases.Verdict(reviewer, c); err != nil {
		t.Error(err)
	}
}

// TestQueueKnowsWhoHoldsWhat reads the queue as its page does.
func TestQueueKnowsWhoHoldsWhat(t *testing.T) {
	s := newScenario(t)
	mine, free := s.submit("IN/94/2026/19"), s.submit("IN/94/2026/20")
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, mine.ID))
	actor, _ := identityFrom(reviewer)
	list, err := s.cases.List(reviewer, requests.Filter{Reviewer: actor.Person})
	s.must(err)
	if len(list) != 1 || list[0].ID != mine.ID || list[0].Reviewer != actor.Person {
		t.Errorf("held by the reviewer: %+v, beside %s", list, free.ID)
	}
	names, err := s.store.Pseudonyms(reviewer, []identity.PersonID{actor.Person, "00000000-0000-4000-8000-000000000000"})
	s.must(err)
	if len(names) != 1 || names[actor.Person] != "Reviewer 7F" {
		t.Errorf("pseudonyms: %v", names)
	}
}
