package main

import (
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// TestAClaimIsTakenOverOrEnds: nobody works on a case unknowingly, and no case
// stays with somebody who does not go on.
func TestAClaimIsTakenOverOrEnds(t *testing.T) {
	s := newScenario(t)
	rita, omar := s.as("rita.lind"), s.as("omar.haddad")
	id := s.submit("IN/94/2026/501").ID
	s.must(s.cases.Claim(rita, id))
	until, err := s.cases.HeldUntil(omar, s.load(id))
	s.must(err)
	if want := storyNow.Add(requests.ClaimLease); !until.Equal(want) {
		t.Errorf("held until %v, want %v", until, want)
	}
	if err := s.cases.Claim(omar, id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("claimed twice: %v", err)
	}
	if err := s.cases.AnswerChecks(omar, id, []requests.CheckInput{{Check: "VC-02", Result: "pass"}}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a colleague answers: %v", err)
	}
	if err := s.cases.TakeOverClaim(omar, id, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("taken over without a reason: %v", err)
	}
	s.must(s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-02", Result: "pass", Place: "page 1 line 3"}}))
	s.must(s.cases.TakeOverClaim(omar, id, "Rita is ill."))
	if who, _ := identity.From(omar); s.load(id).Request.Reviewer != who.Person || len(s.load(id).Latest()) == 0 || s.load(id).Latest()[0].Place != "p1l3" {
		t.Errorf("after the take-over: %+v", s.load(id).Request)
	}
	if err := s.cases.AnswerChecks(rita, id, []requests.CheckInput{{Check: "VC-03", Result: "pass"}}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("she goes on with what was taken from her: %v", err)
	}
	s.clock.Advance(requests.ClaimLease - time.Minute)
	s.jobs()
	if q := s.load(id).Request; q.State != requests.InReview {
		t.Errorf("a claim ended too early: %s", q.State)
	}
	s.clock.Advance(2 * time.Minute)
	s.jobs()
	if q := s.load(id).Request; q.State != requests.Submitted || q.Reviewer != "" {
		t.Errorf("a claim did not end: %s by %s", q.State, q.Reviewer)
	}
	hands, err := s.cases.Hands(omar, s.load(id))
	s.must(err)
	var told []string
	for _, h := range hands {
		told = append(told, h.Kind+map[bool]string{true: "!"}[h.Taken]+h.Why.Reveal())
	}
	if got := strings.Join(told, ", "); got != "claim, unclaim!Rita is ill., claim, unclaim" {
		t.Errorf("the log of hands is %q", got)
	}
	s.verifyLog()
}

// TestTwoTabsDoNotOverwrite: what was decided on an older page is refused.
func TestTwoTabsDoNotOverwrite(t *testing.T) {
	s := newScenario(t)
	rita := s.as("rita.lind")
	id := s.submit("IN/94/2026/502").ID
	s.must(s.cases.Claim(rita, id))
	seen := requests.WithSeen(rita, s.load(id).Request.Version)
	s.must(s.cases.AnswerChecks(seen, id, []requests.CheckInput{{Check: "VC-02", Result: "pass"}}))
	if err := s.cases.AnswerChecks(seen, id, []requests.CheckInput{{Check: "VC-02", Result: "fail", Note: "No."}}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the second tab: %v", err)
	}
	if err := s.cases.TakeOverClaim(requests.WithSeen(s.as("omar.haddad"), 1), id, "x"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("taken over from an old page: %v", err)
	}
}

// TestALeftCaseComesBack: a skipped case is nobody's loss.
func TestALeftCaseComesBack(t *testing.T) {
	s := newScenario(t)
	rita, omar := s.as("rita.lind"), s.as("omar.haddad")
	first := s.submit("IN/94/2026/503").ID
	s.clock.Advance(time.Minute)
	second := s.submit("IN/94/2026/504").ID
	next := func(who string) requests.ID {
		id, err := s.cases.Next(s.as(who), "")
		s.must(err)
		return id
	}
	if next("rita.lind") != first {
		t.Fatal("the queue does not begin with the first case")
	}
	if err := s.cases.Skip(rita, first, "other", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("left without a reason: %v", err)
	}
	s.must(s.cases.Skip(rita, first, "language", ""))
	if next("rita.lind") != second || next("omar.haddad") != first {
		t.Error("a case that was left is given to the same reviewer, or to nobody")
	}
	s.clock.Advance(requests.SkipFor + time.Minute)
	if next("rita.lind") != first {
		t.Error("a case that was left does not come back")
	}
	s.must(s.cases.Claim(omar, first))
	if err := s.cases.Skip(rita, first, "language", ""); fault.KindOf(err) != fault.Conflict {
		t.Errorf("left what a colleague holds: %v", err)
	}
	list, err := s.cases.Skips(s.as("ines.moreau"), requests.SkipFilter{})
	s.must(err)
	if len(list) != 1 || list[0].Reason != "language" || list[0].Ref == "" {
		t.Errorf("an auditor reads %+v", list)
	}
	if _, err := s.cases.Skips(s.as("asha.rao"), requests.SkipFilter{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an officer reads what was left: %v", err)
	}
	s.verifyLog()
}

// TestSavedRepliesAreVersions: a lead writes them, each change is a version, and
// nothing is sent with an open placeholder, neither by Go nor past it.
func TestSavedRepliesAreVersions(t *testing.T) {
	s := newScenario(t)
	lead, omar := s.as("rita.lind"), s.as("omar.haddad")
	in := requests.SavedReplyInput{Name: "page", Language: "de", Title: "Seite fehlt", Body: "Es fehlt Seite [[welche]]."}
	if err := s.cases.SaveReply(omar, in); fault.KindOf(err) != fault.NotFound {
		t.Errorf("written by a reviewer who is no lead: %v", err)
	}
	s.must(s.cases.SaveReply(lead, in))
	in.Body = "Bitte senden Sie Seite [[welche]]."
	s.must(s.cases.SaveReply(lead, in))
	for _, bad := range []string{"[[open", "closed]]", ""} {
		if err := s.cases.SaveReply(lead, requests.SavedReplyInput{Name: "page", Language: "de", Title: "T", Body: bad}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	list, err := s.cases.SavedReplies(omar)
	s.must(err)
	if len(list) != 1 || list[0].Version != 2 || list[0].Body != in.Body {
		t.Errorf("saved: %+v", list)
	}
	id := s.submit("IN/94/2026/505").ID
	s.must(s.cases.Claim(omar, id))
	for _, open := range []string{in.Body, "Which ###?", "[[", "]]"} {
		if err := s.cases.Ask(omar, id, open); fault.KindOf(err) != fault.Invalid {
			t.Errorf("sent with an open placeholder: %q: %v", open, err)
		}
	}
	for _, statement := range []string{
		"UPDATE saved_reply SET body = 'x'",
		"INSERT INTO message SELECT gen_random_uuid(), q.id, q.agency_id, 'reviewer', 'Reviewer', 'Which [[page]]?', now(), q.event_id, 'question' FROM request q",
	} {
		if _, err := s.ownerDB().Exec(statement); err == nil {
			t.Errorf("the database takes %q", statement)
		}
	}
	s.must(s.cases.Ask(omar, id, "Bitte senden Sie Seite 2."))
	s.verifyLog()
}
