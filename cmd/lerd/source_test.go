package main

import (
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
)

// bentSource is the sample's account data, bent.
type bentSource struct {
	records.Source
	sessions func(records.IPRow) records.IPRow
	resolve  func(records.Resolution) records.Resolution
}

func (b bentSource) Sessions(ctx context.Context, a records.AccountID, p records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for r, err := range b.Source.Sessions(ctx, a, p) {
			if err == nil && b.sessions != nil {
				r = b.sessions(r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (b bentSource) Resolve(ctx context.Context, id records.Identifier) (records.Resolution, error) {
	res, err := b.Source.Resolve(ctx, id)
	if b.resolve != nil {
		res = b.resolve(res)
	}
	return res, err
}

// TestAnOverDisclosingSourceIsStopped lets the account data answer with a row
// too many: nothing is frozen, and the log says once what happened.
func TestAnOverDisclosingSourceIsStopped(t *testing.T) {
	for name, bend := range map[string]func(records.IPRow) records.IPRow{
		"row of another account":       func(r records.IPRow) records.IPRow { r.Account++; return r },
		"row outside the period":       func(r records.IPRow) records.IPRow { r.At = r.At.AddDate(-3, 0, 0); return r },
		"time outside the period":      func(r records.IPRow) records.IPRow { r.LastSeen = r.At.AddDate(3, 0, 0); return r },
		"ill-formed record id":         func(r records.IPRow) records.IPRow { r.RecordID = "=cmd"; return r },
		"unknown event type":           func(r records.IPRow) records.IPRow { r.Event = "message_sent"; return r },
		"time not in UTC microseconds": func(r records.IPRow) records.IPRow { r.At = r.At.Add(time.Nanosecond); return r },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t)
			q := s.submit("IN/94/2026/17")
			s.review(q.ID)
			s.jobs()
			s.confirm()
			good := s.cases.Source
			s.cases.Source = records.Guard(bentSource{Source: s.source, sessions: bend})
			s.jobs()
			s.jobs() // a second look at the case says nothing new
			if c := s.load(q.ID); c.Release != nil || c.Request.State != requests.Confirmed {
				t.Fatalf("the case is %s, its release %v", c.Request.State, c.Release)
			}
			if n := len(s.column("SELECT id::text FROM audit.event WHERE kind = 'source.breached'")); n != 1 {
				t.Errorf("%d events tell of it, want 1", n)
			}
			if strings.Contains(s.log.String(), "192.0.2.") || strings.Contains(s.log.String(), "198.51.100.") {
				t.Error("the program's log has an address")
			}
			s.cases.Source = good
			s.jobs()
			if c := s.load(q.ID); c.Release == nil {
				t.Error("a source that is right again is not read")
			}
		})
	}
}

// TestAnIdentifierThatMovedStops lets the username lead to another account, or
// to two, after the account was examined.
func TestAnIdentifierThatMovedStops(t *testing.T) {
	moved := func(r records.Resolution) records.Resolution {
		for i := range r.Holdings {
			r.Holdings[i].Account++
		}
		return r
	}
	second := func(r records.Resolution) records.Resolution {
		if len(r.Holdings) == 1 {
			h := r.Holdings[0]
			h.Account, h.Value = h.Account+1, personal.NewText(h.Value.Reveal())
			r.Holdings = append(r.Holdings, h)
		}
		return r
	}
	s := newScenario(t)
	q := s.submit("IN/94/2026/17")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	good := s.cases.Source
	bent := func(f func(records.Resolution) records.Resolution) {
		s.cases.Source = records.Guard(bentSource{Source: s.source, resolve: f})
	}
	bent(moved)
	s.jobs()
	if c := s.load(q.ID); c.Release != nil {
		t.Fatal("records of an account were frozen to which the order no longer leads")
	}
	s.cases.Source = good
	s.jobs()
	c, _, err := s.cases.ViewRelease(s.as("anna.keller"), q.ID, 0, 1<<20)
	s.must(err)
	bent(second)
	if err := s.cases.Approve(s.as("anna.keller"), q.ID, c.Release.Digest); fault.KindOf(err) != fault.Gate {
		t.Fatalf("approved although the username has two holders: %v", err)
	}
	s.cases.Source = good
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, c.Release.Digest))
	bent(moved)
	s.jobs()
	if got := s.state(q.ID); got != requests.Approved {
		t.Fatalf("the case is %s although the username moved", got)
	}
	s.cases.Source = good
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		t.Fatalf("the case is %s", got)
	}
	if n := len(s.column("SELECT id::text FROM audit.event WHERE kind = 'source.moved'")); n < 1 {
		t.Error("no event tells that the identifier moved")
	}
}
