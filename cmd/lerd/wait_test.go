package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/web"
)

// traffic submits an order for traffic data, of which the authority of the State where
// it is carried out was told; urgent claims an emergency.
func (s *scenario) traffic(number string, urgent bool, changes ...func(*requests.Submission)) requests.ID {
	s.t.Helper()
	in := s.ordered(s.uploadAs("jana.weber", number), number)
	in.Process, in.LegalBasis, in.Further = "EU-EPOC-T", "Regulation (EU) 2023/1543, Art. 5(4)", map[string]string{"enforcing_notified": "Enforcing authority, 2026-11-01"}
	in.Targets[0].WantPhone, in.Targets[0].Purpose = false, legal.PurposeTraffic
	if urgent {
		in.Emergency, in.EmergencyWhy, in.Further["danger"] = true, "A child is missing since this morning.", "life"
		for _, k := range []string{"emergency.imminent", "emergency.why_not_ordinary", "emergency.data_averts"} {
			in.Attested[k] = "yes"
		}
	}
	for _, change := range changes {
		change(&in)
	}
	q, err := s.send(s.as("jana.weber"), in)
	s.must(err)
	return q.ID
}

// toApproval takes a case as far as an approved release.
func (s *scenario) toApproval(id requests.ID) {
	s.t.Helper()
	s.must(s.cases.Claim(s.as("rita.lind"), id))
	if s.load(id).Request.Emergency {
		s.must(s.call(id, "Staatsanwalt Vogel", "yes"))
	}
	s.answerAll(s.as("rita.lind"), id, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), id, legal.RoleCounsel)
	if s.load(id).Request.Emergency {
		s.must(s.cases.AnswerChecks(s.as("helen.park"), id, []requests.CheckInput{{Check: "VC-19", Result: "pass", Note: "Heard the duty officer."}}))
	}
	s.must(s.cases.Qualify(s.as("rita.lind"), id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), id, s.load(id).Release.Digest))
}

// TestNothingLeavesWhileAnAuthorityMayRefuse: an order for traffic data is approved
// within a day, and leaves at the end of the ten days in which the notified authority
// may refuse; not a second earlier, by the program or by the database, and not late.
func TestNothingLeavesWhileAnAuthorityMayRefuse(t *testing.T) {
	s := newScenario(t)
	id := s.traffic("EPOC 81/26", false)
	q := s.load(id).Request
	until := time.Date(2026, 11, 12, 22, 59, 59, 0, time.UTC) // Brussels, the tenth day after 2 November
	if !q.NotBefore.Equal(until) || !q.EffectBy.Equal(until.Add(time.Hour)) || !strings.Contains(q.DueExplained, "may refuse until 2026-11-12T22:59:59Z") {
		t.Errorf("not before %s, by %s\n%s", q.NotBefore, q.EffectBy, q.DueExplained)
	}
	s.clock.Advance(time.Hour)
	s.toApproval(id)
	s.jobs()
	if s.state(id) != requests.Approved {
		t.Fatalf("it is %s while the authority may refuse", s.state(id))
	}
	_, _, err := s.cases.ExportCase(identity.With(s.ctx, identity.SystemActor()), id)
	s.hears("exported early", err, fault.Gate, "may refuse until 2026-11-12 22:59 UTC")
	s.databaseWaits(t, id)
	p := s.open(web.Limits{})
	for who, path := range map[string]string{"rita.lind": "/review/", "anna.keller": "/releases/"} {
		if body := p.ask(p.visit(who), "GET", path+string(id), nil, "").body; !strings.Contains(body, "Nothing leaves before") {
			t.Errorf("%s does not read that it waits", who)
		}
	}
	p.stop()
	s.clock.Advance(until.Add(-time.Second).Sub(s.clock.Now()))
	s.jobs()
	if s.state(id) != requests.Approved {
		t.Fatal("it left a second early")
	}
	s.clock.Advance(2 * time.Second)
	s.jobs()
	if s.state(id) != requests.ExportedCase {
		t.Fatalf("it is %s at the end of the ten days\n%s", s.state(id), s.log)
	}
	if n := s.column(fmt.Sprintf("SELECT count(*)::text FROM clock_alert WHERE request_id = '%s' AND alert = 'overdue'", id))[0]; n != "0" {
		t.Error("what was sent in time is called overdue")
	}
	s.verifyLog()
}

