package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// contain stops an officer of the story, or with "" the officer's whole agency.
func (s *scenario) contain(by, agencyOf, officer, reason string) (fraud.Containment, error) {
	s.t.Helper()
	in := fraud.ContainInput{Subject: fraud.Subject{Agency: identity.AgencyID(s.agencyOf(agencyOf))}, Reason: reason, Note: "Seen in the drill."}
	if officer != "" {
		in.Officer = identity.PersonID(s.personID(officer))
	}
	return s.fraud.Contain(s.as(by), in)
}

// gate wants an error by which a step is refused.
func (s *scenario) gate(what string, err error) {
	s.t.Helper()
	switch fault.KindOf(err) {
	case fault.Gate, fault.NotFound, fault.SignIn, fault.Conflict, fault.StepUp:
		if err != nil {
			return
		}
	}
	s.t.Errorf("%s: %v", what, err)
}

// bundled takes a case of the story to a bundle that can be fetched.
func (s *scenario) bundled(number string) requests.ID {
	s.t.Helper()
	q := s.submit(number)
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		s.t.Fatalf("the case is %s\n%s", got, s.log)
	}
	return q.ID
}

// atRelease takes a case of the story to where an approver looks at it.
func (s *scenario) atRelease(number string) requests.ID {
	s.t.Helper()
	q := s.submit(number)
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	return q.ID
}

// drilled stops an officer as a drill and lifts that again; it gives the
// containment's id.
func (s *scenario) drilled(officer string) string {
	s.t.Helper()
	c, err := s.contain("helen.park", officer, officer, "drill")
	s.must(err)
	s.must(s.fraud.ProposeLift(s.as("nora.berg"), c.ID, "The drill is over."))
	s.must(s.fraud.Lift(s.as("helen.park"), c.ID, true))
	return c.ID
}

