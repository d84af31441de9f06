package main

import (
	"fmt"
	"strings"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/processes"
)

// TestTheDatabaseWantsASecondPersonForALaw puts a version in force with raw SQL in
// every way but the right one.
func TestTheDatabaseWantsASecondPersonForALaw(t *testing.T) {
	s := newScenario(t)
	id := s.proposeVersion(s.fewerAccounts())
	p, err := s.store.Proposal(s.as("helen.park"), id)
	s.must(err)
	maya, helen := s.personID("maya.stern"), s.personID("helen.park")
	put := func(by, digest, body string) []string {
		return []string{
			fmt.Sprintf(`UPDATE process_proposal SET state = 'in_force', decided_by = '%s', decided_at = '2026-11-02 09:00Z', version = version + 1, event_id = $EVENT WHERE id = '%s'`, by, id),
			fmt.Sprintf(`INSERT INTO process_version (id, process_id, number, digest, body_sha256, day, zone, body, cases, proposal_id, put_by, at, event_id)
				SELECT gen_random_uuid(), process_id, number, %s, encode(sha256(convert_to(%[2]s, 'UTF8')), 'hex'), day, zone, %[2]s, cases, id, '%[3]s', '2026-11-02 09:00Z', $EVENT FROM process_proposal WHERE id = '%[4]s'`, digest, body, by, id),
		}
	}
	other := p
	other.Cases += " "
	proof := func(who string, of processes.Proposal) string {
		return s.gave(who, identity.PurposePutInForce, processes.Digest(of))
	}
	with := func(given string, steps []string) []string { return append([]string{given}, steps...) }
	for _, a := range s.attackers(t) {
		try := func(steps []string) error { return a.tryAs("counsel", "proposal:"+id, steps...) }
		a.refused("no passkey", try(put(maya, "digest", "body")), "with their passkey")
		a.refused("a word on other examples", try(with(proof("maya.stern", other), put(maya, "digest", "body"))), "with their passkey")
		a.refused("another purpose", try(with(s.gave("maya.stern", identity.PurposeObject, processes.Digest(p)), put(maya, "digest", "body"))), "with their passkey")
		a.refused("who proposed it", try(with(proof("helen.park", p), put(helen, "digest", "body"))), "check constraint")
		a.refused("an approver", try(with(proof("anna.keller", p), put(s.personID("anna.keller"), "digest", "body"))), "counsel decides")
		a.refused("another text", try(with(proof("maya.stern", p), put(maya, "digest", "body || ' '"))), "not what was proposed")
		a.refused("another digest", try(with(proof("maya.stern", p), put(maya, "base_digest", "body"))), "not what was proposed")
		a.refused("a version without a proposal's end", try(with(proof("maya.stern", p), put(maya, "digest", "body")[1:])), "not what was proposed")
		a.refused("an end without a version", try(with(proof("maya.stern", p), put(maya, "digest", "body")[:1])), "there is no version")
		a.refused("a text that changes", try([]string{fmt.Sprintf(`UPDATE process_proposal SET body = body || ' ', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)}), "does not change", "permission denied")
		a.refused("a day in the past", try([]string{strings.NewReplacer("$ID", id).Replace(`INSERT INTO process_proposal SELECT gen_random_uuid(), process_id, number, base_digest, digest, '2026-11-02', zone, body, cases, why, proposed_by, proposed_at, 'proposed', NULL, NULL, '', 1, $EVENT FROM process_proposal WHERE id = '$ID'`)}), "not in the future")
		a.refused("in the name of a reviewer", try([]string{fmt.Sprintf(`INSERT INTO process_proposal SELECT gen_random_uuid(), process_id, number, base_digest, digest, day, zone, body, cases, why, '%s', proposed_at, 'proposed', NULL, NULL, '', 1, $EVENT FROM process_proposal WHERE id = '%s'`, s.personID("rita.lind"), id)}), "counsel proposes")
	}
	s.asOwner("proposal:"+id, with(proof("maya.stern", p), put(maya, "digest", "body"))...) // the right way
	for _, a := range s.attackers(t) {
		a.refused("a version that changes", a.tryAs("counsel", "proposal:"+id, `UPDATE process_version SET body = body, event_id = $EVENT`), "permission denied", "changed")
	}
}
