package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/requests"
)

// TestNobodyComesInWithoutAnInvitation writes people, passkeys, sessions and
// assertions past the program, outside an evaluation.
func TestNobodyComesInWithoutAnInvitation(t *testing.T) {
	s := newScenario(t)
	agency := s.agencyOf("asha.rao")
	person := func(active, supervisor bool) string {
		return fmt.Sprintf(`INSERT INTO person (id, name, sign_in, pseudonym, role, agency_id, supervisor, active, version, event_id)
			VALUES (gen_random_uuid(), 'M', '%s', 'O %s', 'officer', '%s', %t, %t, 1, $EVENT)`, uuid.NewString(), uuid.NewString(), agency, supervisor, active)
	}
	key := func(id string) string {
		return fmt.Sprintf(`INSERT INTO passkey (id, person_id, credential_id, public_key, algorithm, transports, sign_count, backup_eligible, backed_up, label, created_at, removed_why, version, event_id)
			VALUES (%s, '%s', decode(md5(random()::text) || md5('x'), 'hex'), decode(repeat('cd', 77), 'hex'), -7, '', 5, false, false, '', now(), '', 1, $EVENT)`, id, s.personID("asha.rao"))
	}
	session := fmt.Sprintf(`INSERT INTO session (id, token_hash, person_id, role, method, created_at, seen_at, ends_at)
		VALUES (gen_random_uuid(), decode(repeat('ab', 32), 'hex'), '%s', 'officer', 'development', now(), now(), now() + interval '1 hour')`, s.personID("asha.rao"))
	s.evaluation(false)
	for _, a := range s.attackers(t) {
		a.refused("an officer who is alive", a.try("person:x", person(true, false)), "by an invitation")
		a.refused("a supervisor", a.try("person:x", person(false, true)), "by an invitation")
		a.refused("somebody nobody invited", a.try("person:x", person(false, false)), "by an invitation")
		a.refused("a session without a passkey", a.try("person:x", session), "without a passkey")
		a.refused("an assertion without a passkey", a.try("person:x", s.gave("asha.rao", identity.PurposeDownload, identity.Digest{})), "without a passkey")
	}
	s.evaluation(true) // also of an evaluation: a passkey comes by an invitation or by its owner's word
	foreign := s.gave("vikram.nair", identity.PurposeAccount, accounts.AddDigest(identity.PersonID(s.personID("vikram.nair"))))
	for _, a := range s.attackers(t) {
		a.refused("a passkey of nobody's", a.try("passkey:x", key("gen_random_uuid()")), "nobody was invited with it")
		a.refused("a passkey by a colleague's word", a.try("passkey:x", foreign, key("(SELECT passkey_id_of(id) FROM assertion WHERE event_id = $EVENT)")), "nobody was invited with it")
	}
	own := s.gave("asha.rao", identity.PurposeAccount, accounts.AddDigest(identity.PersonID(s.personID("asha.rao"))))
	s.asOwner("passkey:x", own, key("(SELECT passkey_id_of(id) FROM assertion WHERE event_id = $EVENT)")) // the right way
	for _, a := range s.attackers(t) {
		a.refused("a second passkey by the same word", a.try("passkey:x", key("(SELECT id FROM passkey LIMIT 1)")), "duplicate key")
		for _, why := range []string{"owner", "suspended", "revetting", "counter"} {
			a.refused("a passkey taken away: "+why, a.try("passkey:x", `UPDATE passkey SET removed_at = now(), removed_why = '`+why+`', version = version + 1, event_id = $EVENT`), "with their passkey", "still has access")
		}
		a.refused("the last passkey taken away", a.try("passkey:x", `INSERT INTO assertion (id, person_id, session_id, purpose, digest, nonce, sign_count, method, at, event_id)
			SELECT gen_random_uuid(), person_id, 's', 'account', digest_of('remove passkey', id::text), decode(repeat('00', 32), 'hex'), 0, 'development', now(), $EVENT FROM passkey`,
			`UPDATE passkey SET removed_at = now(), removed_why = 'owner', version = version + 1, event_id = $EVENT`), "the last one stays")
	}
}

