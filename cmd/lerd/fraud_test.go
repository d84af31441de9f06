package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/callback"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// marked puts the story's suspect on counsel's list.
func (s *scenario) marked() {
	s.t.Helper()
	s.must(s.fraud.MarkSensitive(s.as("helen.park"), "phone", sample.SuspectPhone, "journalist"))
}

// statement gives the last statement of a case.
func (s *scenario) statement(id requests.ID) fraud.Statement {
	s.t.Helper()
	if _, err := s.fraud.Refresh(s.ctx, id); err != nil {
		s.t.Fatal(err)
	}
	file, _, err := s.fraud.Look(s.as("rita.lind"), s.load(id))
	s.must(err)
	st, ok := file.Last()
	if !ok {
		s.t.Fatal("there is no statement")
	}
	return st
}

func codesOf(st fraud.Statement) string {
	var out []string
	for _, f := range st.Factors {
		out = append(out, string(f.Code))
	}
	return strings.Join(out, " ")
}

// answeredAll takes a case to where only the reviewer's qualification is missing.
func (s *scenario) answeredAll(id requests.ID) {
	s.t.Helper()
	s.must(s.cases.Claim(s.as("rita.lind"), id))
	s.answerAll(s.as("rita.lind"), id, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), id, legal.RoleCounsel)
}

func (s *scenario) qualify(id requests.ID) error {
	return s.cases.Qualify(s.as("rita.lind"), id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}})
}

// asked has the question to the issuer sent, and gives the code of the letter.
func (s *scenario) asked(id requests.ID) string {
	s.t.Helper()
	contacts, err := s.fraud.IssuersOf(s.as("rita.lind"), s.load(id))
	s.must(err)
	if len(contacts) == 0 {
		s.t.Fatal("no issuer is on file")
	}
	e, err := s.fraud.WantEcho(s.as("rita.lind"), id, contacts[0].Detail)
	s.must(err)
	l, err := s.fraud.SendEcho(s.as("nora.berg"), e.ID)
	s.must(err)
	_, rest, _ := strings.Cut(l.Body, "Code: ")
	code, _, _ := strings.Cut(rest, "\n")
	if len(code) < 32 || strings.Contains(l.Body, sample.SuspectPhone) || strings.Contains(l.Body, "[[") || strings.Contains(l.Body, "Asha") {
		s.t.Fatalf("the letter: %s", l.Body)
	}
	return code
}

// TestAMarkedTargetNeedsTheIssuersWord takes a case with an elevated statement
// to its release: not before the issuer has confirmed the order.
func TestAMarkedTargetNeedsTheIssuersWord(t *testing.T) {
	s := newScenario(t)
	s.marked()
	q := s.submit("IN/94/2026/801")
	s.answeredAll(q.ID)
	if st := s.statement(q.ID); st.Level != risk.Elevated || !strings.Contains(codesOf(st), "sensitive_target") {
		t.Fatalf("%s by %s", st.Level, codesOf(st))
	}
	if err := s.qualify(q.ID); fault.KindOf(err) != fault.Gate || !strings.Contains(err.Error(), "issuer") {
		t.Errorf("qualified without the issuer's word: %v", err)
	}
	for _, a := range s.attackers(t) {
		a.refused("a qualification", a.try(requests.StreamOf(q.ID), fmt.Sprintf(`UPDATE request SET state = 'qualified', verdict = 'qualified', version = version + 1, event_id = $EVENT WHERE id = '%s'`, q.ID)), "asks for more (echo)")
		a.refused("a milder statement", a.try("risk:x", fmt.Sprintf(`INSERT INTO risk_statement SELECT gen_random_uuid(), request_id, agency_id, version + 1, 'elevated', 0, '', '[]', policy_sha256, at, $EVENT FROM risk_statement WHERE request_id = '%s'`, q.ID)), "risk_statement_check")
		a.refused("a changed statement", a.try("risk:"+string(q.ID), fmt.Sprintf(`UPDATE risk_statement SET level = 'normal', demands = '', event_id = $EVENT WHERE request_id = '%s'`, q.ID)), "permission denied", "never changed")
	}
	code := s.asked(q.ID)
	question, err := s.fraud.Question(s.ctx, strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	if err != nil || question.Order != "IN/94/2026/801" {
		t.Fatalf("the question is %+v, %v", question, err)
	}
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: code, Answer: fraud.Issued, Name: "R. Sharma, registrar"}))
	s.rightsAgreed(q.ID)
	s.must(s.qualify(q.ID))
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		t.Errorf("the case is %s\n%s", got, s.log)
	}
	s.verifyLog()
}

