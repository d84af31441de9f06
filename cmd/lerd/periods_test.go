package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/requests/ordercompare"
	"lerd/internal/testkit/pdfs"
	"lerd/internal/web"
)

// typedPeriod is that of the story's form, as its page shows it.
const typedPeriod = "2026-08-02 – 2026-11-01"

// orderStating submits a request whose order says in these words which days it is
// about; the form asks for 2 August to 1 November 2026.
func (s *scenario) orderStating(number, period string) requests.ID {
	s.t.Helper()
	pdf := pdfs.NewWith("BT /F1 12 Tf 40 700 Td (Order " + number + " about " + sample.SuspectPhone + ") Tj 0 -20 Td (" + period + ") Tj ET").Bytes()
	doc, err := s.cases.Upload(s.as("asha.rao"), "order.pdf", "application/pdf", bytes.NewReader(pdf))
	s.must(err)
	return s.sent(s.as("asha.rao"), doc.ID, number)
}

// TestThePeriodOfTheOrder: the check of the form is a person's unless the order's text
// shows the very days that the form states.
func TestThePeriodOfTheOrder(t *testing.T) {
	s := newScenario(t)
	for i, c := range []struct {
		period string
		shown  ordercompare.Shown
	}{
		{"from 2 August 2026 to 1 November 2026", ordercompare.Found},
		{"du 02.08.2026 au 01.11.2026", ordercompare.Found},
		{"from 02/08/2026 to 01/11/2026", ordercompare.Found},
		{"from 2 August 2025 to 1 November 2025", ordercompare.Other},
		{"from 2 August 2026 to 31 October 2026", ordercompare.Other},
		{"from 09:00 on 2 August 2026 to 09:00 on 1 November 2026", ordercompare.Found},
		{"from 2 August 2026 03:30 UTC to 1 November 2026 03:30 UTC", ordercompare.Found},
		{"from 2 August 2026, 10:00, to 1 November 2026, 18:00", ordercompare.Hours},
		{"from 1 January 2026 to 31 December 2026", ordercompare.Wider},
		{"since it was opened", ordercompare.Missing},
	} {
		id := s.orderStating(fmt.Sprintf("IN/94/2026/89%d", i), c.period)
		s.must(s.cases.Claim(s.as("rita.lind"), id))
		got := s.load(id)
		typed := typedPeriod
		if c.shown == ordercompare.Hours {
			typed = "2026-08-02 09:00 – 2026-11-01 09:00 +05:30"
		}
		if p := got.ComparedPeriods(); len(p) != 1 || p[0].Shown != c.shown || p[0].Typed != typed || len(p[0].Refs) != 1 {
			t.Errorf("%s: %+v", c.period, p)
		}
		v, err := s.cases.Verdict(s.as("rita.lind"), got)
		s.must(err)
		for _, r := range v.Results {
			if r.Check == "VC-09" && (r.Result == legal.Pass) != (c.shown == ordercompare.Found) {
				t.Errorf("%s: VC-09 is %s", c.period, r.Result)
			}
		}
	}
	s.verifyLog()
}

// TestAPeriodOfOtherDaysIsSeen: the order is about the year before. The reviewer reads
// both beside the order, and the case is valid only once they have given the place at
// which they found the period; the database asks the same.
func TestAPeriodOfOtherDaysIsSeen(t *testing.T) {
	s := newScenario(t)
	id := s.orderStating("IN/94/2026/898", "from 2 August 2025 to 1 November 2025")
	rita, helen := s.as("rita.lind"), s.as("helen.park")
	s.must(s.cases.Claim(rita, id))
	s.answersBut(rita, id, legal.RoleReviewer, "VC-09")
	s.answersBut(helen, id, legal.RoleCounsel, "VC-09")
	s.gate("found valid without a look at the period", s.qualify(id))
	p := s.open(web.Limits{})
	page := p.ask(p.visit("rita.lind"), "GET", "/review/"+string(id), nil, "").body
	for _, want := range []string{"does not show the period", typedPeriod, "2 August 2025 to 1 November 2025", "Another period", `href="#p1"`, `href="#check-VC-09"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if theirs := p.ask(p.visit("asha.rao"), "GET", "/requests/"+string(id), nil, "").body; strings.Contains(theirs, "2025") {
		t.Error("the agency reads what was found")
	}
	p.stop()
	said := func(place string) error {
		s.clock.Advance(time.Second)
		return s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-09", Result: "pass", Note: "Its annex says 2026.", Place: place}})
	}
	if got := fault.ProblemsOf(said("")); len(got) != 1 || got[0].Field != "check_VC-09_place" {
		t.Errorf("passed without a place: %v", got)
	}
	s.databaseWantsThePlace(t, id)
	s.must(said("page 1 line 2"))
	s.must(s.qualify(id))
	s.verifyLog()
}

// databaseWantsThePlace finds a case valid past the program.
func (s *scenario) databaseWantsThePlace(t *testing.T, id requests.ID) {
	t.Helper()
	valid := fmt.Sprintf(`UPDATE request SET state = 'qualified', verdict = 'qualified', version = version + 1, event_id = $EVENT WHERE id = '%s'`, id)
	said := func(result, place string, automatic bool) string {
		return fmt.Sprintf(`INSERT INTO check_answer (id, request_id, agency_id, check_id, result, automatic, note, target_ref, place, answered_by, answered_as, at, event_id)
			SELECT gen_random_uuid(), request_id, agency_id, 'VC-09', '%s', %t, 'x', '', '%s', '%s', 'reviewer', at + interval '1 second', $EVENT FROM order_comparison WHERE request_id = '%s'`, result, automatic, place, s.personID("rita.lind"), id)
	}
	for _, a := range s.attackers(t) {
		try := func(steps ...string) error {
			return a.tryAs("reviewer", requests.StreamOf(id), append(steps, valid)...)
		}
		a.refused("nobody looked", try(), "does not show a period")
		a.refused("without a place", try(said("pass", "", false)), "does not show a period")
		a.refused("decided by the program", try(said("pass", "p1", true)), "does not show a period")
		a.refused("decided against", try(said("fail", "p1", false)), "does not show a period")
	}
}

// TestACaseComparedBeforePeriodsWere is looked at by a person all the same.
func TestACaseComparedBeforePeriodsWere(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/899").ID
	s.must(s.cases.Claim(s.as("rita.lind"), id))
	decided := func(place string) error {
		s.clock.Advance(time.Second)
		return s.cases.AnswerChecks(s.as("rita.lind"), id, []requests.CheckInput{{Check: "VC-09", Result: "pass", Note: "As it says.", Place: place}})
	}
	s.answersBut(s.as("rita.lind"), id, legal.RoleReviewer, "VC-09")
	s.answersBut(s.as("helen.park"), id, legal.RoleCounsel, "VC-09")
	s.must(decided("")) // what this lerd would not take
	s.ownerDoes(`ALTER TABLE order_comparison DISABLE TRIGGER USER; UPDATE order_comparison SET periods = NULL; ALTER TABLE order_comparison ENABLE ALWAYS TRIGGER written_once`)
	c := s.load(id)
	if p := c.UnshownPeriods(); len(p) != 1 || p[0].Shown != ordercompare.Missing || p[0].Typed != "" {
		t.Errorf("%+v", p)
	}
	s.hears("found valid", s.qualify(id), fault.Gate, "does not show a period that was typed")
	s.must(decided("1"))
	s.must(s.qualify(id))
	c = s.load(id)
	if p := c.UnshownPeriods(); len(p) != 0 {
		t.Errorf("decided, and still %+v", p)
	}
}
