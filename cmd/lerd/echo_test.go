package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
)

// TestALostLetterIsReplaced: a registrar alone, once; the old code is like one
// that never was, and the new one is answered.
func TestALostLetterIsReplaced(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/811")
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	lost := s.asked(q.ID)
	open, err := s.fraud.Unanswered(s.as("nora.berg"))
	if err != nil || len(open) != 1 {
		t.Fatalf("%d questions wait, %v", len(open), err)
	}
	for _, who := range []string{"rita.lind", "helen.park", "anna.keller", "asha.rao", "kavya.menon", "tess.boyd", "ines.moreau"} {
		if err := s.fraud.ReplaceEcho(s.as(who), open[0].ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s replaces the letter: %v", who, err)
		}
	}
	registrar := s.as("nora.berg")
	actor, _ := identity.From(registrar)
	keyed := change.WithKey(registrar, change.Key{Person: actor.Person, Key: "00000000-0000-4000-8000-000000000811", At: s.clock.Now()})
	s.must(s.fraud.ReplaceEcho(keyed, open[0].ID))
	var used *change.Used
	if err := s.fraud.ReplaceEcho(keyed, open[0].ID); !errors.As(err, &used) || used.Outcome != "/echoes" {
		t.Errorf("the same form again: %v", err)
	}
	if err := s.fraud.ReplaceEcho(registrar, open[0].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("replaced twice: %v", err)
	}
	never := s.noQuestion("AAAA-BBBB-CCCC")
	if said := s.noQuestion(lost); said != never {
		t.Errorf("a replaced code says %q, one that never was %q", said, never)
	}
	waiting, err := s.fraud.Waiting(registrar)
	if err != nil || len(waiting) != 1 || waiting[0].Detail != open[0].Detail || waiting[0].Ref == open[0].Ref {
		t.Fatalf("to be sent are %+v, %v", waiting, err)
	}
	l, err := s.fraud.SendEcho(registrar, waiting[0].ID)
	s.must(err)
	_, rest, _ := strings.Cut(l.Body, "Code: ")
	code, _, _ := strings.Cut(rest, "\n")
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: code, Answer: fraud.Issued, Name: "R. Sharma, registrar"}))
	if err := s.fraud.ReplaceEcho(registrar, waiting[0].ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("replaced after it was answered: %v", err)
	}
	if got := s.column("SELECT string_agg(state, ' ' ORDER BY state) FROM issuer_echo")[0]; got != "answered replaced" {
		t.Errorf("the questions are %s", got)
	}
	for _, a := range s.attackers(t) {
		a.refused("a replaced code that works again", a.try("echo:"+open[0].ID, "UPDATE issuer_echo SET state = 'asked', version = version + 1, event_id = $EVENT WHERE id = '"+open[0].ID+"'"), "does not change")
	}
	s.verifyLog()
}

// noQuestion expects that a code names nothing, to look and to answer, and gives
// what is said.
func (s *scenario) noQuestion(code string) string {
	s.t.Helper()
	_, err := s.fraud.Question(context.Background(), code)
	if fault.KindOf(err) != fault.NotFound {
		s.t.Errorf("the code is looked up: %v", err)
	}
	err = s.fraud.AnswerEcho(context.Background(), fraud.Reply{Code: code, Answer: fraud.Issued, Name: "x"})
	if fault.KindOf(err) != fault.NotFound {
		s.t.Errorf("the code is answered: %v", err)
	}
	return fault.Message(err)
}