// TestAccessEndsByASignature suspends with raw SQL.
func TestAccessEndsByASignature(t *testing.T) {
	s := newScenario(t)
	s.clockSlack("10 minutes") // the time of nobody here is over
	ends := func(who string) string {
		return fmt.Sprintf(`UPDATE person SET active = false, version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID(who))
	}
	asha, rita := identity.PersonID(s.personID("asha.rao")), identity.PersonID(s.personID("rita.lind"))
	for _, a := range s.attackers(t) {
		for _, who := range []string{"asha.rao", "rita.lind"} {
			a.refused("an account that ends by itself", a.try("person:x", ends(who)), "nobody has signed")
		}
		a.refused("by a word about another", a.try("person:x", s.gave("tess.boyd", identity.PurposeAccount, accounts.EndDigest(accounts.DoSuspend, asha)), ends("rita.lind")), "nobody has signed")
		a.refused("by a word of another purpose", a.try("person:x", s.gave("tess.boyd", identity.PurposeInvite, accounts.EndDigest(accounts.DoSuspend, rita)), ends("rita.lind")), "nobody has signed")
	}
	s.must(s.accounts.Suspend(s.as("tess.boyd"), rita, "Left.")) // the right ways
	_, _, err := s.accounts.Revet(s.as("kavya.menon"), asha)     // ends and invites anew
	s.must(err)
	for _, a := range s.attackers(t) {
		pause := `UPDATE person SET download_from = %s, version = version + 1, event_id = $EVENT WHERE sign_in = 'vikram.nair'`
		s.asOwner("person:"+a.as, fmt.Sprintf(pause, "'2027-01-01'"))
		a.refused("a shorter pause", a.try("person:x", fmt.Sprintf(pause, "'2026-12-31'")), "does not get shorter")
		a.refused("no pause", a.try("person:x", fmt.Sprintf(pause, "NULL")), "does not get shorter")
	}
}

// TestASupervisorTakesTwo: an agency's administrator alone makes nobody who signs
// for colleagues, in the program and in the database.
func TestASupervisorTakesTwo(t *testing.T) {
	s := newScenario(t)
	asha, agency := identity.PersonID(s.personID("asha.rao")), identity.AgencyID(s.agencyOf("asha.rao"))
	kavya, nora := s.as("kavya.menon"), s.as("nora.berg")
	bare, _ := identity.From(kavya)
	if err := s.agencies.ProposeSupervisor(identity.With(s.ctx, bare), asha); fault.KindOf(err) != fault.StepUp {
		t.Errorf("proposed without the passkey: %v", err)
	}
	for _, who := range []string{"asha.rao", "petra.vogel", "nora.berg", "rita.lind", "tess.boyd"} {
		if err := s.agencies.ProposeSupervisor(s.as(who), asha); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s proposes: %v", who, err)
		}
	}
	s.must(s.agencies.ProposeSupervisor(kavya, asha))
	if err := s.agencies.ProposeSupervisor(kavya, asha); fault.KindOf(err) != fault.Conflict {
		t.Errorf("proposed twice: %v", err)
	}
	waiting, err := s.agencies.WaitingFor(nora, agency)
	s.must(err)
	if len(waiting) != 1 || waiting[0].Name != "Asha Rao" {
		t.Fatalf("what waits: %+v", waiting)
	}
	motion := waiting[0]
	for _, who := range []string{"kavya.menon", "petra.vogel", "asha.rao", "tess.boyd", "rita.lind"} {
		if err := s.agencies.DecideSupervisor(s.as(who), agency, motion.ID, true); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s agrees: %v", who, err)
		}
	}
	if err := s.agencies.DecideSupervisor(nora, identity.AgencyID(s.agencyOf("jana.weber")), motion.ID, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("of another agency: %v", err)
	}
	signs := fmt.Sprintf(`UPDATE person SET supervisor = true, version = version + 1, event_id = $EVENT WHERE id = '%s'`, asha)
	agreed := func(by string) string {
		return fmt.Sprintf(`UPDATE agency_motion SET state = 'agreed', decided_by = '%s', decided_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID(by), motion.ID)
	}
	word := func(by string) string { return s.gave(by, motion.Purpose(), motion.Agreement()) }
	for _, a := range s.attackers(t) {
		a.refused("alone", a.try("person:x", signs), "two people agree")
		a.refused("agreed by who proposed it", a.tryAs("registrar", "person:x", word("kavya.menon"), agreed("kavya.menon"), signs), "check constraint", "a registrar does this")
		a.refused("agreed by another administrator", a.tryAs("registrar", "person:x", word("petra.vogel"), agreed("petra.vogel"), signs), "a registrar does this")
		a.refused("agreed without the passkey", a.tryAs("registrar", "person:x", agreed("nora.berg"), signs), "with their passkey")
		a.refused("agreed by another's passkey", a.tryAs("registrar", "person:x", word("paul.adler"), agreed("nora.berg"), signs), "with their passkey")
		a.refused("a motion that is born agreed", a.tryAs("registrar", "person:x", word("nora.berg"), fmt.Sprintf(`INSERT INTO agency_motion (id, agency_id, kind, subject, wanted, proposed_by, proposed_at, state, decided_by, decided_at, version, event_id)
			VALUES (gen_random_uuid(), '%s', 'supervisor', '%s', true, '%s', now(), 'agreed', '%s', now(), 1, $EVENT)`, agency, asha, s.personID("kavya.menon"), s.personID("nora.berg")), signs), "proposed before it is decided")
		a.refused("a motion without the proposer's passkey", a.tryAs("registrar", "person:x", fmt.Sprintf(`INSERT INTO agency_motion (id, agency_id, kind, subject, wanted, proposed_by, proposed_at, state, version, event_id)
			VALUES (gen_random_uuid(), '%s', 'cosignature', '', false, '%s', now(), 'proposed', 1, $EVENT)`, agency, s.personID("nora.berg"))), "with their passkey")
	}
	s.must(s.agencies.DecideSupervisor(nora, agency, motion.ID, true)) // the right way
	if got := s.column("SELECT supervisor::text FROM person WHERE sign_in = 'asha.rao'"); got[0] != "true" {
		t.Error("two people agreed, and nothing came of it")
	}
	if err := s.agencies.DecideSupervisor(nora, agency, motion.ID, false); fault.KindOf(err) != fault.Conflict {
		t.Errorf("decided twice: %v", err)
	}
	s.must(s.agencies.EndSupervisor(kavya, asha))
	if err := s.agencies.EndSupervisor(kavya, asha); fault.KindOf(err) != fault.Conflict {
		t.Errorf("taken away twice: %v", err)
	}
	s.must(s.agencies.ProposeSupervisor(kavya, asha))
	waiting, err = s.agencies.WaitingFor(kavya, agency)
	s.must(err)
	s.must(s.agencies.DecideSupervisor(nora, agency, waiting[0].ID, false))
	if got := s.column("SELECT supervisor::text FROM person WHERE sign_in = 'asha.rao'"); got[0] != "false" {
		t.Error("what was declined came about")
	}
	s.sequenceAll()
	s.verifyLog()
}