// TestContainmentDrill: from the click to everything at a standstill, the list
// complete and the letters there.
func TestContainmentDrill(t *testing.T) {
	s := newScenario(t)
	out := s.bundled("IN/94/2026/701")
	body, _, err := s.cases.Download(s.as("asha.rao"), out)
	s.must(err)
	_, err = io.Copy(io.Discard, body)
	s.must(err)
	s.must(body.Close())
	waiting, review := s.atRelease("IN/94/2026/702"), s.submit("IN/94/2026/703")
	token, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
	s.must(err)
	officer := s.as("asha.rao")

	begun := time.Now()
	c, err := s.contain("helen.park", "asha.rao", "", "account_taken")
	s.must(err)
	sheet, err := s.fraud.View(s.as("helen.park"), c.ID)
	s.must(err)
	took := time.Since(begun)
	t.Logf("from the click to the letters: %s", took)
	if took > 60*time.Second {
		t.Errorf("the drill took %s", took)
	}

	if _, err := s.people.Authenticate(s.ctx, token); fault.KindOf(err) != fault.SignIn {
		t.Errorf("a session of the contained agency lives on: %v", err)
	}
	if _, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao"); err == nil {
		t.Error("a session of a contained agency begins")
	}
	_, _, err = s.cases.Download(officer, out)
	s.gate("a download after it", err)
	s.gate("an approval after it", s.cases.Approve(s.as("anna.keller"), waiting, s.load(waiting).Release.Digest))
	s.must(s.cases.Claim(s.as("rita.lind"), review.ID))
	s.answerAll(s.as("rita.lind"), review.ID, "reviewer")
	s.answerAll(s.as("helen.park"), review.ID, "counsel")
	s.gate("a qualification after it", s.cases.Qualify(s.as("rita.lind"), review.ID, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	_, err = s.cases.Submit(officer, s.submission(s.load(review.ID).Document.ID, "IN/94/2026/704"))
	s.gate("a submission after it", err)

	if sheet.State != fraud.Complete || len(sheet.Letters) != 4 || len(sheet.Open) != 3 || len(sheet.Disclosed) != 1 {
		t.Fatalf("state %s, %d letters, %d open cases, %d disclosures", sheet.State, len(sheet.Letters), len(sheet.Open), len(sheet.Disclosed))
	}
	d := sheet.Disclosed[0]
	if d.Phones+d.Addresses == 0 || d.Accounts != 1 || len(d.Fetched) != 1 || d.Fetched[0].State != "delivered" || d.Fetched[0].Name.Reveal() != "Asha Rao" || d.Order != "IN/94/2026/701" {
		t.Errorf("the disclosure is listed as %+v", d)
	}
	for _, l := range sheet.Letters {
		if l.Body.Empty() || strings.Contains(l.Body.Reveal(), "{") || strings.Contains(l.Body.Reveal(), "+4477009") {
			t.Errorf("the letter to %s: %s", l.Recipient, l.Body.Reveal())
		}
	}
	list, counts, err := s.fraud.Counts(s.as("ines.moreau"), storyNow.AddDate(0, 0, -1))
	if err != nil || len(list) != 1 || counts[0].Code != "FR-10" {
		t.Errorf("the register: %v %v", counts, err)
	}
	s.verifyLog()
}

// TestALetterWithAGapIsNotSent tries the form and the database.
func TestALetterWithAGapIsNotSent(t *testing.T) {
	s := newScenario(t)
	c, err := s.contain("nora.berg", "asha.rao", "asha.rao", "drill")
	s.must(err)
	sheet, err := s.fraud.View(s.as("nora.berg"), c.ID)
	s.must(err)
	l := sheet.Letters[0]
	err = s.fraud.WriteLetter(s.as("nora.berg"), c.ID, l.ID, fraud.LetterInput{Subject: l.Subject.Reveal(), Body: l.Body.Reveal(), How: "post", Send: true})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("a letter with a gap: %v", err)
	}
	for _, a := range s.attackers(t) {
		a.refused("a letter with a gap", a.try("letter:"+l.ID, fmt.Sprintf(`UPDATE containment_letter SET state = 'sent', sent_by = '%s', sent_at = now(), sent_how = 'post', version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID("nora.berg"), l.ID)), "containment_letter_check")
	}
	s.must(s.fraud.WriteLetter(s.as("nora.berg"), c.ID, l.ID, fraud.LetterInput{Subject: "Access stopped", Body: "We stopped the access of an officer.", How: "post", Send: true}))
	err = s.fraud.WriteLetter(s.as("nora.berg"), c.ID, l.ID, fraud.LetterInput{Subject: "Access stopped", Body: "Other words.", How: "post", Send: true})
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("a letter sent twice: %v", err)
	}
	if list, _, _ := s.fraud.Counts(s.as("ines.moreau"), storyNow.AddDate(0, 0, -1)); len(list) != 0 {
		t.Errorf("a drill stands in the register: %v", list)
	}
	s.verifyLog()
}

// TestLiftingTakesTwo lifts a containment, in Go and in the database.
func TestLiftingTakesTwo(t *testing.T) {
	s := newScenario(t)
	waiting, agency := s.atRelease("IN/94/2026/711"), s.agencyOf("asha.rao")
	for _, officer := range []string{"", "asha.rao"} {
		c, err := s.contain("tess.boyd", "asha.rao", officer, "drill")
		s.must(err)
		if err := s.fraud.Lift(s.as("helen.park"), c.ID, true); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "Nobody asks any more") {
			t.Errorf("lifting what nobody asked for: %v", err)
		}
		if err := s.fraud.ProposeLift(s.as("nora.berg"), c.ID, ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a lift without a reason: %v", err)
		}
		back := "agency:" + agency
		if officer != "" {
			back = "person:" + s.personOf(officer)
		}
		for _, a := range s.attackers(t) {
			a.refused("lifting alone", a.try(fraud.StreamOf(c.ID), fmt.Sprintf(`UPDATE containment SET state = 'lifting', lift_by = '%[1]s', lift_reason = 'x', version = version + 1, event_id = $EVENT WHERE id = '%[2]s'`, s.personID("nora.berg"), c.ID),
				fmt.Sprintf(`UPDATE containment SET state = 'lifted', lifted_by = '%[1]s', lifted_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%[2]s'`, s.personID("nora.berg"), c.ID)), "containment_check")
			a.refused("a subject who comes back", a.try(back, fmt.Sprintf(`UPDATE agency SET standing = 'verified', version = version + 1, event_id = $EVENT WHERE id = '%s' AND standing = 'suspended'`, agency),
				fmt.Sprintf(`UPDATE person SET active = true, version = version + 1, event_id = $EVENT WHERE id = '%s' AND NOT active`, s.personOf("asha.rao"))), "contained", "two registrars finished")
		}
		s.must(s.fraud.ProposeLift(s.as("nora.berg"), c.ID, "A drill, and it is over."))
		s.gate("lifting by who asked", s.fraud.Lift(s.as("nora.berg"), c.ID, true))
		s.gate("an approval before it is lifted", s.cases.Approve(s.as("anna.keller"), waiting, s.load(waiting).Release.Digest))
		s.must(s.fraud.Lift(s.as("helen.park"), c.ID, true))
		s.gate("lifting twice", s.fraud.Lift(s.as("paul.adler"), c.ID, true))
	}
	s.must(s.cases.Approve(s.as("anna.keller"), waiting, s.load(waiting).Release.Digest))
	s.jobs()
	if got := s.state(waiting); got != requests.ExportedCase {
		t.Errorf("after the lifting the case is %s", got)
	}
	s.verifyLog()
}

// personOf gives a person's id, active or not.
func (s *scenario) personOf(signIn string) string {
	return s.column("SELECT id::text FROM person WHERE sign_in = '" + signIn + "'")[0]
}

// TestWhoMayContain tries every role.
func TestWhoMayContain(t *testing.T) {
	s := newScenario(t)
	for _, who := range []string{"asha.rao", "rita.lind", "carl.ito", "anna.keller", "ines.moreau", "kavya.menon"} {
		if _, err := s.contain(who, "asha.rao", "", "drill"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s contains: %v", who, err)
		}
	}
	in := fraud.ContainInput{Subject: fraud.Subject{Agency: identity.AgencyID(s.agencyOf("asha.rao")), Officer: identity.PersonID(s.personID("jana.weber"))}, Reason: "drill"}
	if _, err := s.fraud.Contain(s.as("helen.park"), in); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an officer of another agency: %v", err)
	}
	in.Officer, in.Reason = "", "boredom"
	if _, err := s.fraud.Contain(s.as("helen.park"), in); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a reason that is none: %v", err)
	}
	in.Reason = "drill"
	actor, _ := identityFrom(s.as("helen.park"))
	if _, err := s.fraud.Contain(identity.With(s.ctx, actor), in); fault.KindOf(err) != fault.StepUp {
		t.Errorf("without a passkey: %v", err)
	}
}

