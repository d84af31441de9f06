package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/oversight"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
)

// TestTheReplayHasAllThatBelongsToTheCase takes a case through a gag, a notice, a
// take-over, a recall, an error and a finding of an auditor, and finds each moment in
// the replay: no event of the case is missing from it.
func TestTheReplayHasAllThatBelongsToTheCase(t *testing.T) {
	s := newScenario(t)
	s.messaging()
	q := s.released("IN/94/2026/871", "2026-11-20").Request
	colleague := s.as("vikram.nair")
	s.must(s.cases.TakeOver(colleague, q.ID, "She has left."))
	s.must(s.cases.ProposeRecall(s.as("rita.lind"), q.ID, "wrong_records", "Of a test system."))
	s.must(s.cases.ConfirmRecall(s.as("anna.keller"), q.ID, "So it is."))
	s.overseen(q.Ref)
	s.clock.Advance(19 * 24 * time.Hour)
	s.tell()
	s.indexed()
	r, err := s.oversight.ReplayCase(s.as("ines.moreau"), q.ID)
	s.must(err)
	s.wholeTrail(q.ID, r.Moments)

	at := func(kind string) oversight.Moment {
		t.Helper()
		i := slices.IndexFunc(r.Moments, func(m oversight.Moment) bool { return m.Event.Record.Kind == kind })
		if i < 0 {
			t.Fatalf("the replay has no %s", kind)
		}
		return r.Moments[i]
	}
	before, after := at("request.viewed").Beside, r.Moments[len(r.Moments)-1].Beside
	if b := at("gag.registered").Beside; b.Gags != 1 {
		t.Errorf("when it was registered: %+v", b)
	}
	if b := at("user_notice.scheduled").Beside; b.Untold == 0 || b.Told != 0 || b.Gags != 1 {
		t.Errorf("when a notice was planned: %+v", b)
	}
	if b := at("request.taken_over").Beside; b.Officer == before.Officer || b.Officer == "" || before.Officer == "" {
		t.Errorf("the case is held by %q, before by %q", b.Officer, before.Officer)
	}
	if b := at("recall.confirmed").Beside; b.Recall != "confirmed" || at("recall.proposed").Beside.Recall != "proposed" {
		t.Errorf("at its recall: %+v", b)
	}
	if after.Gags != 0 || after.Untold != 0 || after.Told == 0 {
		t.Errorf("at the end: %+v", after)
	}
	for _, kind := range []string{"risk.stated", "user_notice.delivered", "gag.ended", "error.reported", "audit_finding.opened"} {
		at(kind)
	}
	p := s.open(unhurried)
	ines := p.visit("ines.moreau")
	for _, want := range []string{"Orders to be silent", "Users affected", "Recall of a bundle"} {
		page, err := ines.get(p.ctx, "/audit/cases/"+string(q.ID)+"/replay?step="+strconv.Itoa(len(r.Moments)-1))
		s.must(err)
		if !strings.Contains(string(page.body), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// wholeTrail compares a replay with what the index of the log knows of the case by
// the facts of its events, which is found another way. Attempts and what auditors
// took with them are of the person and not of the case.
func (s *scenario) wholeTrail(id requests.ID, moments []oversight.Moment) {
	s.t.Helper()
	has := map[audit.EventID]bool{}
	for _, m := range moments {
		has[m.Event.Record.ID] = true
	}
	missing := 0
	for _, line := range s.column("SELECT event_id || ' ' || kind || ' ' || stream FROM log_index WHERE case_id = '" + string(id) + "' AND kind <> 'attempt.refused' ORDER BY idx") {
		event, rest, _ := strings.Cut(line, " ")
		if !has[audit.EventID(event)] {
			missing++
			s.t.Errorf("the replay lacks %s", rest)
		}
	}
	if missing == 0 && len(has) < 20 {
		s.t.Errorf("the replay has only %d events", len(has))
	}
}

// TestAnErrorIsSettledByANoticeThatArrived: a reference of lerd's own settles an error
// only where the notice is the case's and the platform has signed that it told the
// user, which no notice is while a gag runs.
func TestAnErrorIsSettledByANoticeThatArrived(t *testing.T) {
	s := newScenario(t)
	s.messaging()
	q, other := s.released("IN/94/2026/872", "2026-11-20").Request, s.released("IN/94/2026/873", "").Request
	ines := s.as("ines.moreau")
	id, err := s.oversight.ReportError(s.as("rita.lind"), "too_much", q.Ref, "One day too many.", storyNow)
	s.must(err)
	s.must(s.oversight.AssessError(ines, id, "significant", "some", "It was used in court."))
	s.tell() // the other case's notice goes out; this one's waits for the gag
	ref, foreign := s.ofError(id)[0].Ref, s.onFile(other.ID).Notices[0].Ref
	for name, ref := range map[string]string{"another case's": foreign, "nobody's": "UN-2026-0000-0000", "one that waits": ref} {
		if err := s.oversight.SettleError(ines, id, "told", "The user has to know.", ref); fault.KindOf(err) != fault.Gate {
			t.Errorf("settled by %s notice: %v", name, err)
		}
	}
	s.must(s.oversight.SettleError(ines, id, "later", "A gag runs.", ""))
	s.clock.Advance(19 * 24 * time.Hour)
	s.tell()
	for name, ref := range map[string]string{"another case's": foreign, "that of the disclosure": s.ofDisclosure(q.ID).Ref, "a letter": "Letter 12"} {
		if err := s.oversight.SettleError(s.as("ines.moreau"), id, "told", "The user has to know.", ref); fault.KindOf(err) != fault.Invalid {
			t.Errorf("settled by %s: %v", name, err)
		}
	}
	s.must(s.oversight.SettleError(s.as("ines.moreau"), id, "told", "The gag is over.", ref))
	x, err := s.oversight.ShowError(s.as("ines.moreau"), id)
	s.must(err)
	if at, err := s.oversight.ToldOn(s.as("ines.moreau"), x); err != nil || at.IsZero() || !x.SettledAt.After(storyNow) {
		t.Errorf("told on %s: %v", at, err)
	}
	report, err := s.oversight.DutyReport(s.as("ines.moreau"))
	s.must(err)
	for _, h := range report.Holders {
		if h.Events == 0 || h.From.IsZero() || h.To.Before(h.From) {
			t.Errorf("the report on duties says of %s: %+v", h.Role, h)
		}
	}
	s.verifyLog()
}

// TestAnAuditorReadsWhatWasAsked: whom a case is about, why, what was written to and fro,
// what the reviewer noted and who they were, on the page of the case, and in its replay
// as it was at each moment: before the agency narrowed it, and before a word was written.
func TestAnAuditorReadsWhatWasAsked(t *testing.T) {
	s := newScenario(t)
	rita, officer := s.as("rita.lind"), s.as("asha.rao")
	q := s.submit("IN/94/2026/872")
	s.must(s.cases.Claim(rita, q.ID))
	s.must(s.cases.AnswerChecks(rita, q.ID, []requests.CheckInput{{Check: "VC-02", Result: "pass", Note: "The seal is the court's."}}))
	s.must(s.cases.Ask(rita, q.ID, "Which of the two numbers?"))
	s.must(s.cases.Reply(officer, q.ID, "The first one."))
	s.must(s.cases.NarrowOwn(officer, q.ID, less(false, true, 30), "The number is known by now."))
	s.indexed()
	p := s.open(unhurried)
	ines, own := p.visit("ines.moreau"), "/audit/cases/"+string(q.ID)
	always := []string{sample.SuspectPhone, "To identify the seller.", "Sale of tickets that do not exist", "FIR 231/2026", "IN/94/2026/872"}
	page := p.says(ines, own, append(always, "Which data?IP addresses", "Which of the two numbers?", "The first one.", "The seal is the court's.", "Reviewer 7F")...)
	for _, at := range []string{own + "/replay", "/cases/" + string(q.ID) + "/replay", "/errors/new?case=" + q.Ref} {
		if len(page.links(at)) == 0 {
			t.Errorf("the case does not lead to %s", at)
		}
		p.says(ines, at)
	}
	r, err := s.oversight.ReplayCase(s.as("ines.moreau"), q.ID)
	s.must(err)
	at := func(kind string) string {
		t.Helper()
		i := slices.IndexFunc(r.Moments, func(m oversight.Moment) bool { return m.Event.Record.Kind == kind })
		if i < 0 {
			t.Fatalf("the replay has no %s", kind)
		}
		return own + "/replay?step=" + strconv.Itoa(i)
	}
	without := func(step string, words ...string) {
		t.Helper()
		got := p.says(ines, step).reading()
		for _, w := range words {
			if strings.Contains(got, w) {
				t.Errorf("%s says %q already", step, w)
			}
		}
	}
	without(at("document.uploaded"), append(always, "Which of the two numbers?")...)
	p.says(ines, at("document.uploaded"), "Nobody but its agency had it.")
	p.says(ines, at("request.claim"), append(always, "Which data?Phone numbers, IP addresses", "In legal review", "In review")...)
	without(at("request.claim"), "Which of the two numbers?", "The seal is the court's.")
	p.says(ines, at("request.answer_check"), "The seal is the court's.", "Reviewer 7F")
	p.says(ines, at("request.ask"), "Which of the two numbers?", "Waiting for the agency")
	without(at("request.ask"), "The first one.")
	p.says(ines, own+"/replay?step="+strconv.Itoa(len(r.Moments)-1), "Which data?IP addresses", "The first one.")
}
