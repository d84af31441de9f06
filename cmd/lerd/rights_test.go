package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// touching submits a request whose offence is one of expression.
func (s *scenario) touching(number string) requests.ID {
	s.t.Helper()
	ctx := s.as("asha.rao")
	in := s.submission(s.upload(number), number)
	in.OffenceClass, in.OffenceProvision, in.OffenceText = "0210", "BNS 196", "Words against a group"
	q, err := s.send(ctx, in)
	s.must(err)
	return q.ID
}

// rightsInput is a form in which every answer is the wanted one.
func (s *scenario) rightsInput(conclusion string) requests.RightsInput {
	in := requests.RightsInput{Replies: map[string]string{}, Reasons: map[string]string{}, Conclusion: conclusion, Why: "Examined against the order and its facts."}
	for _, q := range s.law.RightsForm().Questions {
		in.Replies[q.ID], in.Reasons[q.ID] = q.Wants, "See page 1 of the order."
	}
	return in
}

// rightsAgreed takes a case through counsel's review, whose two words let it go on.
func (s *scenario) rightsAgreed(id requests.ID) {
	s.t.Helper()
	if _, err := s.cases.OpenRightsReviews(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	waiting, err := s.cases.RightsWaiting(s.as("helen.park"))
	if s.must(err); len(waiting) != 1 || waiting[0].Request != id || waiting[0].Ref == "" {
		s.t.Fatalf("counsel's list holds %+v", waiting)
	}
	s.must(s.cases.AnswerRights(s.as("helen.park"), id, s.rightsInput(requests.Proceed)))
	s.must(s.cases.DecideRights(s.as("maya.stern"), id, true, ""))
}

// TestACaseThatTouchesRightsNeedsTwoWords takes a case of expression through
// counsel's review, and tries each way round it.
func TestACaseThatTouchesRightsNeedsTwoWords(t *testing.T) {
	s := newScenario(t)
	id := s.touching("IN/94/2026/701")
	rita, helen, maya, anna := s.as("rita.lind"), s.as("helen.park"), s.as("maya.stern"), s.as("anna.keller")
	s.must(s.cases.Claim(rita, id))
	s.answerAll(rita, id, "reviewer")
	s.answerAll(helen, id, "counsel")
	qualify := func() error {
		return s.cases.Qualify(rita, id, []requests.Allegation{{Target: "t1", Rule: "PR-14"}})
	}
	gated := func(when string, err error) {
		t.Helper()
		if fault.KindOf(err) != fault.Gate {
			t.Fatalf("%s: %v, want a gate", when, err)
		}
	}
	gated("before any review", qualify())
	if n, err := s.cases.OpenRightsReviews(s.ctx); n != 1 || err != nil {
		t.Fatalf("%d reviews were opened: %v", n, err)
	}
	if n, err := s.cases.OpenRightsReviews(s.ctx); n != 0 || err != nil {
		t.Fatalf("%d reviews were opened twice: %v", n, err)
	}
	gated("while it is open", qualify())
	in := s.rightsInput(requests.Proceed)
	if err := s.cases.AnswerRights(rita, id, in); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer answers: %v", err)
	}
	if err := s.cases.AnswerRights(s.unproved("helen.park"), id, in); fault.KindOf(err) != fault.StepUp {
		t.Errorf("counsel answers without a passkey: %v", err)
	}
	bad := s.rightsInput(requests.Proceed)
	bad.Replies["persecution"] = "yes"
	if err := s.cases.AnswerRights(helen, id, bad); fault.KindOf(err) != fault.Invalid {
		t.Errorf("it goes on although somebody may be persecuted: %v", err)
	}
	delete(bad.Reasons, "legality")
	if len(fault.ProblemsOf(s.cases.AnswerRights(helen, id, bad))) != 2 {
		t.Error("an answer without its reason is taken")
	}
	s.must(s.cases.AnswerRights(helen, id, in))
	gated("with one word", qualify())
	if err := s.cases.DecideRights(helen, id, true, ""); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "You have a part in this already") {
		t.Errorf("the same person decides: %v", err)
	}
	if err := s.cases.DecideRights(rita, id, true, ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the reviewer decides: %v", err)
	}
	s.must(s.cases.DecideRights(anna, id, false, "Say which law makes it an offence here."))
	gated("returned", qualify())
	s.must(s.cases.AnswerRights(helen, id, in))
	s.must(s.cases.DecideRights(maya, id, true, ""))
	s.must(qualify())
	s.nothingTold(id)
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(anna, id, s.load(id).Release.Digest))
	s.jobs()
	if st := s.state(id); st == requests.Approved || st == requests.Confirmed {
		t.Errorf("the case is %q after both words", st)
	}
	_, r, err := s.cases.RightsReview(s.as("ines.moreau"), id)
	s.must(err)
	if len(r.Answers) != 2 || r.State != requests.RightsAgreed {
		t.Errorf("the auditor reads %d answers of a review that is %q", len(r.Answers), r.State)
	}
}

