package requests

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lerd/internal/personal"
	"lerd/internal/records"
)

const changedSince = "record that is not what it was when it was preserved"

// TestAnOrderGetsWhatWasKeptInTheBundlesOrder: what both have is taken once, as the
// account data have it now; what was kept alone is marked; a record of which
// something else is said than was kept stops the answer, its time not excepted.
func TestAnOrderGetsWhatWasKeptInTheBundlesOrder(t *testing.T) {
	bend := func(r records.IPRow, how func(*records.IPRow)) records.IPRow { how(&r); return r }
	now := func(phones []records.PhoneRow, events ...records.IPRow) account7 {
		return account7{phones: phones, events: eventsOf(events...)}
	}
	p, a, b, c := []records.PhoneRow{number("p", 5)}, event("a", 10), event("b", 10), event("c", 20)
	for name, x := range map[string]struct {
		was, is account7
		want    []string
		breach  string // the operation
	}{
		"the same":                          {now(p, a, b, c), now(p, a, b, c), []string{"p", "a", "b", "c"}, ""},
		"all are lost":                      {now(p, a, b, c), now(nil), []string{"p kept", "a kept", "b kept", "c kept"}, ""},
		"one of two at a time is lost":      {now(p, a, b, c), now(nil, b, c), []string{"p kept", "a kept", "b", "c"}, ""},
		"the other is lost":                 {now(p, a, b), now(p, a, c), []string{"p", "a", "b kept", "c"}, ""},
		"the last is lost":                  {now(nil, a, c), now(nil, a, b), []string{"a", "b", "c kept"}, ""},
		"nothing was there":                 {now(nil), now(p, a), []string{"p", "a"}, ""},
		"a session ended since":             {now(nil, a), now(nil, bend(a, func(r *records.IPRow) { r.SessionEnd = r.At.Add(time.Hour) })), []string{"a"}, ""},
		"another address":                   {now(nil, a, c), now(nil, bend(a, func(r *records.IPRow) { r.Address = personal.NewAddr(netip.MustParseAddr("192.0.2.2")) }), c), nil, "sessions"},
		"another session":                   {now(nil, a), now(nil, bend(a, func(r *records.IPRow) { r.SessionID = "se-2" })), nil, "sessions"},
		"another time":                      {now(nil, a, c), now(nil, c, event("a", 30)), nil, "sessions"},
		"another time, before all":          {now(nil, b, c), now(nil, event("c", 1), b), nil, "sessions"},
		"another time, nothing between":     {now(nil, a), now(nil, event("a", 11)), nil, "sessions"},
		"another begin of a number":         {now(p), now([]records.PhoneRow{number("p", 6)}), nil, "phones"},
		"another time, of one that is next": {now(nil, a, b), now(nil, event("b", 9), a), nil, "sessions"},
	} {
		k := newKeeper(t, x.was)
		k.take(t, "x")
		k.Source = records.Guard(x.is)
		got, err := k.collected(t)
		if breach, is := records.AsBreach(err); is != (x.breach != "") || is && (breach.Op != x.breach || breach.Rule != changedSince) || !is && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := gocmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSeveralSnapshotsAreOneAnswer makes up what some snapshots kept of what the
// account data have lost in part, and holds the answer against one that is made in
// memory, by each record's id.
func TestSeveralSnapshotsAreOneAnswer(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	stopped := 0
	for range 300 {
		var every []Record
		for i := range 1 + rnd.IntN(12) {
			r := Record{IP: new(event(fmt.Sprint("ev-", i), rnd.IntN(6)))}
			every = append(every, r)
		}
		var streams [][]Record
		for n := range 1 + rnd.IntN(4) {
			var some []Record
			for _, r := range every {
				if rnd.IntN(3) == 0 {
					continue
				}
				if n > 0 {
					r.PreservedAt = atNine.Add(time.Duration(n) * time.Hour)
				}
				if rnd.IntN(60) == 0 {
					r.IP = new(event(r.source(), 7))
				}
				some = append(some, r)
			}
			slices.SortFunc(some, Record.place)
			streams = append(streams, some)
		}
		want, right := mergedInMemory(streams)
		var from []iter.Seq2[Record, error]
		for _, s := range streams {
			from = append(from, func(yield func(Record, error) bool) {
				for _, r := range s {
					if !yield(r, nil) {
						return
					}
				}
			})
		}
		got, err := all(merged("sessions", from))
		if right != (err == nil) {
			t.Fatalf("%v of %v", err, streams)
		}
		if !right {
			stopped++
			continue
		}
		for i := range got {
			got[i].Ordinal = i
		}
		if diff := gocmp.Diff(texts(want), texts(got)); diff != "" {
			t.Fatal(diff)
		}
	}
	if stopped < 20 || stopped > 280 {
		t.Errorf("%d of 300 were stopped", stopped)
	}
}

// mergedInMemory is what merged has to give, made by the record's ids.
func mergedInMemory(streams [][]Record) (out []Record, right bool) {
	have := map[string]Record{}
	for _, s := range streams {
		for _, r := range s {
			if was, there := have[r.source()]; !there {
				have[r.source()] = r
				out = append(out, r)
			} else if !was.tellsTheSameAs(r) {
				return nil, false
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Record) int {
		return cmp.Or(a.IP.At.Compare(b.IP.At), cmp.Compare(a.IP.RecordID, b.IP.RecordID))
	})
	return out, true
}

func texts(rows []Record) (out []string) {
	for i, r := range rows {
		r.Ordinal = i
		out = append(out, string(r.Line()))
	}
	return out
}

// TestAMergeEndsWithItsStreams: what fails in one of them ends the answer, and
// whoever has had enough is asked no more.
func TestAMergeEndsWithItsStreams(t *testing.T) {
	open := 0
	stream := func(n int, fails bool) iter.Seq2[Record, error] {
		return func(yield func(Record, error) bool) {
			open++
			defer func() { open-- }()
			for i := range n {
				if !yield(Record{IP: new(event(fmt.Sprint("ev-", i), i))}, nil) {
					return
				}
			}
			if fails {
				yield(Record{}, context.DeadlineExceeded)
			}
		}
	}
	for _, n := range []int{0, 1, 5} {
		for _, from := range [][]iter.Seq2[Record, error]{{stream(n, true), stream(3, false)}, {stream(3, false), stream(n, true)}} {
			if _, err := all(merged("sessions", from)); err != context.DeadlineExceeded || open != 0 {
				t.Errorf("after %d: %v, %d streams are open", n, err, open)
			}
		}
	}
	for range merged("sessions", []iter.Seq2[Record, error]{stream(5, false), stream(5, false)}) {
		break
	}
	if open != 0 {
		t.Errorf("%d streams are open", open)
	}
}

// BenchmarkSnapshot takes a snapshot of the events of one account, and answers an order
// from it and from account data that have lost one in two; heap-MiB is the most that was held.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var most uint64
			look := func() { most = max(most, heap()) }
			source := halfAccount{busyAccount: busyAccount{n: n, begin: keptFrom, now: look}, every: 1}
			for b.Loop() {
				runtime.GC()
				k := newKeeper(b, source)
				k.Blobs = looking{k.files, look}
				k.take(b, "x")
				source := source
				source.every = 2
				k.Source = records.Guard(source)
				rel := Release{Items: keptItems[1:]}
				frozen, err := k.collect(context.Background(), &rel)
				if err != nil {
					b.Fatal(err)
				}
				seen, kept := 0, 0
				for r, err := range frozen.rows() {
					if err != nil {
						b.Fatal(err)
					}
					if !r.PreservedAt.IsZero() {
						kept++
					}
					if seen++; seen%5000 == 0 {
						look()
					}
				}
				frozen.close()
				if seen != n || kept != n/2 {
					b.Fatalf("%d of %d records, %d kept", seen, n, kept)
				}
			}
			b.ReportMetric(float64(most)/(1<<20), "heap-MiB")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}

// looking calls look as a file is read.
type looking struct {
	drawer
	look func()
}

func (l looking) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := l.drawer.Get(ctx, name)
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r, l), r}, err
}

func (l looking) Write(p []byte) (int, error) { l.look(); return len(p), nil }

// halfAccount gives one in every events of a busy account.
type halfAccount struct {
	busyAccount
	every int
}

func (h halfAccount) Resolve(ctx context.Context, id records.Identifier) (records.Resolution, error) {
	return account7{}.Resolve(ctx, id)
}

func (h halfAccount) Phones(context.Context, records.AccountID, records.Period) ([]records.PhoneRow, error) {
	return nil, nil
}

func (h halfAccount) Sessions(ctx context.Context, id records.AccountID, p records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		n := 0
		for r, err := range h.busyAccount.Sessions(ctx, id, p) {
			if n++; n%h.every == 0 && !yield(r, err) {
				return
			}
		}
	}
}
