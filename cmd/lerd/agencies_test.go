package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// proposal is an agency as a registrar reads it out of a directory.
func (s *scenario) proposal(name string) agencies.Proposal {
	s.t.Helper()
	return agencies.Proposal{Name: name, Country: "FR", Zone: "Europe/Paris",
		Source:   agencies.SourceInput{Register: "Annuaire des juridictions", Reference: "fiche 12", SeenOn: s.clock.Now().Format(time.DateOnly)},
		CallBack: agencies.ContactInput{Name: "Switchboard", Value: "+44 7700 900855"}, Domains: []string{"tj-lieu.example", "justice.lieu.example"},
		Certificates: []string{s.certificate(name)}, Oversight: agencies.ContactInput{Name: "Inspection", Channel: "email", Value: "inspection@justice.example"}}
}

// certificate makes a certificate to which an agency's bundles can be encrypted.
func (s *scenario) certificate(name string) string {
	s.t.Helper()
	pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
	s.must(err)
	to, err := pki.Recipient(demopki.Options{Organisation: name, URL: "http://127.0.0.1/x", Now: s.clock.Now()}, false)
	s.must(err)
	return string(demopki.CertsPEM(to.Cert))
}

// proposedAgency puts an agency on file.
func (s *scenario) proposedAgency(name string) identity.AgencyID {
	s.t.Helper()
	id, err := s.agencies.Propose(s.as("nora.berg"), s.proposal(name))
	s.must(err)
	return id
}

// called records a call about an agency with one answer to every question.
func (s *scenario) called(by context.Context, id identity.AgencyID, answer string) callback.Call {
	s.t.Helper()
	call, err := s.calls.Begin(by, agencies.Subject(id))
	s.must(err)
	in := callback.Input{Reached: "person", Name: "A. Person", Function: "Registrar of the court", Answers: map[string]string{}}
	for _, q := range callback.Questions(callback.Agency) {
		in.Answers[q] = answer
	}
	call, err = s.calls.Record(by, call.ID, in)
	s.must(err)
	return call
}

func (s *scenario) dossier(id identity.AgencyID) agencies.Dossier {
	s.t.Helper()
	d, err := s.store.Dossier(identity.With(s.ctx, identity.SystemActor()), id)
	s.must(err)
	return d
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: %v, want a fault of kind %s", what, err, kind)
	}
}

// TestTwoRegistrarsVetAnAgency tells the story of an agency from its entry to its
// activation, with every step that somebody else would have to take refused.
func TestTwoRegistrarsVetAnAgency(t *testing.T) {
	s := newScenario(t)
	first, second := s.as("nora.berg"), s.as("paul.adler")
	id := s.proposedAgency("Tribunal de Lieu")
	wantKind(t, "activation without a call", s.agencies.Activate(second, id), fault.Conflict)
	if call := s.called(first, id, callback.Unsure); call.Outcome != callback.Unclear {
		t.Errorf("a call of unsure answers is %s", call.Outcome)
	}
	wantKind(t, "activation after an unclear call", s.agencies.Activate(second, id), fault.Conflict)
	call := s.called(first, id, callback.Yes)
	if call.Number.Value != "+447700900855" {
		t.Errorf("called %s", call.Number.Value)
	}
	wantKind(t, "activation by who proposed it", s.agencies.Activate(first, id), fault.Gate)
	plain, _ := identity.From(second)
	wantKind(t, "activation without a passkey", s.agencies.Activate(identity.With(s.ctx, plain), id), fault.StepUp)
	other := identity.WithProof(identity.With(s.ctx, plain), identity.DevelopmentProof(plain, identity.PurposeActivateAgency, identity.DigestOf("another agency"), s.clock.Now()))
	wantKind(t, "activation with a passkey for something else", s.agencies.Activate(other, id), fault.StepUp)
	s.must(s.agencies.Activate(second, id))
	d := s.dossier(id)
	if d.Agency.Standing != identity.Verified || !d.ValidUntil().Equal(storyNow.Add(agencies.Validity)) || len(d.Agency.CertPEM) == 0 || d.Agency.Domain != "tj-lieu.example" {
		t.Errorf("the agency is %s until %s, with %q and %d bytes of certificate", d.Agency.Standing, d.ValidUntil(), d.Agency.Domain, len(d.Agency.CertPEM))
	}
	for _, who := range []string{"rita.lind", "asha.rao", "kavya.menon", "tess.boyd", "carl.ito", "ines.moreau"} {
		_, err := s.agencies.Propose(s.as(who), s.proposal("Of "+who))
		wantKind(t, who+" proposes", err, fault.NotFound)
		wantKind(t, who+" suspends", s.agencies.Suspend(s.as(who), id, "compromised"), fault.NotFound)
	}
	s.sequenceAll()
	s.verifyLog()
}

