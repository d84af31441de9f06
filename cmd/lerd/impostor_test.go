package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/requests/ordersample"
	"lerd/internal/risk"
)

// withoutPasskey is somebody's session in the hands of a thief: everything but
// the passkey.
func (s *scenario) withoutPasskey(signIn string) context.Context {
	actor, _ := identityFrom(s.as(signIn))
	return identity.With(s.ctx, actor)
}

// TestAStolenSessionGetsNothing: a session without its passkey submits nothing
// and fetches nothing; the administrator tells, and the account is stopped.
func TestAStolenSessionGetsNothing(t *testing.T) {
	s := newScenario(t)
	out := s.bundled("IN/94/2026/901")
	thief := s.withoutPasskey("asha.rao")
	if _, err := s.cases.Submit(thief, s.submission(s.upload("IN/94/2026/902"), "IN/94/2026/902")); fault.KindOf(err) != fault.StepUp {
		t.Errorf("a submission without a passkey: %v", err)
	}
	if _, _, err := s.cases.Download(thief, out); fault.KindOf(err) != fault.StepUp {
		t.Errorf("a download without a passkey: %v", err)
	}
	if _, err := s.contain("nora.berg", "asha.rao", "asha.rao", "account_taken"); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.cases.Download(thief, out)
	s.gate("a download after the stop", err)
	if n := s.column("SELECT count(*)::text FROM release_receipt")[0]; n != "0" {
		t.Errorf("%s downloads began", n)
	}
	s.inRegister("FR-10")
	s.verifyLog()
}

// TestAnApproversStolenSessionReleasesNothing: records leave by an approver's
// passkey over these very records, which is kept with the approval.
func TestAnApproversStolenSessionReleasesNothing(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	thief, actor := s.withoutPasskey("anna.keller"), s.personID("anna.keller")
	if err := s.cases.Approve(thief, c.Request.ID, rel.Digest); fault.KindOf(err) != fault.StepUp {
		t.Fatalf("an approval without a passkey: %v", err)
	}
	other := rel
	other.Digest = strings.Repeat("0", 64)
	for name, p := range map[string]identity.Proof{
		"of other records":   s.proofBy(thief, identity.PurposeApprove, requests.ApprovalDigest(other)),
		"of another purpose": s.proofBy(thief, identity.PurposeDownload, requests.ApprovalDigest(rel)),
		"of somebody else's": s.proofBy(s.as("rita.lind"), identity.PurposeApprove, requests.ApprovalDigest(rel)),
	} {
		if err := s.cases.Approve(identity.WithProof(thief, p), c.Request.ID, rel.Digest); fault.KindOf(err) != fault.StepUp {
			t.Errorf("an approval by an assertion %s: %v", name, err)
		}
	}
	s.must(s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest))
	digest := requests.ApprovalDigest(rel)
	if n := s.column(fmt.Sprintf(`SELECT count(*)::text FROM assertion a JOIN audit.event e ON e.id = a.event_id
		WHERE a.purpose = 'approve' AND a.person_id = '%s' AND encode(a.digest, 'hex') = '%x' AND e.kind = 'release.approved'`, actor, digest))[0]; n != "1" {
		t.Errorf("%s assertions are kept with the approval, want 1", n)
	}
}

func (s *scenario) proofBy(ctx context.Context, purpose identity.Purpose, digest identity.Digest) identity.Proof {
	actor, _ := identityFrom(ctx)
	return identity.DevelopmentProof(actor, purpose, digest, s.clock.Now())
}

// TestAnAgencyThatIsNone: look-alikes of agencies on file are refused at the
// field, and an impostor who is called at the directory's number is declined.
func TestAnAgencyThatIsNone(t *testing.T) {
	s := newScenario(t)
	registrar := s.as("nora.berg")
	for _, domain := range []string{"cyber-sample-district.example", "cyber.sarnple-district.example", "cybеr.sample-district.example", "cyber.sample-district.example.mail.example"} {
		in := s.proposal("Cyber Police")
		in.Domains = []string{domain}
		_, err := s.agencies.Propose(registrar, in)
		named := false
		for _, p := range fault.ProblemsOf(err) {
			named = named || p.Field == "domains"
		}
		if !named {
			t.Errorf("%s: %v", domain, err)
		}
	}
	in := s.proposal("Cyber Police")
	in.Domains = []string{"police-cyber-unit.example"}
	id, err := s.agencies.Propose(registrar, in)
	s.must(err)
	call, err := s.calls.Begin(registrar, agencies.Subject(id))
	s.must(err)
	answers := map[string]string{}
	for _, q := range callback.Questions(callback.Agency) {
		answers[q] = "no"
	}
	got, err := s.calls.Record(registrar, call.ID, callback.Input{Reached: string(callback.Person), Name: "The real chief", Function: "Head", Answers: answers})
	if err != nil || got.Outcome != callback.Denied {
		t.Fatalf("the call: %s, %v", got.Outcome, err)
	}
	s.gate("activated after the denial", s.agencies.Activate(s.as("paul.adler"), id))
	s.must(s.agencies.Abandon(registrar, id, "impostor"))
	if standing := s.column("SELECT standing FROM agency WHERE id = '" + string(id) + "'")[0]; standing != "declined" {
		t.Errorf("the agency is %s", standing)
	}
	s.nothingLeft()
	s.inRegister("FR-20")
	s.verifyLog()
}