// TestAStoppedContainmentGoesOn: the process ends between the containment and
// its letters.
func TestAStoppedContainmentGoesOn(t *testing.T) {
	s := newScenario(t)
	s.fraud.Letters = fraud.Letters{FS: badFS{}}
	c, err := s.contain("helen.park", "asha.rao", "asha.rao", "drill")
	if err == nil {
		t.Fatal("the letters were made of nothing")
	}
	if c.ID == "" {
		t.Fatal("no containment was begun")
	}
	s.close()
	s.start(s.cfg.Dir, s.cfg.AccountsURL)
	if _, err := s.sweepFraud(s.ctx); err != nil {
		t.Fatal(err)
	}
	sheet, err := s.fraud.View(s.as("helen.park"), c.ID)
	if err != nil || sheet.State != fraud.Complete || len(sheet.Letters) != 4 {
		t.Errorf("after the restart: %s, %d letters, %v", sheet.State, len(sheet.Letters), err)
	}
	if _, err := s.sweepFraud(s.ctx); err != nil {
		t.Fatal(err)
	}
	if sheet, _ = s.fraud.View(s.as("helen.park"), c.ID); len(sheet.Letters) != 4 {
		t.Errorf("the letters were made twice: %d", len(sheet.Letters))
	}
}

// TestContainmentRaces lets containment and a step towards a release begin at
// once, many times: whoever is first, after both nothing goes on.
func TestContainmentRaces(t *testing.T) {
	s := newScenario(t)
	for round := range 4 {
		waiting := s.atRelease(fmt.Sprintf("IN/94/2026/72%d", round))
		digest := s.load(waiting).Release.Digest
		approver, counsel := s.as("anna.keller"), s.as("helen.park")
		in := fraud.ContainInput{Subject: fraud.Subject{Agency: identity.AgencyID(s.agencyOf("asha.rao"))}, Reason: "drill"}
		if round%2 == 1 {
			in.Officer = identity.PersonID(s.personID("asha.rao"))
		}
		var both sync.WaitGroup
		var approved, contained error
		var c fraud.Containment
		both.Add(2)
		go func() { defer both.Done(); approved = s.cases.Approve(approver, waiting, digest) }()
		go func() { defer both.Done(); c, contained = s.fraud.Contain(counsel, in) }()
		both.Wait()
		s.must(contained)
		if approved != nil {
			s.gate("an approval in the race", approved)
		}
		t.Logf("round %d: approval %v", round, approved == nil)
		if _, err := s.caseJob.RunOnce(s.ctx); err != nil {
			t.Fatal(err)
		}
		if got := s.state(waiting); got == requests.ExportedCase {
			t.Errorf("round %d: after the containment the case is %s", round, got)
		}
		s.must(s.fraud.ProposeLift(s.as("nora.berg"), c.ID, "Over."))
		s.must(s.fraud.Lift(s.as("paul.adler"), c.ID, true))
	}
	s.verifyLog()
}