// TestACallThatDeniesOpensNothing ends a proposal whose call found no such
// authority, and calls go to the number on file alone.
func TestACallThatDeniesOpensNothing(t *testing.T) {
	s := newScenario(t)
	first := s.as("nora.berg")
	id := s.proposedAgency("Tribunal Inventé")
	if call := s.called(first, id, callback.No); call.Outcome != callback.Denied {
		t.Errorf("a call of no is %s", call.Outcome)
	}
	call, err := s.calls.Begin(first, agencies.Subject(id))
	s.must(err)
	again, err := s.calls.Begin(first, agencies.Subject(id))
	s.must(err)
	if again.ID != call.ID {
		t.Error("a call that was begun twice is two calls")
	}
	_, err = s.calls.Record(s.as("paul.adler"), call.ID, callback.Input{Reached: "no_answer"})
	wantKind(t, "another records the call", err, fault.Conflict)
	_, err = s.calls.Record(first, call.ID, callback.Input{Reached: "person", Name: "A. Person", Function: "Clerk", Answers: map[string]string{"exists": "yes"}})
	if len(fault.ProblemsOf(err)) != len(callback.Questions(callback.Agency))-1 {
		t.Errorf("missing answers: %v", fault.ProblemsOf(err))
	}
	wantKind(t, "an unknown reason", s.agencies.Abandon(first, id, "whim"), fault.Invalid)
	s.must(s.agencies.Abandon(first, id, "not_confirmed"))
	wantKind(t, "a declined agency again", s.agencies.Renew(first, id, agencies.SourceInput{}), fault.Conflict)
	if d := s.dossier(id); d.Agency.Standing != identity.Declined {
		t.Errorf("the agency is %s", d.Agency.Standing)
	}
}

// TestStandingEndsByItself moves the clock: reminders once each, then suspension,
// and only another round brings standing back.
func TestStandingEndsByItself(t *testing.T) {
	s := newScenario(t)
	id := s.agencyOfPerson("asha.rao")
	day := func(n int) { s.clock.Set(storyNow.Add(agencies.Validity).AddDate(0, 0, -n)) }
	reminders := func() int {
		return len(s.column("SELECT id::text FROM audit.event WHERE kind = 'agency.vetting_ends' AND convert_from(entry, 'UTF8') LIKE '%" + string(id) + "%'"))
	}
	for _, at := range []struct{ left, told int }{{40, 0}, {30, 1}, {29, 1}, {14, 2}, {13, 2}, {3, 3}, {1, 3}} {
		day(at.left)
		for range 2 { // a second run tells nothing new
			_, err := s.agencies.Due(s.ctx)
			s.must(err)
		}
		if got := reminders(); got != at.told {
			t.Errorf("%d days before the end: told %d times, want %d", at.left, got, at.told)
		}
		if d := s.dossier(id); d.Agency.Standing != identity.Verified {
			t.Fatalf("%d days before the end the agency is %s", at.left, d.Agency.Standing)
		}
	}
	s.clock.Set(storyNow.Add(agencies.Validity))
	_, err := s.agencies.Due(s.ctx)
	s.must(err)
	if d := s.dossier(id); d.Agency.Standing != identity.Suspended {
		t.Fatalf("after its time the agency is %s", d.Agency.Standing)
	}
	s.must(s.agencies.Renew(s.as("nora.berg"), id, agencies.SourceInput{Register: "State police directory", Reference: "page 118", SeenOn: s.clock.Now().Format(time.DateOnly)}))
	s.must(s.vet(s.ctx, id))
	if d := s.dossier(id); d.Agency.Standing != identity.Verified || len(d.Rounds) != 2 {
		t.Errorf("after another round the agency is %s", d.Agency.Standing)
	}
	s.sequenceAll()
	s.verifyLog()
}

func (s *scenario) agencyOfPerson(signIn string) identity.AgencyID {
	actor, _ := identity.From(s.as(signIn))
	return actor.Agency
}