// TestALookAlikeIssuer: an order names an address that would be taken for one on
// file. The question goes to the one on file, and comes back with a no.
func TestALookAlikeIssuer(t *testing.T) {
	s := newScenario(t)
	number := "IN/94/2026/911"
	order, err := ordersample.PDF(ordersample.Order{
		Authority: "Chief Judicial Magistrate, Sample District", Address: "replies to orders@complaints-sample-state.example", Number: number, CaseFile: "FIR 9/2026",
		Issued: storyNow.AddDate(0, 0, -7), Judge: "Magistrate", Offence: "Cheating", Facts: "Needed at once.", From: wallIn("Asia/Kolkata", storyNow.AddDate(0, -3, 0)), To: wallIn("Asia/Kolkata", storyNow.AddDate(0, 0, -1)), Zone: "Asia/Kolkata",
		Data: []string{"phone numbers"}, Addressee: "Sample Messenger Ltd"})
	s.must(err)
	doc, err := s.cases.Upload(s.as("asha.rao"), "order.pdf", "application/pdf", bytes.NewReader(order))
	s.must(err)
	q, err := s.send(s.as("asha.rao"), s.submission(doc.ID, number))
	s.must(err)
	st := s.statement(q.ID)
	if st.Level == risk.Normal || !strings.Contains(codesOf(st), "lookalike_domain") {
		t.Fatalf("stated as %s by %s", st.Level, codesOf(st))
	}
	err = s.agencies.ProposeDetail(s.as("nora.berg"), identity.AgencyID(s.agencyOf("asha.rao")), agencies.DetailInput{Kind: "issuer", Contact: agencies.ContactInput{Name: "The same court", Channel: "email", Value: "orders@sta-rnusterstadt.example"},
		Source: agencies.SourceInput{Register: "A letter", Reference: "1", SeenOn: storyNow.Format("2006-01-02")}})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("an issuer's address that would be taken for another: %v", err)
	}
	s.answeredAll(q.ID)
	s.gate("qualified on the order's word", s.qualify(q.ID))
	s.must(s.fraud.AnswerEcho(s.ctx, fraud.Reply{Code: s.asked(q.ID), Answer: fraud.NotIssued, Name: "The court's registrar"}))
	s.gate("qualified after the court's no", s.qualify(q.ID))
	if got := s.state(q.ID); got != requests.InReview {
		t.Errorf("the case is %s", got)
	}
	s.nothingLeft()
	s.inRegister("FR-01")
	s.verifyLog()
}

// TestADisownedRequestStops: the agency's administrator says that nobody of theirs
// made a request; it stops at once, and the hold follows.
func TestADisownedRequestStops(t *testing.T) {
	s := newScenario(t)
	id := s.atRelease("IN/94/2026/921")
	digest := s.load(id).Release.Digest
	s.asOwner("request:"+string(id)+"/disown", "INSERT INTO disowned_request SELECT gen_random_uuid(), id, agency_id, '"+s.personID("kavya.menon")+"', 'not_ours', now(), $EVENT FROM request WHERE id = '"+string(id)+"'")
	s.gate("approved between the word and the hold", s.cases.Approve(s.as("anna.keller"), id, digest))
	for range 2 {
		if _, err := s.sweepFraud(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.gate("approved after it", s.cases.Approve(s.as("anna.keller"), id, digest))
	if n := s.column("SELECT count(*)::text FROM case_hold")[0]; n != "1" {
		t.Errorf("%s holds", n)
	}
	s.nothingLeft()
	s.inRegister("FR-03")
}