// nothingTold looks at what the agency can see of a case for signs of a review.
func (s *scenario) nothingTold(id requests.ID) {
	s.t.Helper()
	asha := s.as("asha.rao")
	if _, _, err := s.cases.RightsReview(asha, id); fault.KindOf(err) != fault.NotFound {
		s.t.Errorf("the officer sees the review: %v", err)
	}
	if _, ok, err := s.store.RightsReview(asha, id); ok || err != nil {
		s.t.Errorf("the officer's scope reads the review: %v %v", ok, err)
	}
	c, err := s.cases.View(asha, id)
	s.must(err)
	if c.Request.State != "examined" {
		s.t.Errorf("the agency reads %q", c.Request.State)
	}
	for _, line := range s.column(`SELECT convert_from(entry, 'UTF8') FROM audit.event WHERE kind LIKE 'rights_review.%'`) {
		if strings.Contains(line, string(id)) || strings.Contains(line, c.Request.Ref) || strings.Contains(line, "0210") || strings.Contains(line, "proceed") {
			s.t.Errorf("the log's event names the case: %s", line)
		}
	}
}

// TestARefusedReviewRefusesTheCase lets counsel refuse, and finds the reason of
// the policy in the agency's answer.
func TestARefusedReviewRefusesTheCase(t *testing.T) {
	s := newScenario(t)
	id := s.touching("IN/94/2026/702")
	rita := s.as("rita.lind")
	s.must(s.cases.Claim(rita, id))
	s.must(s.cases.OpenRights(s.as("helen.park"), id, []string{"journalist"}))
	in := s.rightsInput(requests.RefuseRights)
	in.Replies["protected_expression"] = "yes"
	s.must(s.cases.AnswerRights(s.as("helen.park"), id, in))
	s.must(s.cases.DecideRights(s.as("anna.keller"), id, true, ""))
	s.answerAll(rita, id, "reviewer")
	c := s.load(id)
	v, err := s.cases.Verdict(rita, c)
	s.must(err)
	if len(v.Codes) == 0 || v.Codes[len(v.Codes)-1] != "RR-15" {
		t.Errorf("what follows is %q for %v", v.Outcome, v.Codes)
	}
	if fault.KindOf(s.cases.Qualify(rita, id, nil)) != fault.Gate {
		t.Error("the case can be qualified")
	}
}

// TestAFlaggedCaseIsNarrowed flags a case of plain fraud, narrows it to phone
// numbers, and finds addresses kept in.
func TestAFlaggedCaseIsNarrowed(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/703")
	rita, helen := s.as("rita.lind"), s.as("helen.park")
	s.must(s.cases.Claim(rita, q.ID))
	s.answerAll(rita, q.ID, "reviewer")
	s.answerAll(helen, q.ID, "counsel")
	if err := s.cases.OpenRights(rita, q.ID, []string{"rich"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a flag that is not the policy's: %v", err)
	}
	s.must(s.cases.OpenRights(rita, q.ID, []string{"journalist"}))
	in := s.rightsInput(requests.NarrowRights)
	in.Only = "phone_number"
	s.must(s.cases.AnswerRights(helen, q.ID, in))
	s.must(s.cases.DecideRights(s.as("maya.stern"), q.ID, true, ""))
	err := s.cases.Qualify(rita, q.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}})
	if fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "phone number") {
		t.Errorf("addresses go on: %v", err)
	}
}