// TestChangesWait replaces a number for calling back and a certificate: neither
// is used before another registrar and 72 hours, and a retired key at once not.
func TestChangesWait(t *testing.T) {
	s := newScenario(t)
	first, second := s.as("nora.berg"), s.as("paul.adler")
	id := s.agencyOfPerson("asha.rao")
	was := s.dossier(id).Agency
	source := agencies.SourceInput{Register: "State police directory", Reference: "page 119", SeenOn: s.clock.Now().Format(time.DateOnly)}
	s.must(s.agencies.ProposeDetail(first, id, agencies.DetailInput{Kind: "call_back", Contact: agencies.ContactInput{Name: "New switchboard", Value: "+44 7700 900899"}, Source: source}))
	key := s.certificate("A newer key")
	s.must(s.agencies.ProposeDetail(first, id, agencies.DetailInput{Kind: "certificate", Value: key, Source: source}))
	for _, x := range s.dossier(id).Details {
		if x.State == agencies.DetailProposed {
			wantKind(t, "approval by who proposed it", s.agencies.ApproveDetail(first, id, x.ID), fault.Gate)
			s.must(s.agencies.ApproveDetail(second, id, x.ID))
		}
	}
	s.clock.Advance(agencies.WaitingTime - time.Minute)
	s.due()
	if now := s.dossier(id).Agency; now.CallBack != was.CallBack || string(now.CertPEM) != string(was.CertPEM) {
		t.Error("a change is used before its waiting time is over")
	}
	number, err := s.store.NumberFor(second, agencies.Subject(id), s.clock.Now())
	if s.must(err); number.Value != was.CallBack {
		t.Errorf("called %s", number.Value)
	}
	s.clock.Advance(2 * time.Minute)
	s.due()
	now := s.dossier(id)
	if now.Agency.CallBack != "+447700900899" || string(now.Agency.CertPEM) != key {
		t.Errorf("after its waiting time the number is %s", now.Agency.CallBack)
	}
	for _, x := range now.Details {
		if x.Value == key {
			s.must(s.agencies.RetireDetail(first, id, x.ID))
		}
		if x.Kind == agencies.CallBack {
			wantKind(t, "retiring a number", s.agencies.RetireDetail(first, id, x.ID), fault.Conflict)
		}
	}
	if now := s.dossier(id).Agency; string(now.CertPEM) != string(was.CertPEM) {
		t.Error("the retired key is still used, or the other one is not")
	}
	s.sequenceAll()
	s.verifyLog()
}

func (s *scenario) due() {
	s.t.Helper()
	_, err := s.agencies.Due(s.ctx)
	s.must(err)
}

