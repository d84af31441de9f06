package main

import (
	"testing"
	"time"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// toldTimes expects that somebody was told of a kind and case so many times.
func (s *scenario) toldTimes(who, begins string, want int) {
	s.t.Helper()
	if got := s.told(who); count(got, begins) != want {
		s.t.Errorf("%s was told of %q %d times, want %d, of %q", who, begins, count(got, begins), want, got)
	}
}

// TestASupervisorIsToldThatACountersignatureWaits: each who may give it, and of
// nobody else, once; its officer learns what became of it.
func TestASupervisorIsToldThatACountersignatureWaits(t *testing.T) {
	s := newScenario(t)
	signed, returned := s.proposed("IN/94/2026/711"), s.proposed("IN/94/2026/712")
	s.deliverNotices()
	s.deliverNotices()
	for _, q := range []requests.Request{signed, returned} {
		s.toldTimes("vikram.nair", "request.propose "+q.Ref, 1)
		s.toldTimes("kavya.menon", "request.propose "+q.Ref, 1)
		for _, who := range []string{"asha.rao", "jana.weber", "rita.lind", "petra.vogel"} {
			s.toldTimes(who, "request.propose", 0)
		}
	}
	s.must(s.cases.CoSign(s.as("vikram.nair"), signed.ID))
	s.must(s.cases.SendBack(s.as("vikram.nair"), returned.ID, "The year is wrong."))
	s.deliverNotices()
	s.toldTimes("asha.rao", "request.cosign "+signed.Ref, 1)
	s.toldTimes("asha.rao", "request.send_back "+returned.Ref, 1)
	s.toldTimes("vikram.nair", "request.cosign", 0) // who did it knows
	s.linked("vikram.nair", signed)
}

// linked expects a notice's link to lead the officer to the case, and nobody else.
func (s *scenario) linked(officer string, q requests.Request) {
	s.t.Helper()
	for who, want := range map[string]string{officer: string(q.ID), "kavya.menon": ""} {
		list, err := s.notices.List(s.as(who), 100)
		s.must(err)
		for _, n := range list {
			if n.Ref == q.Ref && n.Case != want {
				s.t.Errorf("%s's notice %s names case %q, want %q", who, n.Kind, n.Case, want)
			}
		}
	}
}

// TestAnOfficerIsToldWhatBecomesOfTheirCase takes one through a question, its
// bundle, the end of its time, a take-over and a recall.
func TestAnOfficerIsToldWhatBecomesOfTheirCase(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/713")
	ref := s.load(id).Request.Ref
	s.must(s.cases.Write(s.as("rita.lind"), id, "The bundle is large.", nil))
	s.must(s.cases.Write(s.as("asha.rao"), id, "Thank you.", nil))
	s.jobs()
	s.deliverNotices()
	for _, kind := range []string{"request.export", "request.result", "message.sent"} {
		s.toldTimes("asha.rao", kind+" "+ref, 1)
		s.toldTimes("vikram.nair", kind, 0)
	}
	s.clock.Advance(requests.GrantLife*9/10 + time.Minute)
	s.jobs()
	s.clock.Advance(time.Hour)
	s.jobs()
	s.deliverNotices()
	s.toldTimes("asha.rao", "release.grant_ending "+ref, 1)
	s.must(s.cases.TakeOver(s.as("vikram.nair"), id, "She is on leave."))
	s.must(s.cases.Reissue(s.as("rita.lind"), id, "file_lost", "He has no file."))
	s.callBack(id)
	s.clock.Advance(4 * 24 * time.Hour)
	s.jobs()
	s.deliverNotices()
	s.toldTimes("asha.rao", "request.taken_over "+ref+" Vikram Nair", 1)
	s.toldTimes("kavya.menon", "request.taken_over "+ref+" Vikram Nair", 1)
	for _, kind := range []string{"release.reissued", "release.recalled", "recall.reminded"} {
		s.toldTimes("vikram.nair", kind+" "+ref, 1) // who holds it now
		s.toldTimes("asha.rao", kind, 0)
	}
	s.toldTimes("jana.weber", "re", 0)
	s.verifyLog()
}

// TestAnOfficerIsToldOfWhatEndsByTime: a question, a draft, and a preservation
// with its lapse.
func TestAnOfficerIsToldOfWhatEndsByTime(t *testing.T) {
	s := newScenario(t)
	s.drafted("IN/94/2026/714")
	asked := s.submit("IN/94/2026/715")
	s.must(s.cases.Claim(s.as("rita.lind"), asked.ID))
	s.must(s.cases.Ask(s.as("rita.lind"), asked.ID, "Which year?"))
	kept := s.keeping("EPOC-PR 71/26")
	s.clock.Advance(27 * 24 * time.Hour)
	_, err := s.cases.ExpireDrafts(identity.With(s.ctx, identity.SystemActor()))
	s.must(err)
	until := s.load(kept).Preservation.Until
	for _, at := range []time.Time{until.AddDate(0, 0, -30).Add(time.Hour), until} {
		s.clock.Set(at)
		s.jobs()
		s.jobs()
	}
	s.deliverNotices()
	s.toldTimes("asha.rao", "draft.expiring", 1)
	s.toldTimes("vikram.nair", "draft.expiring", 0)
	s.toldTimes("asha.rao", "request.ask "+asked.Ref, 1)
	ref := s.load(kept).Request.Ref
	s.toldTimes("jana.weber", "preservation.reminded "+ref, 1)
	s.toldTimes("jana.weber", "request.lapse "+ref, 1)
	s.toldTimes("asha.rao", "preservation.reminded", 0)
}