// TestSecondWordsTakeAPasskeyInTheDatabase attacks what auditors decide, the
// asking for a containment's end, and the extension of a preservation.
func TestSecondWordsTakeAPasskeyInTheDatabase(t *testing.T) {
	s := newScenario(t)
	ines := identity.PersonID(s.personID("ines.moreau"))
	s.must(s.accounts.Propose(s.as("tariq.aziz"), ines, "Left."))
	a, err := s.accounts.View(s.as("lena.frost"), ines)
	s.must(err)
	old := *a.Change
	s.must(s.accounts.Decide(s.as("lena.frost"), ines, false))
	s.must(s.accounts.Propose(s.as("tariq.aziz"), ines, "Left again."))
	a, err = s.accounts.View(s.as("lena.frost"), ines)
	s.must(err)
	c, err := s.contain("helen.park", "vikram.nair", "vikram.nair", "drill")
	s.must(err)
	kept := s.keeping("EPOC-PR 9/26")
	decide := func(digest identity.Digest) []string {
		return []string{s.gave("lena.frost", identity.PurposeAccount, digest),
			fmt.Sprintf(`UPDATE account_change SET state = 'done', decided_by = '%s', decided_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID("lena.frost"), a.Change.ID),
			fmt.Sprintf(`UPDATE person SET active = false, version = version + 1, event_id = $EVENT WHERE id = '%s'`, ines)}
	}
	lift := fmt.Sprintf(`UPDATE containment SET state = 'lifting', lift_by = '%s', lift_reason = 'x', version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID("nora.berg"), c.ID)
	extend := fmt.Sprintf(`UPDATE preservation SET until_at = until_at + interval '1 day', extensions = 1, version = version + 1, event_id = $EVENT WHERE request_id = '%s'`, kept)
	for _, x := range s.attackers(t) {
		x.refused("a yes by the word for no", x.try("person:x", decide(a.Change.Digest(false))...), "with their passkey")
		x.refused("a yes by the word about another proposal", x.try("person:x", decide(old.Digest(true))...), "with their passkey")
		x.refused("a proposal without a word", x.try("person:x", fmt.Sprintf(`INSERT INTO account_change (id, person_id, what, why, proposed_by, proposed_at, state, version, event_id)
			VALUES (gen_random_uuid(), '%s', 'suspend', 'x', '%s', now(), 'proposed', 1, $EVENT)`, s.personID("lena.frost"), ines)), "with their passkey")
		x.refused("asking for a containment's end", x.try("containment:x", lift), "with their passkey")
		x.refused("asking by the word for its end", x.try("containment:x", s.gave("nora.berg", identity.PurposeContain, fraud.LiftDigest(c.ID)), lift), "with their passkey")
		x.refused("an extension", x.try(requests.StreamOf(kept), extend), "with their passkey")
		x.refused("an extension by another agency's officer", x.try(requests.StreamOf(kept), s.gave("asha.rao", identity.PurposeSubmit, requests.ExtendDigest(s.load(kept))), extend), "with their passkey")
	}
	bare, _ := identity.From(s.as("nora.berg"))
	if err := s.fraud.ProposeLift(identity.With(s.ctx, bare), c.ID, "Over."); fault.KindOf(err) != fault.StepUp {
		t.Errorf("asked without a passkey: %v", err)
	}
	s.must(s.accounts.Decide(s.as("lena.frost"), ines, true)) // the right ways
	s.must(s.fraud.ProposeLift(s.as("nora.berg"), c.ID, "Over."))
	s.must(s.cases.Extend(s.as("jana.weber"), kept, "The order is being signed."))
}

// TestNobodyDownloadsInTheirPause writes a receipt with raw SQL.
func TestNobodyDownloadsInTheirPause(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/961")
	rel := *s.load(id).Release
	receipt := fmt.Sprintf(`INSERT INTO release_receipt (id, grant_id, release_id, request_id, agency_id, officer_id, ordinal, state, begun_at, total, bytes, sha256, version, event_id)
		SELECT gen_random_uuid(), g.id, g.release_id, g.request_id, g.agency_id, g.officer_id, 1, 'begun', '%s', 10, 0, '', 1, $EVENT FROM release_grant g`, storyNow.Add(time.Minute).Format(time.RFC3339))
	moved := fmt.Sprintf(`UPDATE release_grant SET begun = begun + 1, version = version + 1, event_id = $EVENT WHERE request_id = '%s'`, id)
	word := s.gave("asha.rao", identity.PurposeDownload, requests.DownloadDigest(rel))
	s.asOwner("person:x", `UPDATE person SET download_from = '2026-11-20', version = version + 1, event_id = $EVENT WHERE sign_in = 'asha.rao'`)
	for _, a := range s.attackers(t) {
		a.refused("a download in the pause", a.try("release:x", word, receipt, moved), "does not download yet")
	}
	if _, _, err := s.cases.Download(s.as("asha.rao"), id); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "vetted anew a short while ago") {
		t.Errorf("in the program: %v", err)
	}
}

// TestASupervisorsMotionIsAboutAnOfficer: nobody but an officer of the agency.
func TestASupervisorsMotionIsAboutAnOfficer(t *testing.T) {
	s := newScenario(t)
	for _, who := range []string{"kavya.menon", "jana.weber", "vikram.nair"} { // herself, another agency's, one who signs already
		err := s.agencies.ProposeSupervisor(s.as("kavya.menon"), identity.PersonID(s.personID(who)))
		if kind := fault.KindOf(err); kind != fault.Conflict && kind != fault.NotFound {
			t.Errorf("%s: %v", who, err)
		}
	}
	p, _, err := s.store.Person(s.ctx, identity.PersonID(s.personID("jana.weber")))
	s.must(err)
	m := agencies.SupervisorMotion(p)
	for _, a := range s.attackers(t) {
		a.refused("another agency's officer", a.tryAs("registrar", "person:x", s.gave("kavya.menon", m.Purpose(), m.Proposal()), fmt.Sprintf(`INSERT INTO agency_motion (id, agency_id, kind, subject, wanted, proposed_by, proposed_at, state, version, event_id)
			VALUES (gen_random_uuid(), '%s', 'supervisor', '%s', true, '%s', now(), 'proposed', 1, $EVENT)`, s.agencyOf("asha.rao"), p.ID, s.personID("kavya.menon"))), "no officer of the agency")
	}
}
