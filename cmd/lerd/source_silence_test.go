package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records"
	"lerd/internal/requests"
)

// silentSource are account data that do not answer an operation.
type silentSource struct {
	records.Source
	op string // "" while they answer all
}

func (x *silentSource) away(op string) error {
	if x.op != op {
		return nil
	}
	return fault.New(fault.Unavailable, "The account data do not answer.")
}

func (x *silentSource) Resolve(ctx context.Context, id records.Identifier) (records.Resolution, error) {
	if err := x.away("resolve"); err != nil {
		return records.Resolution{}, err
	}
	return x.Source.Resolve(ctx, id)
}

func (x *silentSource) Phones(ctx context.Context, a records.AccountID, p records.Period) ([]records.PhoneRow, error) {
	if err := x.away("phones"); err != nil {
		return nil, err
	}
	return x.Source.Phones(ctx, a, p)
}

// Sessions breaks off after its first row.
func (x *silentSource) Sessions(ctx context.Context, a records.AccountID, p records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for r, err := range x.Source.Sessions(ctx, a, p) {
			if !yield(r, err) {
				return
			}
			if err := x.away("sessions"); err != nil {
				yield(records.IPRow{}, err)
				return
			}
		}
	}
}

// silences gives what auditors read of account data that did not answer, the oldest
// first: kind, operation and case.
func (s *scenario) silences() (out []string) {
	s.t.Helper()
	for _, h := range s.query("source_silence") {
		out = append(out, strings.TrimPrefix(h.Kind, "source_silence.")+" "+h.Facts["op"]+" "+h.Case)
	}
	slices.Reverse(out)
	return out
}

// TestAuditorsReadWhenTheAccountDataAreAway: of each case that waits, once for each
// operation however often it is tried, also by a program that was started anew; and
// that they answer again. The public log does not tell which case it is.
func TestAuditorsReadWhenTheAccountDataAreAway(t *testing.T) {
	s := newScenario(t)
	x := &silentSource{}
	use := func() { x.Source, s.cases.Source = s.source, records.Guard(x) }
	use()
	tries := func() {
		for range 3 {
			if _, err := s.caseJob.RunOnce(s.ctx); err == nil || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("the job ends with %v", err)
			}
			s.clock.Advance(time.Minute)
		}
	}
	arrived := s.arrives("EPOC 41/26")
	s.must(s.cases.Withdraw(s.as("jana.weber"), s.arrives("EPOC 42/26"), "Settled otherwise.")) // nothing waits for this one
	first := s.clock.Now()
	x.op = "resolve"
	tries()
	if err := s.cases.Claim(s.as("rita.lind"), s.submit("IN/94/2026/741").ID); fault.KindOf(err) != fault.Unavailable { // who asks from a page is told there
		t.Errorf("the reviewer is told %v", err)
	}
	want := []string{"begun resolve " + string(arrived)}
	if got := s.silences(); !slices.Equal(got, want) {
		t.Errorf("auditors read %q, want %q", got, want)
	}
	if at := s.query("source_silence")[0].At; !at.Equal(first) {
		t.Errorf("since %v, want %v", at, first)
	}
	x.op = ""
	s.jobs()
	want = append(want, "ended resolve "+string(arrived))
	if got := s.silences(); !slices.Equal(got, want) || s.query("source_silence")[0].Facts["since"] != first.UTC().Format("2006-01-02T15:04:05.000000Z") {
		t.Errorf("auditors read %q, want %q: %+v", got, want, s.query("source_silence")[0])
	}
	if list := s.snapshots(arrived); len(list) != 1 || list[0].State != requests.SnapshotTaken {
		t.Errorf("what was to be kept: %+v", list)
	}

	q := s.submit("IN/94/2026/742")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	for _, op := range []string{"resolve", "phones", "sessions"} {
		x.op = op
		tries()
		accounts := s.cfg.AccountsURL
		s.close()
		s.start(s.cfg.Dir, accounts)
		use()
		tries()
		if want = append(want, "begun "+op+" "+string(q.ID)); op == "phones" {
			want = slices.Insert(want, len(want)-1, "ended resolve "+string(q.ID))
		}
		if got := s.silences(); !slices.Equal(got, want) {
			t.Fatalf("%s: auditors read %q, want %q\n%s", op, got, want, s.log)
		}
	}
	open := s.column("SELECT id::text FROM source_silence WHERE answered_at IS NULL AND op = 'sessions'")[0]
	again := fmt.Sprintf(`INSERT INTO source_silence SELECT gen_random_uuid(), request_id, op, since, NULL, 1, $EVENT FROM source_silence WHERE id = '%s'`, open)
	end := fmt.Sprintf(`UPDATE source_silence SET answered_at = now(), version = version + 1, event_id = $EVENT WHERE id = '%s'`, open)
	for _, a := range s.attackers(t) {
		a.refused("told twice", a.try("source_silence:"+open, again), "source_silence_one")
		a.refused("another time", a.try("source_silence:"+open, strings.Replace(end, "SET ", "SET since = now(), ", 1)), "nothing else of it changes", "permission denied")
		a.refused("forgotten", a.try("source_silence:"+open, "DELETE FROM source_silence"), "refused", "permission denied")
	}
	x.op = ""
	s.clock.Advance(-30 * time.Minute) // as by another machine's clock
	s.jobs()
	want = append(want, "ended phones "+string(q.ID), "ended sessions "+string(q.ID))
	if got := s.silences(); !slices.Equal(got, want) || s.load(q.ID).Release == nil {
		t.Errorf("auditors read %q, want %q; frozen: %v", got, want, s.load(q.ID).Release != nil)
	}
	for _, entry := range s.column("SELECT convert_from(entry, 'UTF8') FROM audit.event WHERE kind LIKE 'source_silence.%'") {
		if strings.Contains(entry, string(q.ID)) || strings.Contains(entry, string(arrived)) {
			t.Errorf("the public log says whose case it is: %s", entry)
		}
	}
	if n := len(s.column("SELECT id::text FROM source_silence")); n != 4 {
		t.Errorf("%d silences are kept, want 4", n)
	}
	_, trail, err := s.cases.Trail(s.as("ines.moreau"), q.ID)
	s.must(err)
	n := 0
	for _, e := range trail {
		if strings.HasPrefix(e.Record.Kind, "source_silence.") {
			n++
		}
	}
	if n != 6 {
		t.Errorf("the page of the case has %d events of its silences, want 6", n)
	}
	s.sequenceAll()
	s.verifyLog()
}
