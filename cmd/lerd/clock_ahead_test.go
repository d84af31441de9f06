package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/usernotice"
	"lerd/internal/verifycli"
)

// TestAClockThatRanAheadAndCameBack sets lerd's clock forward by a year, lets every job
// run, and sets it back: no gag ends, no user is told, nothing is erased, since the
// database has a clock of its own; and every verifier names the entry at which time went
// back. What was recorded meanwhile stays, with the time that it claims.
func TestAClockThatRanAheadAndCameBack(t *testing.T) {
	s := newScenario(t)
	s.clockSlack(fmt.Sprintf("%d hours", int(time.Since(storyNow).Abs().Hours())+30*24)) // the story's day counts as today
	q := s.ready("IN/94/2026/6000")
	_, err := s.fetched(s.as("asha.rao"), q)
	s.must(err)
	s.must(s.cases.Acknowledge(s.as("asha.rao"), q))
	s.sequenceAll()
	c := s.released("IN/94/2026/6001", "2027-03-01")
	if n := s.eraseDue(); n != 0 {
		t.Fatalf("%d erased at once", n)
	}
	events := func() string {
		return strings.Join(s.column("SELECT kind FROM audit.event WHERE kind IN ('gag.ended', 'user_notice.sent', 'user_notice.delivered', 'erasure.made') ORDER BY kind"), " ")
	}
	s.messaging()
	_, err = s.telling.RunOnce(s.ctx) // who may be told today
	s.must(err)
	before := events()
	s.clock.Advance(365 * day)
	if _, err := s.caseJob.RunOnce(s.ctx); fault.KindOf(err) != fault.Gate { // findings that are said to be out of date
		t.Errorf("the job of cases, a year ahead: %v", err)
	}
	if _, err := s.telling.RunOnce(s.ctx); fault.KindOf(err) != fault.Gate {
		t.Errorf("the job of notices, a year ahead: %v", err)
	}
	if _, err := s.erase(s.ctx); fault.KindOf(err) != fault.Gate {
		t.Errorf("the job of erasures, a year ahead: %v", err)
	}
	if _, err := s.cases.View(s.as("rita.lind"), c.Request.ID); err != nil { // an event of next year
		t.Fatal(err)
	}
	s.sequenceAll()
	if after := events(); after != before || s.onFile(c.Request.ID).Gags[0].State != usernotice.Running {
		t.Errorf("a clock ahead did what is not due: %q, before %q", after, before)
	}
	s.clock.Advance(-365 * day)
	if _, err := s.cases.View(s.as("rita.lind"), q); err != nil {
		t.Fatal(err)
	}
	s.submit("IN/94/2026/6002") // work goes on
	report := s.verifyLog()
	if len(report.SetBack) != 1 {
		t.Errorf("the database's verification names %d steps back", len(report.SetBack))
	}
	dir, vkey := s.exportLog()
	for name, check := range map[string]func(out io.Writer) error{
		"lerd audit verify": func(out io.Writer) error {
			return auditVerifyCmd{auditSource: auditSource{VKey: vkey}, Log: dir, Quiet: true}.run(s.ctx, out, io.Discard)
		},
		"lerd-verify log": func(out io.Writer) error { return (&verifycli.Log{Dir: dir, VKey: vkey}).Check(s.ctx, out, io.Discard) },
	} {
		var out bytes.Buffer
		if err := check(&out); err != nil || strings.Count(out.String(), "CLOCK: entry ") != 1 {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
	}
}
