package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// TestReasonsThatNobodyMayGive: a reviewer who writes the form's fields by hand gives
// an agency no reason that the page does not offer: none of the platform's own policy
// where the demand may bind, none that tells what is held of an account or of its
// violations, and none that is said to nobody.
func TestReasonsThatNobodyMayGive(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/861").ID // whether its law binds is open
	rita := s.as("rita.lind")
	s.must(s.cases.Claim(rita, id))
	var never []string
	for _, r := range s.law.Refusals() {
		if !r.MayBeChosen(legal.CompulsionUnknown) {
			never = append(never, string(r.Code))
		}
	}
	for _, code := range []string{"RR-13", "RR-14", "RR-20"} {
		if !slices.Contains(never, code) {
			t.Errorf("%s may be given", code)
		}
	}
	for _, code := range never {
		if got := fault.ProblemsOf(s.cases.Refuse(rita, id, []string{"RR-03", code}, "Stricter.")); len(got) != 1 || got[0].Field != "codes" {
			t.Errorf("refused with %s: %v", code, got)
		}
		err := s.cases.Decide(rita, id, []requests.DecisionInput{{Target: "t1", Category: requests.IPAddress, Outcome: requests.Refuse, Reasons: []string{code}, Note: "Stricter."}})
		if got := fault.ProblemsOf(err); len(got) != 1 || got[0].Field != "decision_t1_ip_address_reasons" {
			t.Errorf("one kind of data refused with %s: %v", code, got)
		}
	}
	s.must(s.cases.Refuse(rita, id, []string{"RR-03"}, "The station is not competent."))
	s.verifyLog()
}

// TestNothingUnfinishedReachesAnAgency: what staff write and an agency reads has no
// open placeholder, whichever step it is; the officer may write what she likes.
func TestNothingUnfinishedReachesAnAgency(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/862").ID
	rita := s.as("rita.lind")
	s.must(s.cases.Claim(rita, id))
	const open = "We need [[missing]] by [[date]]."
	for step, err := range map[string]error{
		"body":                        s.cases.Ask(rita, id, open),
		"body, 2":                     s.cases.Write(rita, id, open, nil),
		"why":                         s.cases.Refuse(rita, id, []string{"RR-03"}, open),
		"check_VC-06_note":            s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-06", Result: "fail", Note: open}}),
		"decision_t1_ip_address_note": s.cases.Decide(rita, id, []requests.DecisionInput{{Target: "t1", Category: requests.IPAddress, Outcome: requests.Refuse, Reasons: []string{"RR-12"}, Note: open}}),
	} {
		if got := fault.ProblemsOf(err); len(got) != 1 || got[0].Field != step && got[0].Field+", 2" != step {
			t.Errorf("%s: %v", step, err)
		}
	}
	s.must(s.cases.Write(s.as("asha.rao"), id, "Our form says ### here.", nil))
	for _, a := range s.attackers(t) {
		a.refused("a message past the program", a.tryAs("reviewer", "message:x", fmt.Sprintf(`INSERT INTO message (id, request_id, agency_id, from_role, from_name, body, at, kind, event_id)
			SELECT gen_random_uuid(), id, agency_id, 'reviewer', 'Reviewer 7F', 'See [[this]].', '%s', 'note', $EVENT FROM request WHERE id = '%s'`, s.clock.Now().Format(time.RFC3339), id)), "message_filled")
	}
	s.verifyLog()
}
