package main

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/web"
)

// said gives what was said of a case's clocks: "clock alert", in the order in
// which it turned.
func (s *scenario) said(id requests.ID) []string {
	return s.column("SELECT clock || ' ' || alert FROM clock_alert WHERE request_id = '" + string(id) + "' ORDER BY turned_at, clock, alert")
}

func (s *scenario) watch() int {
	s.t.Helper()
	n, err := s.cases.WatchClocks(identity.With(s.ctx, identity.SystemActor()))
	s.must(err)
	return n
}

// TestClocksSayWhereTheyStand: each alert is an event once; what a job missed while
// it was down is said when it is back; two jobs at once say it once.
func TestClocksSayWhereTheyStand(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/720")
	due := s.load(q.ID).Request.EffectBy
	if due.IsZero() {
		t.Fatal("the story's case has no deadline")
	}
	if s.watch(); len(s.said(q.ID)) != 0 {
		t.Errorf("long before: %v", s.said(q.ID))
	}
	s.clock.Set(due.Add(-48*time.Hour + time.Second))
	if s.watch(); !slices.Equal(s.said(q.ID), []string{"effect warn"}) {
		t.Errorf("two days before: %v", s.said(q.ID))
	}
	s.watch()
	s.clock.Set(due.Add(6 * 24 * time.Hour)) // nobody ran it for eight days
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			_, err := s.cases.WatchClocks(identity.With(s.ctx, identity.SystemActor()))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.said(q.ID); !slices.Equal(got, []string{"effect warn", "effect overdue", "effect very_overdue"}) {
		t.Errorf("after the run that was missed: %v", got)
	}
	events := s.column("SELECT kind FROM audit.event WHERE stream = 'clock:" + string(q.ID) + "' ORDER BY version")
	if !slices.Equal(events, []string{"clock.warn", "clock.overdue", "clock.very_overdue"}) {
		t.Errorf("events: %v", events)
	}
	turned := s.column("SELECT to_char(turned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM clock_alert WHERE alert = 'overdue'")
	if turned[0] != due.UTC().Format(time.DateTime) {
		t.Errorf("it turned overdue at %s, and is due at %s", turned[0], due)
	}
	for _, who := range []string{"rita.lind", "asha.rao", "ines.moreau"} {
		if _, err := s.cases.WatchClocks(s.as(who)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s runs the clocks: %v", who, err)
		}
	}
	s.verifyLog()
}

// TestAPausedClockSaysNothing: while the agency has a question the platform's clock
// stands still; it goes on with the answer, by as much later.
func TestAPausedClockSaysNothing(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/721")
	due := s.load(q.ID).Request.EffectBy
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	s.must(s.cases.Ask(s.as("rita.lind"), q.ID, "Which of the two?"))
	s.clock.Set(due.Add(time.Hour))
	s.watch()
	if got := s.said(q.ID); slices.ContainsFunc(got, func(a string) bool { return strings.HasPrefix(a, "effect") }) {
		t.Errorf("a clock that stands still: %v", got)
	}
	s.must(s.cases.Reply(s.as("asha.rao"), q.ID, "The first."))
	after := s.load(q.ID).Request.EffectBy
	if !after.After(s.clock.Now()) {
		t.Errorf("resumed at %s, due at %s", s.clock.Now(), after)
	}
	s.clock.Set(after.Add(time.Second))
	s.watch()
	if got := s.said(q.ID); !slices.Contains(got, "effect overdue") {
		t.Errorf("after it went on: %v", got)
	}
}