// TestVettingHoldsInTheDatabase attacks each rule of vetting with raw SQL, as the
// application and as the owner, under the database's own clock.
func TestVettingHoldsInTheDatabase(t *testing.T) {
	s := newScenario(t)
	id := s.proposedAgency("Tribunal de Lieu")
	s.called(s.as("nora.berg"), id, callback.Yes)
	d := s.dossier(id)
	round, proposer, second := d.Open(), s.personID("nora.berg"), s.personID("paul.adler")
	stream := "vetting:" + string(round.ID)
	agreed := func(who string) string {
		return fmt.Sprintf(`INSERT INTO assertion (id, person_id, session_id, purpose, digest, nonce, sign_count, method, at, event_id)
			VALUES ('00000000-0000-4000-8000-00000000000a', '%s', '', 'activate_agency', repeat('x', 32)::bytea, repeat('x', 32)::bytea, 0, 'development', now(), $EVENT)`, who)
	}
	activate := func(who, at, until string) string {
		return fmt.Sprintf(`UPDATE vetting SET state = 'activated', version = version + 1, activated_by = '%s', activated_at = %s, valid_until = %s,
			assertion_id = '00000000-0000-4000-8000-00000000000a', digest = 'x', event_id = $EVENT WHERE id = '%s'`, who, at, until, round.ID)
	}
	const now, year = "'2026-11-02 10:00+00'::timestamptz", "'2026-11-02 10:00+00'::timestamptz + interval '365 days'"
	verified := fmt.Sprintf(`UPDATE agency SET standing = 'verified', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)
	for _, a := range s.attackers(t) {
		a.refused("verified without a round", a.try("agency:"+string(id), verified), "two registrars")
		a.refused("self-activation", a.try(stream, agreed(proposer), activate(proposer, now, year), verified), "vetting_check")
		a.refused("activation by a reviewer", a.try(stream, agreed(s.personID("rita.lind")), activate(s.personID("rita.lind"), now, year), verified), "a registrar does this")
		a.refused("activation without a passkey", a.try(stream, activate(second, now, year), verified), "nobody has agreed", "assertion")
		a.refused("activation with another's passkey", a.try(stream, agreed(proposer), activate(second, now, year), verified), "nobody has agreed")
		a.refused("two years", a.try(stream, agreed(second), activate(second, now, "'2028-11-02'::timestamptz"), verified), "vetting_check")
		a.refused("activation before its call", a.try(stream, agreed(second), activate(second, "'2026-11-01'::timestamptz", "'2027-10-01'::timestamptz"), verified), "before its call ended")
		a.refused("another proposer", a.try(stream, fmt.Sprintf(`UPDATE vetting SET proposed_by = '%s', version = version + 1, event_id = $EVENT WHERE id = '%s'`, second, round.ID)), "does not change")
		a.refused("a number of the attacker's", a.try("agency:"+string(id), fmt.Sprintf(`UPDATE agency SET call_back = '+447700900666', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)), "not one that is in force")
		a.refused("an entry of another value", a.try("agency:"+string(id), fmt.Sprintf(`UPDATE agency_detail SET value = '+447700900666', version = version + 1, event_id = $EVENT WHERE agency_id = '%s' AND kind = 'call_back'`, id)), "what was entered does not change")
		a.refused("an agency that comes in verified", a.try("agency:00000000-0000-4000-8000-000000000002", `INSERT INTO agency SELECT gen_random_uuid(), 'Fake', 'FR', 'Europe/Paris', '', '', '', 'verified', 1, $EVENT`), "comes in as proposed")
		a.refused("a call of the past made good", a.try("call:x", fmt.Sprintf(`UPDATE call_back SET outcome = 'denied', version = version + 1, event_id = $EVENT WHERE agency_id = '%s'`, id)), "recorded once")
		a.refused("an entry in force at once", a.try("agency:"+string(s.agencyOfPerson("asha.rao")), agreed(second), fmt.Sprintf(`INSERT INTO agency_detail (id, agency_id, kind, name, channel, value, fingerprint, source, source_ref, seen_on, state, proposed_by, proposed_at, version, event_id)
			VALUES ('00000000-0000-4000-8000-00000000000b', '%s', 'domain', '', '', 'evil.example', '', 'x', 'x', '2026-11-01', 'proposed', '%s', %s, 1, $EVENT)`, s.agencyOfPerson("asha.rao"), proposer, now),
			fmt.Sprintf(`UPDATE agency_detail SET state = 'approved', approved_by = '%s', approved_at = %s, in_force_from = %s, assertion_id = '00000000-0000-4000-8000-00000000000a', version = 2, event_id = $EVENT WHERE id = '00000000-0000-4000-8000-00000000000b'`, second, now, now)), "72 hours")
	}
	s.clockSlack("10 minutes")
	for _, a := range s.attackers(t) {
		a.refused("a verification of another day", a.try(stream, agreed(second), activate(second, now, year), verified), "another time than now")
		a.refused("a verification of tomorrow", a.try(stream, agreed(second), activate(second, "now() + interval '1 day'", "now() + interval '366 days'"), verified), "another time than now")
	}
	if a := s.attackers(t)[0]; a.try(stream, agreed(second), activate(second, "now()", "now() + interval '365 days'"), verified) != nil {
		t.Error("the attacks are refused for another reason: the honest step is refused as well")
	}
}

// TestNobodyActivatesWhatTheyHadAPartIn lets one registrar propose and another
// call: neither can activate, in the program or in the database.
func TestNobodyActivatesWhatTheyHadAPartIn(t *testing.T) {
	s := newScenario(t)
	id := s.proposedAgency("Tribunal de Lieu")
	s.called(s.as("paul.adler"), id, callback.Yes)
	round := s.dossier(id).Open()
	for _, who := range []string{"nora.berg", "paul.adler"} {
		wantKind(t, "activation by "+who, s.agencies.Activate(s.as(who), id), fault.Gate)
		for _, a := range s.attackers(t) {
			a.refused("activation by "+who, a.try("vetting:"+string(round.ID),
				fmt.Sprintf(`INSERT INTO assertion (id, person_id, session_id, purpose, digest, nonce, sign_count, method, at, event_id)
					VALUES ('00000000-0000-4000-8000-00000000000a', '%s', '', 'activate_agency', repeat('x', 32)::bytea, repeat('x', 32)::bytea, 0, 'development', now(), $EVENT)`, s.personID(who)),
				fmt.Sprintf(`UPDATE vetting SET state = 'activated', version = version + 1, activated_by = '%s', activated_at = '2026-11-02 10:00+00', valid_until = '2027-11-01',
					assertion_id = '00000000-0000-4000-8000-00000000000a', digest = 'x', event_id = $EVENT WHERE id = '%s'`, s.personID(who), round.ID)), "vetting_check")
		}
	}
}