// TestWhoKnowsTheCode: not the reviewer; it works once, and a wrong one is like
// one that is over.
func TestWhoKnowsTheCode(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/802")
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	contacts, err := s.fraud.IssuersOf(s.as("rita.lind"), s.load(q.ID))
	s.must(err)
	if _, err := s.fraud.WantEcho(s.as("rita.lind"), q.ID, "00000000-0000-4000-8000-000000000001"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a contact that is on no file: %v", err)
	}
	e, err := s.fraud.WantEcho(s.as("rita.lind"), q.ID, contacts[0].Detail)
	s.must(err)
	if _, err := s.fraud.WantEcho(s.as("rita.lind"), q.ID, contacts[0].Detail); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second question beside an open one: %v", err)
	}
	for _, who := range []string{"rita.lind", "helen.park", "asha.rao", "tess.boyd", "ines.moreau"} {
		if _, err := s.fraud.SendEcho(s.as(who), e.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s sends the letter: %v", who, err)
		}
	}
	for _, a := range s.attackers(t) {
		a.refused("sent by who wants it", a.try("echo:"+e.ID, fmt.Sprintf(`UPDATE issuer_echo SET state = 'asked', sent_by = wanted_by, sent_at = now(), expires_at = now() + interval '1 day', code_sha256 = repeat('a', 64), version = version + 1, event_id = $EVENT WHERE id = '%s'`, e.ID)), "a registrar sends it")
		a.refused("answered before it is sent", a.try("echo:"+e.ID, fmt.Sprintf(`UPDATE issuer_echo SET state = 'answered', answer = 'issued', answered_name = 'x', answered_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, e.ID)), "does not change")
	}
	l, err := s.fraud.SendEcho(s.as("nora.berg"), e.ID)
	s.must(err)
	if _, err := s.fraud.SendEcho(s.as("nora.berg"), e.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a second letter with a second code: %v", err)
	}
	_, rest, _ := strings.Cut(l.Body, "Code: ")
	code, _, _ := strings.Cut(rest, "\n")
	if n := s.column("SELECT count(*)::text FROM issuer_echo WHERE code_sha256 = '" + code + "'")[0]; n != "0" {
		t.Error("the code itself is kept")
	}
	wrong := func(reply fraud.Reply) string {
		err := s.fraud.AnswerEcho(s.ctx, reply)
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%+v: %v", reply, err)
		}
		return fault.Message(err)
	}
	never := wrong(fraud.Reply{Code: "AAAA-BBBB-CCCC", Answer: fraud.Issued, Name: "x"})
	if err := s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: code, Answer: "perhaps", Name: ""}); len(fault.ProblemsOf(err)) != 2 {
		t.Errorf("an answer that is none: %v", err)
	}
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: code, Answer: fraud.CannotSay, Name: "The registry"}))
	if used := wrong(fraud.Reply{Code: code, Answer: fraud.Issued, Name: "x"}); used != never {
		t.Errorf("a used code says %q, a wrong one %q", used, never)
	}
	late := s.asked(q.ID)
	s.clock.Advance(fraud.EchoLife)
	if over := wrong(fraud.Reply{Code: late, Answer: fraud.Issued, Name: "x"}); over != never {
		t.Errorf("an old code says %q, a wrong one %q", over, never)
	}
	if _, err := s.sweepFraud(s.ctx); err != nil {
		t.Fatal(err)
	}
	if got := s.column("SELECT string_agg(state, ' ' ORDER BY wanted_at) FROM issuer_echo")[0]; got != "answered expired" {
		t.Errorf("the questions are %s", got)
	}
}

// TestHighRiskTakesACallAndCounsel: each check in turn, and an override by two.
func TestHighRiskTakesACallAndCounsel(t *testing.T) {
	s := newScenario(t)
	s.marked()
	in := s.submission(s.upload("IN/94/2026/811"), "IN/94/2026/811")
	in.Need, in.ReturnOn = "Urgent: to identify the seller at once.", storyNow.AddDate(0, 0, 2).Format(time.DateOnly)
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	s.answeredAll(q.ID)
	st := s.statement(q.ID)
	if st.Level != risk.High || !slices.Contains(st.Demands, risk.Counsel) {
		t.Fatalf("%s (%d) by %s", st.Level, st.Score, codesOf(st))
	}
	s.must(s.fraud.ProposeOverride(s.as("rita.lind"), q.ID, risk.Echo, "The court's office is closed; the judge confirmed it in person."))
	over := s.column("SELECT id::text FROM risk_override")[0]
	s.gate("agreed to by who asked", s.fraud.DecideOverride(s.as("rita.lind"), q.ID, over, "Yes.", true))
	if err := s.qualify(q.ID); err == nil || !strings.Contains(err.Error(), "issuer") {
		t.Errorf("with one person's override: %v", err)
	}
	s.must(s.fraud.DecideOverride(s.as("omar.haddad"), q.ID, over, "I spoke to the judge too.", true))
	if err := s.qualify(q.ID); err == nil || strings.Contains(err.Error(), "issuer") || !strings.Contains(err.Error(), "called the agency back") {
		t.Errorf("without a call: %v", err)
	}
	if err := s.fraud.ProposeOverride(s.as("rita.lind"), q.ID, risk.Counsel, "No need."); fault.KindOf(err) != fault.Invalid {
		t.Errorf("going without counsel: %v", err)
	}
	s.call(q.ID, "Inspector Menon", "yes")
	if err := s.qualify(q.ID); err == nil || !strings.Contains(err.Error(), "counsel") {
		t.Errorf("without counsel: %v", err)
	}
	if err := s.fraud.Clear(s.as("rita.lind"), q.ID, "Fine."); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer clears: %v", err)
	}
	s.must(s.fraud.Clear(s.as("helen.park"), q.ID, "Looked at it with the newspaper's counsel."))
	s.rightsAgreed(q.ID)
	s.must(s.qualify(q.ID))
	s.verifyLog()
}

// call calls the agency back about a case; every question gets one answer.
func (s *scenario) call(id requests.ID, name, answer string) error {
	s.t.Helper()
	ctx := s.as("rita.lind")
	c, err := s.calls.Begin(ctx, callback.Subject{Kind: callback.Request, ID: string(id), Agency: s.load(id).Request.Agency})
	s.must(err)
	in := callback.Input{Reached: string(callback.Person), Name: name, Function: "Duty officer", Answers: map[string]string{}}
	for _, q := range callback.Questions(callback.Request) {
		in.Answers[q] = answer
	}
	_, err = s.calls.Record(ctx, c.ID, in)
	return err
}

// TestAnEmergencyIsRoutineUntilSomebodyCalled claims an emergency.
func TestAnEmergencyIsRoutineUntilSomebodyCalled(t *testing.T) {
	s := newScenario(t)
	in := s.submission(s.upload("IN/94/2026/821"), "IN/94/2026/821")
	in.Emergency, in.EmergencyWhy = true, "A child is missing since this morning."
	in.Further["danger"] = "life"
	for _, k := range []string{"emergency.imminent", "emergency.why_not_ordinary", "emergency.data_averts"} {
		in.Attested[k] = "yes"
	}
	q, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	vc19 := func() bool {
		v, err := s.cases.Verdict(s.as("rita.lind"), s.load(q.ID))
		s.must(err)
		for _, r := range v.Results {
			if r.Check == "VC-19" && r.Result != legal.NotApplicable {
				return true
			}
		}
		return false
	}
	if vc19() {
		t.Error("an emergency that nobody confirmed is handled as one")
	}
	s.answerAll(s.as("rita.lind"), q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	if err := s.qualify(q.ID); fault.KindOf(err) != fault.Gate || !strings.Contains(err.Error(), "called the agency back") {
		t.Errorf("qualified without a call: %v", err)
	}
	for _, a := range s.attackers(t) {
		a.refused("a qualification", a.try(requests.StreamOf(q.ID), fmt.Sprintf(`UPDATE request SET state = 'qualified', verdict = 'qualified', version = version + 1, event_id = $EVENT WHERE id = '%s'`, q.ID)), "asks for more (call_back)")
	}
	if err := s.call(q.ID, "Asha Rao", "yes"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the requester confirms herself: %v", err)
	}
	ctx := s.as("rita.lind")
	calls, err := s.calls.About(ctx, callback.Subject{Kind: callback.Request, ID: string(q.ID), Agency: q.Agency})
	s.must(err)
	answers := map[string]string{}
	for _, x := range callback.Questions(callback.Request) {
		answers[x] = "yes"
	}
	_, err = s.calls.Record(ctx, calls[0].ID, callback.Input{Reached: string(callback.Person), Name: "Inspector Menon", Function: "Duty officer", Answers: answers})
	s.must(err)
	if !vc19() {
		t.Error("a confirmed emergency is not handled as one")
	}
	s.verifyLog()
}

// TestADeniedCallStopsTheCase, and so does an issuer's no; two people let it go on.
func TestADeniedCallStopsTheCase(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/831")
	s.answeredAll(q.ID)
	s.must(s.call(q.ID, "Inspector Menon", "no"))
	s.gate("a qualification after it", s.qualify(q.ID))
	file, stops, err := s.fraud.Look(s.as("helen.park"), s.load(q.ID))
	if err != nil || len(stops) != 1 || stops[0] != fraud.CallBackDenied || len(file.Holds) != 1 {
		t.Fatalf("%v, %v", stops, err)
	}
	h := file.Holds[0].ID
	s.must(s.fraud.MoveHold(s.as("helen.park"), q.ID, h, "The duty officer was new and has called again.", true))
	s.gate("lifted by one", s.fraud.MoveHold(s.as("helen.park"), q.ID, h, "Again.", true))
	s.gate("a qualification before it is lifted", s.qualify(q.ID))
	if err := s.fraud.MoveHold(s.withoutPasskey("tess.boyd"), q.ID, h, "", true); fault.KindOf(err) != fault.StepUp {
		t.Errorf("lifted by a session without its passkey: %v", err)
	}
	s.must(s.fraud.MoveHold(s.as("tess.boyd"), q.ID, h, "", true))
	s.must(s.qualify(q.ID))
	s.inRegister("FR-02")
	s.verifyLog()
}

// inRegister wants exactly these codes in the register.
func (s *scenario) inRegister(codes ...string) {
	s.t.Helper()
	list, _, err := s.fraud.Counts(s.as("ines.moreau"), storyNow.AddDate(-1, 0, 0))
	s.must(err)
	var got []string
	for i := len(list) - 1; i >= 0; i-- {
		got = append(got, list[i].Code)
	}
	slices.Sort(got)
	if strings.Join(got, " ") != strings.Join(codes, " ") {
		s.t.Errorf("the register holds %v, want %v", got, codes)
	}
}

// nothingLeft wants no bundle ready or fetched beyond those counted.
func (s *scenario) nothingLeft() {
	s.t.Helper()
	if n := s.column("SELECT count(*)::text FROM release WHERE exported_at IS NOT NULL OR state NOT IN ('cancelled', 'prepared')")[0]; n != "0" {
		s.t.Errorf("%s releases went on", n)
	}
}

// TestAForgedOrderWithAStolenPasskey: an officer's real account and passkey,
// another agency's order with other names in it. The court says no.
func TestAForgedOrderWithAStolenPasskey(t *testing.T) {
	s := newScenario(t)
	genuine := s.submit("IN/94/2026/841")
	_, err := s.fraud.Refresh(s.ctx, genuine.ID)
	s.must(err)
	s.clock.Advance(30 * 24 * time.Hour)
	in := s.submission(s.upload("IN/94/2026/841"), "IN/94/2026/841")
	in.Targets[0].Identifier = "+44 7700 900456"
	forged, err := s.send(s.as("asha.rao"), in)
	s.must(err)
	st := s.statement(forged.ID)
	if !strings.Contains(codesOf(st), "same_file") || st.Level == risk.Normal {
		t.Fatalf("the twin is stated as %s by %s", st.Level, codesOf(st))
	}
	s.must(s.cases.Claim(s.as("rita.lind"), forged.ID))
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: s.asked(forged.ID), Answer: fraud.NotIssued, Name: "R. Sharma, registrar", Note: "We know no such order."}))
	s.gate("a qualification after the court's no", s.cases.Qualify(s.as("rita.lind"), forged.ID, nil))
	_, stops, err := s.fraud.Look(s.as("rita.lind"), s.load(forged.ID))
	if err != nil || len(stops) != 1 || stops[0] != fraud.EchoDenied {
		t.Errorf("%v, %v", stops, err)
	}
	if _, err := s.contain("helen.park", "asha.rao", "asha.rao", "passkey_stolen"); err != nil {
		t.Fatal(err)
	}
	s.nothingLeft()
	s.inRegister("FR-01", "FR-11")
	s.verifyLog()
}

// TestAnotherAgencysOrderWithOtherNames: the text of one agency's order comes
// from another.
func TestAnotherAgencysOrderWithOtherNames(t *testing.T) {
	s := newScenario(t)
	first := s.submit("IN/94/2026/851")
	_, err := s.fraud.Refresh(s.ctx, first.ID)
	s.must(err)
	s.clock.Advance(48 * time.Hour)
	ctx := s.as("jana.weber")
	order := s.order("DE 12 Gs 99/26")
	doc, err := s.cases.Upload(ctx, "order.pdf", "application/pdf", bytes.NewReader(order))
	s.must(err)
	in := s.submission(doc.ID, "DE 12 Gs 99/26")
	q, err := s.cases.Submit(ctx, in)
	s.must(err)
	st := s.statement(q.ID)
	if !strings.Contains(codesOf(st), "same_text_other_agency") {
		t.Errorf("stated as %s by %s", st.Level, codesOf(st))
	}
}

// TestAStatementIsMadeOnce lets jobs and readers state a case's risk at once:
// nobody is turned away, and one statement is kept.
func TestAStatementIsMadeOnce(t *testing.T) {
	s := newScenario(t)
	id := s.submit("CC/94/2026/2").ID
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.fraud.Refresh(s.ctx, id) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Errorf("somebody was turned away: %v", err)
	}
	if got := s.column("SELECT count(*)::text FROM risk_statement"); fmt.Sprint(got) != "[1]" {
		t.Errorf("%v statements are kept, want one", got)
	}
}