// TestAHoldHoldsInTheDatabase attacks a case that a call has stopped; nothing
// but the hold is in the way.
func TestAHoldHoldsInTheDatabase(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	s.must(s.call(c.Request.ID, "Inspector Menon", "no"))
	hold := s.column("SELECT id::text FROM case_hold")[0]
	for _, a := range s.attackers(t) {
		a.refused("an approval", a.try(requests.StreamOfRelease(rel.ID),
			fmt.Sprintf(`UPDATE request SET state = 'approved', version = version + 1, event_id = $EVENT WHERE id = '%s'`, c.Request.ID),
			fmt.Sprintf(`UPDATE release SET state = 'approved', version = version + 1, approver_id = '%s', approved_at = '2026-11-02 09:00Z', approved_digest = digest, event_id = $EVENT WHERE id = '%s'`, s.personID("anna.keller"), rel.ID)), "it is stopped (call_back_denied)")
		a.refused("a hold lifted at once", a.try("hold:"+hold, fmt.Sprintf(`UPDATE case_hold SET state = 'lifted', lift_by = '%[1]s', lift_reason = 'x', lifted_by = '%[2]s', lifted_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%[3]s'`, s.personID("helen.park"), s.personID("tess.boyd"), hold)), "no step leads")
		a.refused("a hold lifted by one", a.try("hold:"+hold, fmt.Sprintf(`UPDATE case_hold SET state = 'lifting', lift_by = '%[1]s', lift_reason = 'x', version = version + 1, event_id = $EVENT WHERE id = '%[2]s'`, s.personID("helen.park"), hold),
			fmt.Sprintf(`UPDATE case_hold SET state = 'lifted', lifted_by = '%[1]s', lifted_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%[2]s'`, s.personID("helen.park"), hold)), "case_hold_check")
	}
}