// TestAQuestionThatNobodyAnswersEndsTheCase: the agency is reminded, and the case
// expires on the day that its page names, not a second earlier.
func TestAQuestionThatNobodyAnswersEndsTheCase(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/722")
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	s.must(s.cases.Ask(s.as("rita.lind"), q.ID, "Which of the two?"))
	by, err := s.cases.AnswerBy(s.ctx, s.load(q.ID))
	s.must(err)
	if want := storyNow.AddDate(0, 0, requests.UnansweredDays); by.Before(want) || by.After(want.Add(24*time.Hour)) {
		t.Fatalf("asked on %s, to be answered by %s", storyNow, by)
	}
	s.agencyReadsWhen(t, q.ID, by)
	s.clock.Set(by)
	s.watch()
	if got := s.state(q.ID); got != requests.NeedsInformation {
		t.Fatalf("in the last second the case is %s", got)
	}
	if got := s.said(q.ID); !slices.Equal(got, []string{"clarify warn"}) {
		t.Errorf("reminded: %v", got)
	}
	s.clock.Set(by.Add(time.Second))
	s.watch()
	c := s.load(q.ID)
	if c.Request.State != requests.Expired || !slices.Equal(c.Request.Refusals, []string{"RR-08"}) {
		t.Errorf("afterwards: %s %v", c.Request.State, c.Request.Refusals)
	}
	if err := s.cases.Reply(s.as("asha.rao"), q.ID, "The first."); fault.KindOf(err) != fault.Conflict {
		t.Errorf("answered after it expired: %v", err)
	}
	s.watch()
	s.verifyLog()
}

// TestCounselIsRemindedOfAConflictUntilItIsSettled: it never expires in silence.
func TestCounselIsRemindedOfAConflictUntilItIsSettled(t *testing.T) {
	s := newScenario(t)
	id := s.inConflict("IN/94/2026/723")
	due := s.load(id).Request.EffectBy
	day := 24 * time.Hour
	for _, tt := range []struct {
		at   time.Time
		want string
	}{{due.Add(-5 * day), "examined warn"}, {due.Add(-3 * day), "examined warn"}, {due.Add(-day), "examined warn"}, {due, "examined overdue"}, {due.Add(day), "examined very_overdue"}, {due.Add(9 * day), "examined very_overdue"}} {
		before := len(s.said(id))
		s.clock.Set(tt.at)
		s.watch()
		got := s.said(id)
		if len(got) <= before || !slices.Contains(got[before:], tt.want) {
			t.Errorf("at %s: %v", tt.at.Sub(due), got[before:])
		}
		if s.watch(); len(s.said(id)) != len(got) {
			t.Errorf("at %s it was said twice", tt.at.Sub(due))
		}
	}
	if got := s.state(id); got != requests.LegalConflict {
		t.Errorf("long overdue it is %s", got)
	}
	s.must(s.cases.SettleConflict(s.as("helen.park"), id, "We object."))
	n := len(s.said(id))
	s.clock.Advance(30 * day)
	if s.watch(); len(s.said(id)) != n {
		t.Error("a conflict that is settled is still reminded of")
	}
	s.verifyLog()
}

// inConflict takes a case about a witness to counsel.
func (s *scenario) inConflict(number string) requests.ID {
	s.t.Helper()
	q := s.submitWith(number, func(in *requests.Submission) { in.Targets[0].PersonRole = legal.Witness })
	reviewer := s.as("rita.lind")
	s.must(s.cases.Claim(reviewer, q.ID))
	s.answerAll(reviewer, q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	s.must(s.cases.SendToCounsel(reviewer, q.ID, "The person is a witness."))
	return q.ID
}

// agencyReadsWhen: the page says by when to answer, in UTC and where the law is, in
// each language.
func (s *scenario) agencyReadsWhen(t *testing.T, id requests.ID, by time.Time) {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Kolkata")
	s.must(err)
	p := s.open(web.Limits{})
	v := p.visit("asha.rao")
	for _, language := range []string{"en", "de", "fr", "es", "pt", "hi", "ar"} {
		body := p.ask(v, "GET", "/requests/"+string(id), map[string]string{"Accept-Language": language}, "").body
		_, part, _ := strings.Cut(body, `id="reply"`)
		part, _, _ = strings.Cut(part, "<form")
		for _, want := range []string{by.UTC().Format("2006-01-02"), by.UTC().Format("15:04"), by.In(zone).Format("15:04"), by.UTC().Format("2006-01-02T15:04:05Z")} {
			if !strings.Contains(part, want) {
				t.Errorf("%s: the question does not say %s: %s", language, want, part)
			}
		}
	}
}
