package main

import (
	"fmt"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// TestARefusalTellsNothingOfTheAccount: an order that is refused for its form
// must not tell whether somebody has the number.
func TestARefusalTellsNothingOfTheAccount(t *testing.T) {
	s := newScenario(t)
	answer := func(number, phone string) requests.Case {
		in := s.submission(s.upload(number), number)
		in.Attested["order.addressee_right"], in.Targets[0].Identifier = "no", phone
		q, err := s.send(s.as("asha.rao"), in)
		s.must(err)
		reviewer := s.as("rita.lind")
		s.must(s.cases.Claim(reviewer, q.ID))
		s.must(s.cases.Refuse(reviewer, q.ID, nil, ""))
		c, err := s.cases.View(s.as("asha.rao"), q.ID)
		s.must(err)
		return c
	}
	held, free := answer("IN/94/2026/219", sample.SuspectPhone), answer("IN/94/2026/220", "+447700900987")
	if a, b := strings.Join(held.Request.Refusals, " "), strings.Join(free.Request.Refusals, " "); a != b || a == "" {
		t.Errorf("refusals differ: %q and %q", a, b)
	}
	if a, b := held.Request.Reasons.Reveal(), free.Request.Reasons.Reveal(); a != b {
		t.Errorf("reasons differ:\n%s\n%s", a, b)
	}
	if len(held.Decisions) != 2 || len(free.Decisions) != 2 {
		t.Fatalf("%d and %d decisions", len(held.Decisions), len(free.Decisions))
	}
	for i := range held.Decisions {
		if a, b := held.Decisions[i], free.Decisions[i]; a.Outcome != b.Outcome || strings.Join(a.Reasons, " ") != strings.Join(b.Reasons, " ") || a.Note != b.Note {
			t.Errorf("decisions differ: %v and %v", a, b)
		}
	}
}

// TestThePublicLogTellsNothingOfTheAccount reads the entries that everybody may
// read, and what opens their closed facts and counts, for what only the case may say.
func TestThePublicLogTellsNothingOfTheAccount(t *testing.T) {
	s := newScenario(t)
	c, _ := s.prepared()
	rows, err := s.store.SQL().Query(`SELECT convert_from(entry, 'UTF8')::jsonb ->> 'facts' FROM audit.event
		UNION ALL SELECT convert_from(value, 'UTF8') FROM audit.opening`) // what stays when the payload is erased
	s.must(err)
	defer rows.Close()
	account := fmt.Sprint(c.Request.Targets[0].AccountID)
	for rows.Next() {
		var facts string
		s.must(rows.Scan(&facts))
		for _, no := range []string{"resolved_", "decision_", "check_VC", "rule_t1", sample.SuspectPhone[1:], `"` + account + `"`, "Asha", "Rao", "order.pdf", c.Request.Order.Number} {
			if strings.Contains(facts, no) {
				t.Errorf("the log says %q: %s", no, facts)
			}
		}
	}
}

// TestAnAgencyNeverLearnsWhoWorkedOnItsCase looks for ids of staff, of the
// account and of findings in what an officer is given.
func TestAnAgencyNeverLearnsWhoWorkedOnItsCase(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	s.must(s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest))
	s.jobs()
	seen, err := s.cases.View(s.as("asha.rao"), c.Request.ID)
	s.must(err)
	said := fmt.Sprintf("%+v %+v", seen, seen.Release)
	for what, secret := range map[string]string{"reviewer": s.personID("rita.lind"), "approver": s.personID("anna.keller"), "confirmer": s.personID("carl.ito"),
		"second confirmer": s.personID("dana.cruz"), "counsel": s.personID("helen.park"), "finding": string(c.Asks[0].Finding), "account": fmt.Sprint(c.Request.Targets[0].AccountID)} {
		if strings.Contains(said, secret) {
			t.Errorf("the officer is given the %s's id", what)
		}
	}
	for _, t1 := range seen.Request.Targets {
		for _, cat := range requests.Categories {
			if got := seen.Outcome(t1, cat); got != "produce" {
				t.Errorf("%s: %s", cat, got)
			}
		}
	}
}

// TestConfirmersSpeakIndependently: the second does not read what the first wrote.
func TestConfirmersSpeakIndependently(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/221")
	s.review(q.ID)
	s.jobs()
	finding := string(s.load(q.ID).Asks[0].Finding)
	s.must(s.findings.Confirm(s.as("carl.ito"), finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-777", Note: "Plainly a scam."}))
	sheet, err := s.findings.View(s.as("dana.cruz"), finding)
	s.must(err)
	list, err := s.findings.List(s.as("dana.cruz"))
	s.must(err)
	if len(list) != 1 {
		t.Fatalf("%d findings wait for the second", len(list))
	}
	for _, f := range append(list, sheet.Finding) {
		for _, c := range f.Confirmations {
			if c.Person != "" || !c.Note.Empty() || !c.Evidence.Empty() {
				t.Errorf("the second confirmer reads %+v", c)
			}
		}
	}
	own, err := s.findings.View(s.as("carl.ito"), finding)
	s.must(err)
	if own.Mine == nil || own.Mine.Note.Empty() {
		t.Error("a confirmer does not find their own words")
	}
	if err := s.findings.Confirm(s.as("carl.ito"), finding, violations.Input{Verdict: "confirmed", Evidence: "MOD-777"}); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "You already gave your verdict") {
		t.Errorf("one person twice: %v", err)
	}
}
