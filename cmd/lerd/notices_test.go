package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/notices"
)

// told gives what somebody was told, the oldest first, as "kind ref name".
func (s *scenario) told(signIn string) (out []string) {
	s.t.Helper()
	list, err := s.notices.List(s.as(signIn), 500)
	s.must(err)
	for _, n := range slices.Backward(list) {
		out = append(out, strings.TrimSpace(n.Kind+" "+n.Ref+" "+n.Name))
	}
	return out
}

func (s *scenario) deliverNotices() {
	s.t.Helper()
	s.sequenceAll()
	for {
		n, err := s.noticeJob.RunOnce(s.ctx)
		if s.must(err); n == 0 {
			return
		}
	}
}

func count(list []string, begins string) (n int) {
	for _, x := range list {
		if strings.HasPrefix(x, begins) {
			n++
		}
	}
	return n
}

// TestTheAdministratorIsToldOfEverySignInSubmissionAndDownload takes a case
// through an agency's hands and reads what its administrator, another agency's,
// and the officer were told.
func TestTheAdministratorIsToldOfEverySignInSubmissionAndDownload(t *testing.T) {
	s := newScenario(t)
	_, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
	s.must(err)
	_, _, err = s.people.SignInForDevelopment(s.ctx, "rita.lind")
	s.must(err)
	c := s.load(s.ready("IN/94/2026/91"))
	_, err = s.fetched(s.as("asha.rao"), c.Request.ID)
	s.must(err)
	s.deliverNotices()
	got := s.told("kavya.menon")
	for kind, want := range map[string]int{"session.started": 1, "request.cosign " + c.Request.Ref + " Asha Rao": 1, "release.downloaded " + c.Request.Ref: 1} {
		if n := count(got, kind); n != want {
			t.Errorf("told of %s %d times, want %d, of %q", kind, n, want, got)
		}
	}
	if n := count(s.told("petra.vogel"), "request") + count(s.told("petra.vogel"), "session") + count(s.told("petra.vogel"), "release"); n != 0 {
		t.Errorf("another agency's administrator was told %q", s.told("petra.vogel"))
	}
	if n := count(s.told("asha.rao"), "request.export "+c.Request.Ref); n != 1 {
		t.Errorf("the officer was told %q", s.told("asha.rao"))
	}
	unread, err := s.notices.Unread(s.as("kavya.menon"))
	if s.must(err); unread != len(got) {
		t.Errorf("%d of %d are new", unread, len(got))
	}
	s.must(s.notices.Read(s.as("kavya.menon"), s.clock.Now()))
	if unread, _ = s.notices.Unread(s.as("kavya.menon")); unread != 0 {
		t.Errorf("%d are new after all were seen", unread)
	}
}

// TestEachNoticeOnce stops the job before and after its write, lets two replicas
// at it, and begins it again: nothing is lost and nothing is told twice.
func TestEachNoticeOnce(t *testing.T) {
	s := newScenario(t)
	for range 5 {
		_, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
		s.must(err)
	}
	s.sequenceAll()
	type stopped struct{ point string }
	run := func(job *notices.Job) (at string) {
		defer func() {
			if p, ok := recover().(stopped); ok {
				at = p.point
			}
		}()
		_, err := job.RunOnce(s.ctx)
		s.must(err)
		return ""
	}
	stops := map[string]int{}
	for i := range 200 {
		job := &notices.Job{Feed: s.store, Now: s.clock.Now, Batch: 3}
		die := []string{notices.PointDerived, notices.PointDelivered, ""}[i%3]
		job.Reached = func(point string) {
			if point == die {
				panic(stopped{point})
			}
		}
		stops[run(job)]++
	}
	if stops[notices.PointDerived] == 0 || stops[notices.PointDelivered] == 0 {
		t.Fatalf("the job was stopped %v", stops)
	}
	list, cursor, err := s.store.Placed(identity.With(s.ctx, identity.SystemActor()), 10)
	s.must(err)
	if len(list) != 0 {
		t.Errorf("%d events wait at %d", len(list), cursor)
	}
	if n := count(s.told("kavya.menon"), "session.started"); n != 5 {
		t.Errorf("told of 5 sign-ins %d times", n)
	}
	stale := s.store.Deliver(identity.With(s.ctx, identity.SystemActor()), 0, cursor, nil, s.clock.Now())
	if fault.KindOf(stale) != fault.Conflict {
		t.Errorf("a replica that came late: %v", stale)
	}
}

// letters counts what would have been sent, and refuses as it is told.
type letters struct {
	to     []string
	refuse error
}

func (l *letters) Send(_ context.Context, address string) error {
	l.to = append(l.to, address)
	return l.refuse
}

// TestLettersWaitUntilTheyAreSent sends one letter for many notices, tries again
// after a failure, and gives up where the server refuses for good.
func TestLettersWaitUntilTheyAreSent(t *testing.T) {
	s := newScenario(t)
	admin := s.as("kavya.menon")
	for _, bad := range []string{"kavya@elsewhere.example", "kavya@cyber.sample-district.example\r\nBcc: all@evil.example", "a b@cyber.sample-district.example", "@cyber.sample-district.example", "kavya@cyber.sample-district.example.evil.example"} {
		if err := s.notices.SetAddress(admin, bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the address %q: %v", bad, err)
		}
	}
	s.must(s.notices.SetAddress(admin, "kavya@cyber.sample-district.example"))
	for range 3 {
		_, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
		s.must(err)
	}
	s.deliverNotices()
	out := &letters{refuse: fault.New(fault.Unavailable, "Greylisted.")}
	s.mailer.Sender = out
	send := func() { _, err := s.mailer.RunOnce(s.ctx); s.must(err) }
	send()
	send() // not due again yet
	if len(out.to) != 1 {
		t.Fatalf("letters to %q", out.to)
	}
	s.clock.Advance(3 * time.Minute)
	out.refuse = nil
	send()
	s.clock.Advance(24 * time.Hour)
	send()
	if len(out.to) != 2 {
		t.Errorf("after it was sent: letters to %q", out.to)
	}
	_, _, err := s.people.SignInForDevelopment(s.ctx, "asha.rao")
	s.must(err)
	s.deliverNotices()
	out.refuse = fault.Because(fault.Invalid, errors.New("550"), "No such mailbox.")
	send()
	s.clock.Advance(24 * time.Hour)
	send()
	if len(out.to) != 3 {
		t.Errorf("after it was refused for good: letters to %q", out.to)
	}
	s.must(s.notices.SetAddress(admin, ""))
	s.sequenceAll()
	s.verifyLog()
}