// TestTheDatabaseKeepsTheReviewOfRights writes past the program.
func TestTheDatabaseKeepsTheReviewOfRights(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/704")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	rel := *s.load(q.ID).Release
	s.must(s.cases.OpenRights(s.as("anna.keller"), q.ID, []string{"activist"}))
	if err := s.cases.Approve(s.as("anna.keller"), q.ID, rel.Digest); fault.KindOf(err) != fault.Gate {
		t.Errorf("the program approves: %v", err)
	}
	s.cases.Rights = nil
	err := s.cases.Approve(s.as("anna.keller"), q.ID, rel.Digest)
	s.cases.Rights = s.store
	if err == nil || s.state(q.ID) != requests.Confirmed {
		t.Fatalf("without the program's gate the database lets it go: %v, %s", err, s.state(q.ID))
	}
	r, _, err := s.store.RightsReview(s.as("helen.park"), q.ID)
	s.must(err)
	stream, helen, maya := "rights_review:"+r.ID, s.personID("helen.park"), s.personID("maya.stern")
	answer, err := s.cases.ReadRights(r, s.rightsInput(requests.Proceed))
	s.must(err)
	said := func(by string) []string {
		return []string{fmt.Sprintf(`INSERT INTO rights_answer VALUES ('%s', '%s', '%s', '%s', 1, '%s', '%s', 'proceed', '', '%s', now(), $EVENT)`,
			answer.ID, r.ID, q.ID, r.Agency, strings.ReplaceAll(answer.Content, "'", "''"), answer.ContentSHA256, by),
			fmt.Sprintf(`UPDATE rights_review SET state = 'answered', answer_id = '%s', version = 2, event_id = $EVENT WHERE id = '%s'`, answer.ID, r.ID)}
	}
	decided := func(by, state string) string {
		return fmt.Sprintf(`UPDATE rights_review SET state = '%s', decided_by = '%s', decided_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, state, by, r.ID)
	}
	word := func(who string, to requests.RightsState) string {
		return s.gave(who, identity.PurposeRights, requests.RightsDecisionDigest(r, answer, to))
	}
	for _, a := range s.attackers(t) {
		try := func(scope string, steps ...string) error { return a.tryAs(scope, stream, steps...) }
		a.refused("an answer without a passkey", try("counsel", said(helen)...), "with their passkey")
		a.refused("an answer of an approver", try("counsel", append([]string{s.gave("anna.keller", identity.PurposeRights, requests.RightsAnswerDigest(answer))}, said(s.personID("anna.keller"))...)...), "counsel answers")
		a.refused("agreed without an answer", try("counsel", word("maya.stern", requests.RightsAgreed), decided(maya, "agreed")), "no step leads")
		a.refused("begun as agreed", try("counsel", fmt.Sprintf(`INSERT INTO rights_review SELECT gen_random_uuid(), request_id, agency_id, 2, because, 'agreed', NULL, now(), NULL, '%s', now(), '', 1, $EVENT FROM rights_review WHERE id = '%s'`, maya, r.ID)), "begins as opened", "check constraint")
		a.refused("taken away", try("counsel", fmt.Sprintf(`DELETE FROM rights_review WHERE id = '%s'`, r.ID)), "permission denied", "refused", "violates")
		a.refused("another case", try("counsel", fmt.Sprintf(`UPDATE rights_review SET because = 'class', version = 2, event_id = $EVENT WHERE id = '%s'`, r.ID)), "permission denied", "does not change")
	}
	s.must(s.cases.AnswerRights(s.as("helen.park"), q.ID, s.rightsInput(requests.Proceed)))
	r, _, err = s.store.RightsReview(s.as("helen.park"), q.ID)
	s.must(err)
	answer, _ = r.Last()
	for _, a := range s.attackers(t) {
		try := func(scope string, steps ...string) error { return a.tryAs(scope, stream, steps...) }
		a.refused("the same counsel", try("counsel", word("helen.park", requests.RightsAgreed), decided(helen, "agreed")), "another counsel")
		a.refused("the reviewer", try("reviewer", word("rita.lind", requests.RightsAgreed), decided(s.personID("rita.lind"), "agreed")), "another counsel")
		a.refused("no passkey", try("counsel", decided(maya, "agreed")), "with their passkey")
		a.refused("a word to return it", try("counsel", word("maya.stern", requests.RightsReturned), decided(maya, "agreed")), "with their passkey")
		a.refused("no reason", try("counsel", word("maya.stern", requests.RightsReturned), decided(maya, "returned")), "says why")
	}
	s.asOwner(stream, word("maya.stern", requests.RightsAgreed), decided(maya, "agreed")) // the right way
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, rel.Digest))
}

// TestSomebodyLeavesCounselsListByTwoWords takes a mark away.
func TestSomebodyLeavesCounselsListByTwoWords(t *testing.T) {
	s := newScenario(t)
	helen, maya := s.as("helen.park"), s.as("maya.stern")
	s.must(s.fraud.MarkSensitive(helen, "phone", "+919812345670", "journalist"))
	list, err := s.fraud.ListMarks(maya)
	s.must(err)
	if len(list) != 1 || list[0].Why != "journalist" {
		t.Fatalf("the list: %+v", list)
	}
	id := list[0].ID
	if err := s.fraud.ProposeUnmark(s.as("anna.keller"), id, "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an approver proposes: %v", err)
	}
	for _, a := range s.attackers(t) {
		remove := fmt.Sprintf(`UPDATE sensitive_mark SET removed_by = '%s', removed_at = now(), version = 2, event_id = $EVENT WHERE id = '%s'`, s.personID("maya.stern"), id)
		a.refused("one person takes it away", a.tryAs("counsel", "mark:"+id, remove), "two of counsel")
	}
	if err := s.fraud.ProposeUnmark(helen, id, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no reason: %v", err)
	}
	s.must(s.fraud.ProposeUnmark(helen, id, "Left the profession, see file 12."))
	if err := s.fraud.DecideUnmark(helen, id, true); !strings.Contains(fault.Message(err), "asked for this yourself") {
		t.Error("the same counsel agrees")
	}
	if err := s.fraud.DecideUnmark(s.unproved("maya.stern"), id, true); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without a passkey: %v", err)
	}
	s.must(s.fraud.DecideUnmark(maya, id, true))
	if list, err = s.fraud.ListMarks(maya); len(list) != 0 || err != nil {
		t.Errorf("the list after it: %+v %v", list, err)
	}
}

// TestAWordOnAFindingTakesAPasskey gives words without one, in the program and in
// the database.
func TestAWordOnAFindingTakesAPasskey(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/705")
	s.review(q.ID)
	s.jobs()
	finding := string(s.load(q.ID).Asks[0].Finding)
	if err := s.findings.Confirm(s.unproved("carl.ito"), finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-1"}); fault.KindOf(err) != fault.StepUp {
		t.Errorf("a verdict without a passkey: %v", err)
	}
	said := fmt.Sprintf(`INSERT INTO confirmation VALUES (gen_random_uuid(), '%s', '%s', 'confirmed', 'MOD-1', '', now(), $EVENT)`, finding, s.personID("carl.ito"))
	move := fmt.Sprintf(`UPDATE finding SET evidence = 'MOD-1', version = version + 1, event_id = $EVENT WHERE id = '%s'`, finding)
	for _, a := range s.attackers(t) {
		a.refused("without a passkey", a.tryAs("confirmer", "finding:"+finding, said, move), "with their passkey")
		a.refused("a word on an appeal", a.tryAs("confirmer", "finding:"+finding, s.gave("carl.ito", identity.PurposeAppeal, violations.ConfirmDigest(finding)), said, move), "with their passkey")
	}
	s.confirm()
	if err := s.findings.Appeal(s.unproved("emil.novak"), finding, violations.Uphold, "Appeal A-1."); fault.KindOf(err) != fault.StepUp {
		t.Errorf("an appeal without a passkey: %v", err)
	}
	s.must(s.findings.Appeal(s.as("emil.novak"), finding, violations.Uphold, "Appeal A-1."))
}

// unproved is one of the cast who agrees to nothing.
func (s *scenario) unproved(signIn string) context.Context {
	actor, _ := identity.From(s.as(signIn))
	return identity.With(s.ctx, actor)
}
