package main

import (
	"fmt"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// TestTheGatesOfADeliveryHoldInTheDatabase attacks grants, receipts and the count
// of downloads with raw SQL.
func TestTheGatesOfADeliveryHoldInTheDatabase(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/751")
	c := s.load(id)
	g, rel := c.Grants[0], *c.Release
	stream := "grant:" + g.ID
	grant := func(officer, by, reason string, ordinal int) string {
		return fmt.Sprintf(`INSERT INTO release_grant SELECT gen_random_uuid(), release_id, request_id, agency_id, '%s', %d, '%s', %s, from_at, until_at, 10, 0, 0, '', 1, $EVENT FROM release_grant WHERE id = '%s'`,
			s.personID(officer), ordinal, reason, by, g.ID)
	}
	quoted := func(who string) string { return "'" + s.personID(who) + "'" }
	begin := func(at string) string {
		return fmt.Sprintf(`INSERT INTO release_receipt SELECT '00000000-0000-4000-8000-0000000000aa', id, release_id, request_id, agency_id, officer_id, begun + 1, 'begun', '%s', NULL, 9, 0, '', 1, $EVENT FROM release_grant WHERE id = '%s'`, at, g.ID)
	}
	count := fmt.Sprintf(`UPDATE release_grant SET begun = begun + 1, version = version + 1, event_id = $EVENT WHERE id = '%s'`, g.ID)
	within, after := storyNow.Format("2006-01-02 15:04Z"), storyNow.AddDate(0, 2, 0).Format("2006-01-02 15:04Z")
	ended := func(state, sum string) string {
		return fmt.Sprintf(`UPDATE release_receipt SET state = '%s', ended_at = begun_at, bytes = total, sha256 = '%s', version = version + 1, event_id = $EVENT WHERE id = '00000000-0000-4000-8000-0000000000aa'`, state, sum)
	}
	agreed := s.gave("asha.rao", identity.PurposeDownload, requests.DownloadDigest(rel))
	for _, a := range s.attackers(t) {
		a.refused("a download without a passkey", a.try(stream, begin(within), count), "with their passkey")
		a.refused("a download by another bundle's passkey", a.try(stream, s.gave("asha.rao", identity.PurposeDownload, identity.Digest{}), begin(within), count), "with their passkey")
		a.refused("a grant to a colleague who took nothing over", a.try(stream, grant("vikram.nair", "NULL", "taken_over", 2)), "does not hold the case")
		a.refused("a grant for another agency's officer", a.try(stream, grant("jana.weber", quoted("rita.lind"), "expired", 2)), "may not fetch")
		a.refused("a grant by an auditor", a.try(stream, grant("vikram.nair", quoted("ines.moreau"), "expired", 2)), "nobody else")
		a.refused("a grant by nobody, with a reason", a.try(stream, grant("vikram.nair", "NULL", "expired", 2)), "check constraint")
		a.refused("a second first grant", a.try(stream, grant("vikram.nair", "NULL", "ready", 2)), "what became ready")
		a.refused("two grants at once", a.try(stream, grant("asha.rao", quoted("rita.lind"), "expired", 2)), "release_grant_open")
		a.refused("a grant that begins used", a.try(stream, fmt.Sprintf(`UPDATE release_grant SET delivered = 1, version = version + 1, event_id = $EVENT WHERE id = '%s'`, g.ID)), "check constraint")
		a.refused("a longer grant", a.try(stream, fmt.Sprintf(`UPDATE release_grant SET until_at = until_at + interval '1 day', version = version + 1, event_id = $EVENT WHERE id = '%s'`, g.ID)), "permission denied", "does not change")
		a.refused("a download that the grant does not count", a.try(stream, agreed, begin(within), fmt.Sprintf(`UPDATE release_grant SET version = version + 1, event_id = $EVENT WHERE id = '%s'`, g.ID)), "count otherwise")
		a.refused("a count without a download", a.try(stream, count), "count otherwise")
		a.refused("a download after the time", a.try(stream, begin(after), count), "the grant has ended")
		a.refused("a delivery of something else", a.try(stream, begin(within), count, ended("delivered", rel.ContainerSHA256)), "not the bundle")
		a.refused("a delivery that the grant does not count", a.try(stream, agreed, begin(within), count, ended("delivered", rel.EncryptedSHA256)), "count otherwise")
		a.refused("a download on the release alone", a.try(requests.StreamOfRelease(rel.ID), fmt.Sprintf(`UPDATE release SET downloads = 1, version = version + 1, event_id = $EVENT WHERE id = '%s'`, rel.ID)), "count otherwise")
		a.refused("a case delivered without a delivery", a.try(requests.StreamOf(id), fmt.Sprintf(`UPDATE request SET state = 'delivered', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)), "nothing was delivered")
		a.refused("a receipt that vanishes", a.try(stream, `DELETE FROM release_receipt`), "permission denied", "never", "removed", "append", "refuse")
	}
}

// TestTheGatesOfARecallHoldInTheDatabase attacks recalls, their answers and
// corrections with raw SQL.
func TestTheGatesOfARecallHoldInTheDatabase(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/851")
	rel := *s.load(id).Release
	const rc = "00000000-0000-4000-8000-0000000000bb"
	stream := "recall:" + rc
	propose := func(by, reason, finding string) string {
		return fmt.Sprintf(`INSERT INTO recall SELECT '%s', id, request_id, agency_id, '%s', 'x', %s, 'proposed', %s, '2026-11-02 09:00Z', NULL, NULL, '', NULL, NULL, NULL, NULL, '', 0, 1, $EVENT FROM release WHERE id = '%s'`, rc, reason, finding, by, rel.ID)
	}
	quoted := func(who string) string { return "'" + s.personID(who) + "'" }
	confirm := func(by string) string {
		return fmt.Sprintf(`UPDATE recall SET state = 'confirmed', decided_by = '%s', decided_at = '2026-11-02 09:00Z', version = version + 1, event_id = $EVENT WHERE id = '%s'`, s.personID(by), rc)
	}
	gone := fmt.Sprintf(`UPDATE release SET state = 'recalled', version = version + 1, event_id = $EVENT WHERE id = '%s'`, rel.ID)
	moved := fmt.Sprintf(`UPDATE request SET state = 'recalled', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)
	rita := quoted("rita.lind")
	agreed := s.gave("anna.keller", identity.PurposeApprove, requests.RecallDigest(requests.Recall{ID: rc, Reason: "wrong_records"}, rel))
	for _, a := range s.attackers(t) {
		a.refused("a recall by nobody", a.try(stream, gone, moved), "not confirmed its recall")
		a.refused("a proposal by an approver", a.try(stream, propose(quoted("anna.keller"), "wrong_records", "NULL")), "a reviewer proposes")
		a.refused("a proposal by lerd for no finding", a.try(stream, propose("NULL", "wrong_records", "NULL")), "check constraint")
		a.refused("a finding that stands", a.try(stream, propose("NULL", "finding_overturned", "'"+string(s.load(id).Asks[0].Finding)+"'")), "the finding stands")
		a.refused("a recall on a proposal alone", a.try(stream, propose(rita, "wrong_records", "NULL"), gone, moved), "not confirmed its recall", "says otherwise")
		a.refused("confirmed by who proposed it", a.try(stream, propose(rita, "wrong_records", "NULL"), confirm("rita.lind"), gone, moved), "approver decides", "check constraint")
		a.refused("confirmed by another reviewer", a.try(stream, propose(rita, "wrong_records", "NULL"), confirm("omar.haddad"), gone, moved), "approver decides")
		a.refused("confirmed, and the bundle stays out", a.try(stream, propose(rita, "wrong_records", "NULL"), confirm("anna.keller")), "says otherwise")
		a.refused("called back without a passkey", a.try(stream, propose(rita, "wrong_records", "NULL"), confirm("anna.keller"), moved, gone), "with their passkey")
		a.refused("called back, and the case stays", a.try(stream, agreed, propose(rita, "wrong_records", "NULL"), confirm("anna.keller"), gone), "says otherwise", "no exported release", "its case is", "it is exported")
	}
	s.callBack(id)
	old := s.load(id).Recall().ID
	for _, a := range s.attackers(t) {
		answer := func(set string) string {
			return fmt.Sprintf(`UPDATE recall SET %s, version = version + 1, event_id = $EVENT WHERE id = '%s'`, set, old)
		}
		a.refused("a deletion that another agency confirms", a.try("recall:"+old, answer(fmt.Sprintf(`acknowledged_by = '%[1]s', acknowledged_at = now(), deleted_by = '%[1]s', deleted_at = now(), holders = 'nobody'`, s.personID("jana.weber")))), "its agency answers")
		a.refused("a deletion that staff confirm", a.try("recall:"+old, answer(fmt.Sprintf(`acknowledged_by = '%[1]s', acknowledged_at = now(), deleted_by = '%[1]s', deleted_at = now(), holders = 'nobody'`, s.personID("rita.lind")))), "its agency answers")
		a.refused("a deletion without holders", a.try("recall:"+old, answer(fmt.Sprintf(`acknowledged_by = '%[1]s', acknowledged_at = now(), deleted_by = '%[1]s', deleted_at = now()`, s.personID("asha.rao")))), "check constraint")
		a.refused("another reason", a.try("recall:"+old, answer(`reason = 'wrong_period'`)), "permission denied", "does not change")
		a.refused("a recall undone", a.try("recall:"+old, answer(`state = 'rejected'`)), "does not change")
		a.refused("a bundle that comes back", a.try(requests.StreamOfRelease(rel.ID), fmt.Sprintf(`UPDATE release SET state = 'exported', version = version + 1, event_id = $EVENT WHERE id = '%s'`, rel.ID)), "no step leads")
		a.refused("a grant for what was called back", a.try("grant:x", fmt.Sprintf(`INSERT INTO release_grant SELECT gen_random_uuid(), release_id, request_id, agency_id, officer_id, 2, 'expired', '%s', from_at, until_at, 10, 0, 0, '', 1, $EVENT FROM release_grant WHERE release_id = '%s'`, s.personID("rita.lind"), rel.ID)), "not out")
	}
	s.must(s.cases.Correct(s.as("rita.lind"), id, "Again."))
	s.must(s.cases.Qualify(s.as("rita.lind"), id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	if _, err := s.caseJob.RunOnce(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.jobs()
	fresh := s.load(id).Release
	if fresh == nil {
		t.Fatal("there is no correction")
	}
	for _, a := range s.attackers(t) {
		a.refused("a correction of something else", a.try(requests.StreamOfRelease(fresh.ID), fmt.Sprintf(`UPDATE release SET supersedes = NULL, version = version + 1, event_id = $EVENT WHERE id = '%s'`, fresh.ID)), "does not change")
	}
}