// databaseWaits takes an approved release to its end past the program, early.
func (s *scenario) databaseWaits(t *testing.T, id requests.ID) {
	t.Helper()
	rel, sum := s.load(id).Release, strings.Repeat("a", 64)
	step := func(set string) string {
		return fmt.Sprintf(`UPDATE release SET %s, version = version + 1, event_id = $EVENT WHERE id = '%s'`, set, rel.ID)
	}
	for _, a := range s.attackers(t) {
		a.refused("made ready early", a.tryAs("system", requests.StreamOfRelease(rel.ID),
			step("state = 'intended', attempt = 1, profile = 'cms-gcm', sealing_event = gen_random_uuid()"),
			step(fmt.Sprintf("state = 'sealed', contents_sha256 = '%s'", sum)),
			step(fmt.Sprintf("state = 'exported', container_sha256 = '%s', encrypted_sha256 = '%s', exported_at = '%s'", sum, sum, s.clock.Now().Format(time.RFC3339)))),
			"an authority may still refuse")
		a.refused("a shorter wait", a.tryAs("system", requests.StreamOf(id), fmt.Sprintf(`UPDATE request SET not_before = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)), "what the agency signed does not change", "no step leads")
	}
}

// TestAnEmergencyDoesNotWait once somebody was called back and its danger was found;
// the claim alone shortens nothing.
func TestAnEmergencyDoesNotWait(t *testing.T) {
	s := newScenario(t)
	id := s.traffic("EPOC 82/26", true)
	if q := s.load(id).Request; q.NotBefore.IsZero() || q.EffectBy.After(storyNow.Add(10*time.Hour)) {
		t.Errorf("not before %s, by %s", q.NotBefore, q.EffectBy)
	}
	s.toApproval(id)
	s.jobs()
	if s.state(id) != requests.ExportedCase {
		t.Fatalf("an emergency is %s\n%s", s.state(id), s.log)
	}
	s.verifyLog()
}

// TestAnEmergencyThatWasNotFoundWaits: the agency was called back, but the danger is
// not imminent, so that the order goes by the ordinary rules.
func TestAnEmergencyThatWasNotFoundWaits(t *testing.T) {
	s := newScenario(t)
	id := s.traffic("EPOC 83/26", true, func(in *requests.Submission) { in.Attested["emergency.imminent"] = "no" })
	s.toApproval(id)
	s.jobs()
	if s.state(id) != requests.Approved {
		t.Errorf("it is %s while the authority may refuse", s.state(id))
	}
	s.verifyLog()
}

// TestAnAuthorityRefuses while an approved release waits: the approver sends the case
// back on its page, and the agency withdraws it. Nothing leaves afterwards.
func TestAnAuthorityRefuses(t *testing.T) {
	s := newScenario(t)
	id := s.traffic("EPOC 84/26", false)
	s.toApproval(id)
	s.jobs()
	p := s.open(web.Limits{})
	if body := p.ask(p.visit("anna.keller"), "GET", "/releases/"+string(id), nil, "").body; !strings.Contains(body, "/releases/"+string(id)+"/return") {
		t.Error("the page has no way back")
	}
	p.stop()
	s.must(s.cases.Return(s.as("anna.keller"), id, "The notified authority refuses."))
	s.must(s.cases.Withdraw(s.as("jana.weber"), id, "The notified authority refuses."))
	s.clock.Advance(11 * day)
	s.jobs()
	if rel := s.load(id).Release; s.state(id) != requests.Withdrawn || rel != nil && rel.State != requests.Cancelled {
		t.Errorf("it is %s, its release %v", s.state(id), rel)
	}
	s.verifyLog()
}
