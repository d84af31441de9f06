package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/requests"
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
	s.takenOff(t, first.ID)
	if st := s.statement(q.ID); evidenceOf(st, "known_forgery") != "" {
		t.Error("what was taken off the register still counts")
	}
	s.verifyLog()
}

// takenOff takes a document off the register by two people, and tries each way
// round the second.
func (s *scenario) takenOff(t *testing.T, request requests.ID) {
	t.Helper()
	rita, helen := s.as("rita.lind"), s.as("helen.park")
	list, err := s.fraud.ListForgeries(helen)
	if s.must(err); len(list) != 1 || list[0].Request != request || list[0].Ref == "" {
		t.Fatalf("the register holds %+v", list)
	}
	id := list[0].ID
	for _, who := range []string{"asha.rao", "carl.ito", "anna.keller"} {
		if _, err := s.fraud.ListForgeries(s.as(who)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s reads the register: %v", who, err)
		}
	}
	off := fmt.Sprintf(`UPDATE known_forgery SET removed_by = '%s', removed_at = now(), version = 2, event_id = $EVENT WHERE id = '%s'`, s.personID("helen.park"), id)
	for _, a := range s.attackers(t) {
		a.refused("one person takes it off", a.tryAs("counsel", "forgery:"+id, off), "two people")
	}
	if err := s.fraud.ProposeTakeOff(rita, id, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no reason: %v", err)
	}
	s.must(s.fraud.ProposeTakeOff(helen, id, "It is genuine: the court said so."))
	if err := s.fraud.ProposeTakeOff(rita, id, "Again."); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "This waits for counsel already") {
		t.Errorf("proposed twice: %v", err)
	}
	if err := s.fraud.DecideTakeOff(helen, id, true); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "asked for this yourself") {
		t.Errorf("agrees with herself: %v", err)
	}
	if err := s.fraud.DecideTakeOff(rita, id, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer decides: %v", err)
	}
	if err := s.fraud.DecideTakeOff(s.unproved("maya.stern"), id, true); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without a passkey: %v", err)
	}
	removal := s.proposedOff(id).Removal
	agreed := fmt.Sprintf(`UPDATE forgery_removal SET state = 'agreed', decided_by = '%s', decided_at = now(), version = 2, event_id = $EVENT WHERE id = '%s'`, s.personID("maya.stern"), removal.ID)
	took := strings.ReplaceAll(off, string(s.personID("helen.park")), string(s.personID("maya.stern")))
	for _, a := range s.attackers(t) {
		a.refused("no passkey", a.tryAs("counsel", "forgery_removal:"+removal.ID, agreed, took), "with their passkey")
		a.refused("who proposed it", a.tryAs("counsel", "forgery_removal:"+removal.ID, strings.ReplaceAll(agreed, string(s.personID("maya.stern")), string(s.personID("helen.park"))), off), "forgery_removal")
	}
	s.must(s.fraud.DecideTakeOff(s.as("maya.stern"), id, false))
	if got := s.proposedOff(id).Removal.State; got != fraud.Declined {
		t.Errorf("declined, and it is %q", got)
	}
	s.must(s.fraud.ProposeTakeOff(rita, id, "It is genuine: here is the court's letter."))
	s.must(s.fraud.DecideTakeOff(helen, id, true))
	if list, err := s.fraud.ListForgeries(rita); err != nil || len(list) != 0 {
		t.Errorf("the register after it: %+v %v", list, err)
	}
}

func (s *scenario) proposedOff(id string) fraud.Registered {
	s.t.Helper()
	list, err := s.store.Registered(s.as("helen.park"), id)
	if s.must(err); len(list) != 1 {
		s.t.Fatalf("%s names %d entries", id, len(list))
	}
	return list[0]
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