// TestTheStopHoldsInTheDatabase attacks a stopped case with raw SQL.
func TestTheStopHoldsInTheDatabase(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	out := s.bundled("IN/94/2026/731")
	exported := s.load(out).Release
	grant := s.column("SELECT id::text FROM release_grant WHERE release_id = '" + string(exported.ID) + "'")[0]
	german := s.agencyOf("jana.weber")
	agencyStop, err := s.contain("helen.park", "jana.weber", "", "drill")
	s.must(err)
	if _, err := s.contain("helen.park", "asha.rao", "asha.rao", "drill"); err != nil {
		t.Fatal(err)
	}
	for _, a := range s.attackers(t) {
		a.refused("an approval", a.try(requests.StreamOfRelease(rel.ID),
			fmt.Sprintf(`UPDATE request SET state = 'approved', version = version + 1, event_id = $EVENT WHERE id = '%s'`, c.Request.ID),
			fmt.Sprintf(`UPDATE release SET state = 'approved', version = version + 1, approver_id = '%s', approved_at = now(), approved_digest = digest, event_id = $EVENT WHERE id = '%s'`, s.personID("anna.keller"), rel.ID)), "it is stopped", "has left")
		a.refused("a download", a.try("grant:"+grant, fmt.Sprintf(`INSERT INTO release_receipt (id, grant_id, release_id, request_id, agency_id, officer_id, ordinal, state, begun_at, total, bytes, sha256, version, event_id)
			SELECT gen_random_uuid(), g.id, g.release_id, g.request_id, g.agency_id, g.officer_id, 1, 'begun', now(), 10, 0, '', 1, $EVENT FROM release_grant g WHERE g.id = '%s'`, grant)), "it is stopped (officer_contained)")
		a.refused("a session", a.try("session:x", fmt.Sprintf(`INSERT INTO session (id, token_hash, person_id, role, created_at, seen_at, ends_at, method) VALUES (gen_random_uuid(), sha256('x'), '%s', 'officer', now(), now(), now() + interval '1 hour', 'passkey')`, s.personOf("asha.rao"))), "contained")
		a.refused("no containment any more", a.try("containment:x", `DELETE FROM containment`), "permission denied", "is refused")
		a.refused("a further officer of a contained agency", a.try("containment:"+agencyStop.ID, fmt.Sprintf(`INSERT INTO person (id, name, sign_in, pseudonym, role, agency_id, supervisor, active, version, event_id)
			SELECT gen_random_uuid(), 'x', 'x' || random(), 'x' || random(), 'officer', '%s', false, true, 1, $EVENT`, german)), "agency is contained")
		a.refused("another officer in it", a.try("containment:x", fmt.Sprintf(`UPDATE containment SET officer_id = '%s', version = version + 1, event_id = $EVENT WHERE officer_id IS NOT NULL`, s.personOf("vikram.nair"))), "does not change")
	}
}

var errNothing = errors.New("there is nothing")

// badFS has no files.
type badFS struct{}

// Open fails.
func (badFS) Open(string) (fs.File, error) { return nil, errNothing }

// TestADownloadUnderWayIsCut stops an officer, and then a case, in the middle of
// a download.
func TestADownloadUnderWayIsCut(t *testing.T) {
	s := newScenario(t)
	s.cases.RecheckEvery = time.Nanosecond
	first, second := s.bundled("IN/94/2026/741"), s.bundled("IN/94/2026/742")
	begin := func(id requests.ID) io.ReadCloser {
		body, _, err := s.cases.Download(s.as("asha.rao"), id)
		s.must(err)
		if _, err := io.ReadFull(body, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		return body
	}
	held, stopped := begin(first), begin(second)
	s.must(s.call(first, "Inspector Menon", "no"))
	if _, err := io.Copy(io.Discard, held); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a download of a held case goes on: %v", err)
	}
	if _, err := s.contain("helen.park", "asha.rao", "asha.rao", "passkey_stolen"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, stopped); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a download of a stopped officer goes on: %v", err)
	}
	s.must(held.Close())
	s.must(stopped.Close())
	if got := s.column("SELECT string_agg(DISTINCT state, ' ') FROM release_receipt")[0]; got != "broken" {
		t.Errorf("the downloads are on record as %s", got)
	}
	s.inRegister("FR-02", "FR-11")
	s.verifyLog()
}
