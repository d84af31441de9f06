package main

import (
	"fmt"
	"testing"

	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// gave is the statement that writes what somebody agreed to, in the attack's own
// step.
func (s *scenario) gave(signIn string, purpose identity.Purpose, digest identity.Digest) string {
	return fmt.Sprintf(`INSERT INTO assertion (id, person_id, session_id, purpose, digest, nonce, sign_count, method, at, event_id)
		VALUES (gen_random_uuid(), '%s', 's', '%s', decode('%x', 'hex'), decode(repeat('00', 32), 'hex'), 0, 'development', now(), $EVENT)`, s.personOf(signIn), purpose, digest)
}

// TestAnApprovalTakesAPasskeyInTheDatabase approves with raw SQL as the right
// person, with everything but their word on these records.
func TestAnApprovalTakesAPasskeyInTheDatabase(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	stream := requests.StreamOfRelease(rel.ID)
	other := rel
	other.ID = "00000000-0000-4000-8000-000000000001"
	approve := []string{
		fmt.Sprintf(`UPDATE request SET state = 'approved', version = version + 1, event_id = $EVENT WHERE id = '%s'`, c.Request.ID),
		fmt.Sprintf(`UPDATE release SET state = 'approved', version = version + 1, approver_id = '%s', approved_at = '2026-11-02 09:00Z', approved_digest = digest, event_id = $EVENT WHERE id = '%s'`, s.personID("anna.keller"), rel.ID),
	}
	for _, a := range s.attackers(t) {
		for name, given := range map[string]string{
			"no passkey":         "SELECT 1",
			"another release's":  s.gave("anna.keller", identity.PurposeApprove, requests.ApprovalDigest(other)),
			"another purpose":    s.gave("anna.keller", identity.PurposeDownload, requests.ApprovalDigest(rel)),
			"another approver's": s.gave("rita.lind", identity.PurposeApprove, requests.ApprovalDigest(rel)),
		} {
			a.refused("approval by "+name, a.try(stream, append([]string{given}, approve...)...), "with their passkey")
		}
	}
	s.asOwner(stream, append([]string{s.gave("anna.keller", identity.PurposeApprove, requests.ApprovalDigest(rel))}, approve...)...) // the right way
}

// TestStepsTakeAPasskeyInTheDatabase attacks take-over, containment and the end of
// a hold.
func TestStepsTakeAPasskeyInTheDatabase(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/951")
	asha, vikram, agency := s.personID("asha.rao"), s.personID("vikram.nair"), s.agencyOf("asha.rao")
	held := s.submit("IN/94/2026/952").ID
	s.answeredAll(held)
	s.must(s.call(held, "Inspector Menon", "no"))
	hold := s.column("SELECT id::text FROM case_hold")[0]
	s.must(s.fraud.MoveHold(s.as("helen.park"), held, hold, "He has called again.", true))
	contain := fmt.Sprintf(`INSERT INTO containment (id, agency_id, officer_id, reason, note, state, was, begun_by, begun_at, lift_reason, version, event_id)
		VALUES (gen_random_uuid(), '%s', '%s', 'drill', '', 'begun', 'inactive', '%s', now(), '', 1, $EVENT)`, agency, vikram, s.personID("nora.berg"))
	for _, a := range s.attackers(t) {
		a.refused("a take-over", a.try("takeover:x", fmt.Sprintf(`INSERT INTO takeover SELECT gen_random_uuid(), id, agency_id, 1, '%s', '%s', 'x', now(), $EVENT FROM request WHERE id = '%s'`, asha, vikram, id)), "with their passkey")
		a.refused("a containment", a.try("containment:x", contain), "with their passkey")
		a.refused("a containment by another's word", a.try("containment:x", s.gave("nora.berg", identity.PurposeContain, fraud.ContainDigest(fraud.Subject{Agency: identity.AgencyID(agency)})), contain), "with their passkey", "contained")
		a.refused("the end of a hold", a.try("hold:"+hold, fmt.Sprintf(`UPDATE case_hold SET state = 'lifted', lifted_by = '%s', lifted_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID("tess.boyd"), hold)), "with their passkey")
	}
	s.must(s.fraud.MoveHold(s.as("tess.boyd"), held, hold, "", true)) // the right way
}
