package main

import (
	"fmt"
	"slices"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// TestMoreGatesOfARelease attacks what keys alone do not say: other cases,
// other people, other scopes, and stand-ins for the tables that the checks read.
func TestMoreGatesOfARelease(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	req, q, stream := requests.StreamOf(c.Request.ID), c.Request.ID, requests.StreamOfRelease(rel.ID)
	approve := func(person string) []string {
		return []string{
			fmt.Sprintf(`UPDATE request SET state = 'approved', version = version + 1, event_id = $EVENT WHERE id = '%s'`, q),
			fmt.Sprintf(`UPDATE release SET state = 'approved', version = version + 1, approver_id = '%s', approved_at = '2026-11-02 09:00Z', approved_digest = digest, event_id = $EVENT WHERE id = '%s'`, s.personID(person), rel.ID),
		}
	}
	a := s.attackers(t)[0]
	for _, x := range s.attackers(t) {
		if x.as == "application" {
			a = x
		}
	}
	a.refused("approval by another officer", a.try(stream, approve("vikram.nair")...), "an approver approves")
	a.refused("approval by an auditor", a.try(stream, approve("ines.moreau")...), "an approver approves")
	a.refused("approval beside its case", a.try(stream, approve("anna.keller")[1]), "its case is confirmed")
	a.refused("a withdrawal that leaves the release", a.try(req, fmt.Sprintf(`UPDATE request SET state = 'withdrawn', version = version + 1, event_id = $EVENT WHERE id = '%s'`, q)), "not cancelled")
	a.refused("a witness made a suspect", a.try(req, fmt.Sprintf(`UPDATE target SET person_role = 'suspect', identifier = '+447700900111', event_id = $EVENT WHERE request_id = '%s'`, q)), "what the agency signed")
	a.refused("another account", a.try(req, fmt.Sprintf(`UPDATE target SET account_id = account_id + 1, event_id = $EVENT WHERE request_id = '%s'`, q)), "not under review")
	a.refused("a further target", a.try(req, fmt.Sprintf(`INSERT INTO target SELECT gen_random_uuid(), request_id, agency_id, 2, kind, identifier, as_typed, holder_at, person_role, from_at, to_at, zone, want_phone, want_ip, purpose, account_id, resolution, alleged_rule, alleged_version, $EVENT FROM target WHERE request_id = '%s'`, q)), "never later")
	a.refused("an earlier date of the order", a.try(req, fmt.Sprintf(`UPDATE request SET issued_on = issued_on - 10, state = 'withdrawn', version = version + 1, event_id = $EVENT WHERE id = '%s'`, q)), "what the agency signed")
	a.refused("another reviewer", a.try(req, fmt.Sprintf(`UPDATE request SET reviewer_id = '%s', state = 'in_review', version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID("omar.haddad"), q)), "changes hands")
	a.refused("a changed decision", a.try(req, fmt.Sprintf(`UPDATE decision SET outcome = 'produce', version = version + 1, event_id = $EVENT WHERE request_id = '%s'`, q)), "permission denied")
	a.refused("an agency's name on another's message", a.try(req, fmt.Sprintf(`INSERT INTO message VALUES (gen_random_uuid(), '%s', '%s', 'reviewer', 'x', 'y', now(), $EVENT)`, q, s.agencyOf("jana.weber"))), "foreign key")

	// the finding falls; a scope that cannot see findings must not hide it
	f := string(c.Asks[0].Finding)
	overturn := fmt.Sprintf(`UPDATE finding SET state = 'overturned', appeal = 'overturned', version = version + 1, event_id = $EVENT WHERE id = '%s'`, f)
	word := func(who, verdict string) []string {
		return []string{s.gave(who, identity.PurposeAppeal, violations.AppealDigest(f)), fmt.Sprintf(`INSERT INTO appeal_verdict VALUES (gen_random_uuid(), '%s', '%s', '%s', 'A-17', now(), $EVENT)`, f, s.personID(who), verdict)}
	}
	a.refused("a finding overturned by nobody", a.try("finding:"+f, overturn), "two confirmers to overturn")
	a.refused("a finding overturned by one", a.try("finding:"+f, append(word("carl.ito", "overturn"), overturn)...), "two confirmers to overturn")
	a.refused("a finding overturned by reviewers", a.try("finding:"+f, slices.Concat(word("rita.lind", "overturn"), word("omar.haddad", "overturn"), []string{overturn})...), "two confirmers to overturn")
	a.refused("a finding upheld by who confirmed it", a.try("finding:"+f, slices.Concat(word("carl.ito", "uphold"), word("dana.cruz", "uphold"),
		[]string{fmt.Sprintf(`UPDATE finding SET appeal = 'upheld', version = version + 1, event_id = $EVENT WHERE id = '%s'`, f)})...), "one of them new")
	s.asOwner("finding:"+f, slices.Concat(word("carl.ito", "overturn"), word("emil.novak", "overturn"), []string{overturn})...)
	for _, scope := range []string{"system", "approver", "officer"} {
		a.refused("approval without a finding, as "+scope, a.tryAs(scope, stream, append([]string{fmt.Sprintf(`SELECT set_config('lerd.agency', '%s', true)`, c.Request.Agency)}, approve("anna.keller")...)...), "no longer stands")
	}
	a.refused("approval over a stand-in for the findings", a.try(stream, append([]string{
		`CREATE TEMP TABLE finding AS SELECT id, account_id, rule_id, rule_version, 'confirmed'::text AS state, 'none'::text AS appeal, expires_at FROM public.finding`}, approve("anna.keller")...)...), "no longer stands")
	a.refused("a finding confirmed again", a.try("finding:"+f, fmt.Sprintf(`UPDATE finding SET state = 'confirmed', version = version + 1, event_id = $EVENT WHERE id = '%s'`, f)), "no step leads")
	a.refused("a late confirmation", a.try("finding:"+f, fmt.Sprintf(`INSERT INTO confirmation VALUES (gen_random_uuid(), '%s', '%s', 'confirmed', 'MOD-1', '', now(), $EVENT)`, f, s.personID("emil.novak"))), "closed")
	a.refused("an auditor who writes", a.tryAs("auditor", req, fmt.Sprintf(`INSERT INTO message VALUES (gen_random_uuid(), '%s', '%s', 'reviewer', 'x', 'y', now(), $EVENT)`, q, c.Request.Agency)), "row-level security")
	s.suspendAgency(c.Request.Agency, identity.Suspended)
	a.refused("approval for a suspended agency", a.try(stream, approve("anna.keller")...), "the agency is suspended")
}

func (s *scenario) agencyOf(signIn string) string {
	actor, _ := identityFrom(s.as(signIn))
	return string(actor.Agency)
}

// TestARequestMakesNoOthersRelease puts an item of one agency's case into the
// release of another agency.
func TestARequestMakesNoOthersRelease(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	mine := s.submit("IN/94/2026/231")
	s.review(mine.ID)
	s.jobs()
	s.confirm()
	// mine is confirmed and has no release yet: its release takes an item of c
	ask := s.load(mine.ID).Asks[0]
	if ask.FindingState != "confirmed" {
		t.Fatal("the second case is not confirmed")
	}
	for _, a := range s.attackers(t) {
		err := a.try("release:00000000-0000-4000-8000-000000000009",
			fmt.Sprintf(`UPDATE request SET state = 'confirmed', version = version + 1, event_id = $EVENT WHERE id = '%s'`, mine.ID),
			fmt.Sprintf(`INSERT INTO release SELECT '00000000-0000-4000-8000-000000000009', 'EXP-2026-1111111111', '%s', agency_id, officer_id, reviewer_id, NULL, NULL, '', 'prepared', digest, phones, addresses, retrieved_at, 0, '', NULL, '', '', 0, NULL, 1, $EVENT FROM release WHERE id = '%s'`, mine.ID, rel.ID),
			fmt.Sprintf(`INSERT INTO release_item SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000009', request_id, agency_id, target_id, category, decision_id, decision_outcome, finding_id, account_id, rule_id, rule_version, offence_class, confirmer1, confirmer2, confirmed, from_at, to_at, $EVENT FROM release_item WHERE release_id = '%s'`, rel.ID))
		a.refused("an item of another case", err, "foreign key")
	}
	_ = c
}
