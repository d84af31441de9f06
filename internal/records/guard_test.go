package records

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lerd/internal/fault"
	"lerd/internal/personal"
)

var (
	t0     = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	period = Period{From: t0, To: t0.Add(24 * time.Hour)}
)

// fake gives what it is told to, right or wrong.
type fake struct {
	sys     System
	res     Resolution
	sum     Summary
	phones  []PhoneRow
	rows    []IPRow
	failure error // after the rows
}

func (f *fake) System(context.Context) (System, error)                        { return f.sys, nil }
func (f *fake) Resolve(context.Context, Identifier) (Resolution, error)       { return f.res, nil }
func (f *fake) Summary(context.Context, AccountID) (Summary, error)           { return f.sum, nil }
func (f *fake) Phones(context.Context, AccountID, Period) ([]PhoneRow, error) { return f.phones, nil }
func (f *fake) Sessions(context.Context, AccountID, Period) iter.Seq2[IPRow, error] {
	return func(yield func(IPRow, error) bool) {
		for _, r := range f.rows {
			if !yield(r, nil) {
				return
			}
		}
		if f.failure != nil {
			yield(IPRow{}, f.failure)
		}
	}
}

func addr(s string) personal.Addr { return personal.NewAddr(netip.MustParseAddr(s)) }

func goodRow(n int) IPRow {
	return IPRow{
		RecordID: fmt.Sprintf("ev-%06d", n), Account: 7, Event: Login, At: t0.Add(time.Duration(n) * time.Second),
		Address: addr("192.0.2.1"), SourcePort: 40000, Destination: addr("2001:db8::1"), DestinationPort: 443,
		Transport: TCP, SessionID: "se-1", SessionType: Mobile, SessionEnd: t0.Add(time.Hour), Shared: SharedYes,
	}
}

func drain(s Source) (rows []IPRow, err error) {
	for r, e := range Guard(s).Sessions(context.Background(), 7, period) {
		if e != nil {
			return rows, e
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func wantBreach(t *testing.T, err error, rule string) {
	t.Helper()
	if b, ok := AsBreach(err); !ok || b.Rule != rule {
		t.Errorf("got %v, want the breach %q", err, rule)
	}
}

func TestGuardPassesGoodRows(t *testing.T) {
	f := &fake{rows: []IPRow{goodRow(0), goodRow(1), goodRow(86399)}}
	rows, err := drain(f)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
}

func TestGuardStopsSessions(t *testing.T) {
	later, zone := t0.Add(25*time.Hour), time.FixedZone("x", 0)
	for _, c := range []struct {
		rule string
		bend func(*IPRow)
	}{
		{"row of another account", func(r *IPRow) { r.Account = 8 }},
		{"ill-formed record id", func(r *IPRow) { r.RecordID = "=1+1" }},
		{"ill-formed record id", func(r *IPRow) { r.RecordID = "" }},
		{"record id twice", func(r *IPRow) { r.RecordID = "ev-000001" }},
		{"ill-formed session id", func(r *IPRow) { r.SessionID = "a b" }},
		{"row outside the period", func(r *IPRow) { r.At = period.To }},
		{"row outside the period", func(r *IPRow) { r.At = period.From.Add(-time.Microsecond) }},
		{"time not in UTC microseconds", func(r *IPRow) { r.At = r.At.Add(1) }},
		{"time not in UTC microseconds", func(r *IPRow) { r.At = r.At.In(zone) }},
		{"rows out of order", func(r *IPRow) { r.At = t0 }},
		{"time outside the period", func(r *IPRow) { r.SessionEnd = later }},
		{"time outside the period", func(r *IPRow) { r.FirstSeen = t0.Add(-time.Hour) }},
		{"time not in UTC microseconds", func(r *IPRow) { r.LastSeen = t0.Add(1) }},
		{"unknown event type", func(r *IPRow) { r.Event = "message" }},
		{"unknown event type", func(r *IPRow) { r.Event = "" }},
		{"impossible address", func(r *IPRow) { r.Address = personal.Addr{} }},
		{"impossible address", func(r *IPRow) { r.Address = addr("0.0.0.0") }},
		{"impossible address", func(r *IPRow) { r.Address = addr("224.0.0.1") }},
		{"impossible address", func(r *IPRow) { r.Address = addr("fe80::1") }},
		{"impossible address", func(r *IPRow) { r.Address = addr("2001:db8::1%eth0") }},
		{"impossible destination", func(r *IPRow) { r.Destination = addr("127.0.0.1") }},
		{"unknown transport, session type or sharing", func(r *IPRow) { r.Transport = "sms" }},
		{"unknown transport, session type or sharing", func(r *IPRow) { r.SessionType = "fridge" }},
		{"unknown transport, session type or sharing", func(r *IPRow) { r.Shared = "maybe" }},
	} {
		bad := goodRow(2)
		c.bend(&bad)
		rows, err := drain(&fake{rows: []IPRow{goodRow(1), bad, goodRow(3)}})
		wantBreach(t, err, c.rule)
		if len(rows) != 1 {
			t.Errorf("%s: %d rows passed", c.rule, len(rows))
		}
	}
}

func TestGuardFindsIDsTwiceFarApart(t *testing.T) {
	f := &fake{}
	for n := range 300 {
		f.rows = append(f.rows, goodRow(n))
	}
	f.rows[299].RecordID = f.rows[3].RecordID
	rows, err := drain(f)
	wantBreach(t, err, "record id twice")
	if len(rows) != 300 {
		t.Errorf("%d rows", len(rows))
	}
}

// TestAnAnswerHasAnEnd takes as many rows as there may be, and no more.
func TestAnAnswerHasAnEnd(t *testing.T) {
	c := newSessionCheck(7, period)
	defer c.close()
	c.most = 3
	for n := range 3 {
		if err := c.row(goodRow(n)); err != nil {
			t.Fatal(err)
		}
	}
	wantBreach(t, c.row(goodRow(3)), "more events than can be")
}

func TestGuardHandsOnFailures(t *testing.T) {
	down := fault.New(fault.Unavailable, "down")
	if _, err := drain(&fake{rows: []IPRow{goodRow(1)}, failure: down}); !errors.Is(err, down) {
		t.Errorf("%v", err)
	}
}

func TestGuardRefusesQuestions(t *testing.T) {
	g := Guard(&fake{})
	ctx := context.Background()
	backwards := Period{From: period.To, To: period.From}
	for name, err := range map[string]error{
		"account 0": second(g.Phones(ctx, 0, period)),
		"backwards": second(g.Phones(ctx, 1, backwards)),
		"empty":     second(g.Phones(ctx, 1, Period{From: t0, To: t0})),
		"summary":   second(g.Summary(ctx, -1)),
		"national":  second(g.Resolve(ctx, PhoneIn(personal.NewPhone("07700900123"), period))),
		"upper":     second(g.Resolve(ctx, UsernameIn(personal.NewText("Nightferry"), period))),
		"wildcard":  second(g.Resolve(ctx, UsernameIn(personal.NewText("night%"), period))),
		"no kind":   second(g.Resolve(ctx, Identifier{During: period})),
	} {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestGuardStopsPhones(t *testing.T) {
	good := PhoneRow{RecordID: "p1", Account: 7, Phone: personal.NewPhone("+447700900123"), Verification: Verified, ValidFrom: t0.Add(-time.Hour)}
	if rows, err := Guard(&fake{phones: []PhoneRow{good}}).Phones(context.Background(), 7, period); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	for _, c := range []struct {
		rule string
		bend func(*PhoneRow)
	}{
		{"row of another account", func(r *PhoneRow) { r.Account = 8 }},
		{"record id twice", func(r *PhoneRow) { r.RecordID = "p1" }},
		{"ill-formed record id", func(r *PhoneRow) { r.RecordID = "p 2" }},
		{"number not in E.164 form", func(r *PhoneRow) { r.Phone = personal.NewPhone("+4477009001234567") }},
		{"number not in E.164 form", func(r *PhoneRow) { r.Phone = personal.NewPhone("447700900123") }},
		{"unknown verification status", func(r *PhoneRow) { r.Verification = "yes" }},
		{"row outside the period", func(r *PhoneRow) { r.ValidTo = period.From }},
		{"row outside the period", func(r *PhoneRow) { r.ValidFrom = period.To }},
		{"validity that ends before it begins", func(r *PhoneRow) { r.ValidTo = r.ValidFrom }},
		{"time outside the period", func(r *PhoneRow) { r.VerifiedAt = t0.Add(-time.Minute) }},
		{"rows out of order", func(r *PhoneRow) { r.ValidFrom = t0.Add(-2 * time.Hour) }},
	} {
		bad := good
		bad.RecordID = "p2"
		c.bend(&bad)
		rows, err := Guard(&fake{phones: []PhoneRow{good, bad}}).Phones(context.Background(), 7, period)
		wantBreach(t, err, c.rule)
		if rows != nil {
			t.Errorf("%s: rows passed", c.rule)
		}
	}
}

func TestGuardStopsHoldings(t *testing.T) {
	asked := PhoneIn(personal.NewPhone("+447700900123"), period)
	good := Holding{Account: 7, Value: personal.NewText("+447700900123"), From: t0.Add(-time.Hour)}
	for _, c := range []struct {
		rule string
		bend func(*Holding)
	}{
		{"", func(*Holding) {}},
		{"account id below 1", func(h *Holding) { h.Account = 0 }},
		{"holding of another identifier", func(h *Holding) { h.Value = personal.NewText("+447700900124") }},
		{"holding outside the period", func(h *Holding) { h.To = period.From }},
		{"holding with an impossible interval", func(h *Holding) { h.To = h.From }},
		{"holdings out of order", func(h *Holding) { h.From = t0.Add(-2 * time.Hour) }},
	} {
		bad := good
		c.bend(&bad)
		_, err := Guard(&fake{res: Resolution{Holdings: []Holding{good, bad}}}).Resolve(context.Background(), asked)
		if c.rule == "" && err == nil {
			continue
		}
		wantBreach(t, err, c.rule)
	}
	_, err := Guard(&fake{res: Resolution{Holdings: []Holding{{Account: 8, Value: personal.NewText("7"), From: t0}}}}).
		Resolve(context.Background(), AccountIn(7, period))
	wantBreach(t, err, "holding of another account")
}

func TestGuardStopsSummaryAndSystem(t *testing.T) {
	ctx := context.Background()
	for rule, s := range map[string]Summary{
		"summary of another account":   {Account: 8, CreatedAt: t0, Status: Banned},
		"unknown rule status":          {Account: 7, CreatedAt: t0, Status: "loved"},
		"time not in UTC microseconds": {Account: 7, Status: Banned},
		"ill-formed username":          {Account: 7, CreatedAt: t0, Status: Banned, Username: personal.NewText("a@b")},
	} {
		_, err := Guard(&fake{sum: s}).Summary(ctx, 7)
		wantBreach(t, err, rule)
	}
	for rule, s := range map[string]System{
		"system without a name, or with a text over 200 bytes": {Precision: time.Millisecond, Now: t0},
		"clock error below 0 or precision below a microsecond": {Name: "a", Now: t0},
		"clock not in UTC microseconds":                        {Name: "a", Precision: time.Millisecond},
	} {
		_, err := Guard(&fake{sys: s}).System(ctx)
		wantBreach(t, err, rule)
	}
}

// What passes is always a subset of the scope, whatever the source gives.
func TestGuardNeverPassesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &fake{}
		for i := range rapid.IntRange(0, 12).Draw(t, "rows") {
			r := goodRow(i)
			r.Account = AccountID(rapid.SampledFrom([]int{7, 7, 7, 7, 8}).Draw(t, "account"))
			r.At = t0.Add(time.Duration(rapid.IntRange(-90_000, 90_000_000).Draw(t, "ms")) * time.Millisecond)
			r.RecordID = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "id")
			f.rows = append(f.rows, r)
		}
		if rapid.Bool().Draw(t, "sorted") {
			slices.SortFunc(f.rows, func(a, b IPRow) int { return a.At.Compare(b.At) })
		}
		rows, err := drain(f)
		seen := map[string]bool{}
		for i, r := range rows {
			if r.Account != 7 || !period.Contains(r.At) || i > 0 && r.At.Before(rows[i-1].At) {
				t.Fatal("a row passed that must not")
			}
			if err == nil && seen[r.RecordID] {
				t.Fatal("a record id passed twice")
			}
			seen[r.RecordID] = true
		}
		if err == nil && len(rows) != len(f.rows) {
			t.Fatal("rows were lost without an error")
		}
	})
}

// TestGuardStopsCanaries plants values that must never come in each place that
// can hold one.
func TestGuardStopsCanaries(t *testing.T) {
	f := &fake{rows: []IPRow{goodRow(0), goodRow(1), goodRow(2)}, sum: Summary{Account: 7, Username: personal.NewText("nobody"), CreatedAt: t0, Status: Banned},
		phones: []PhoneRow{{RecordID: "ph-1", Account: 7, Phone: personal.NewPhone("+12025550143"), Verification: Verified, ValidFrom: t0}}}
	for _, canary := range []string{"ev-000001", "se-1", "192.0.2.1", "2001:db8::1"} {
		var last error
		n := 0
		for _, last = range Guard(f, "never", canary).Sessions(t.Context(), 7, period) {
			if last == nil {
				n++
			}
		}
		wantBreach(t, last, "canary value")
		if n > 1 {
			t.Errorf("%s: %d rows came first", canary, n)
		}
	}
	for _, canary := range []string{"ph-1", "+12025550143"} {
		_, err := Guard(f, canary).Phones(t.Context(), 7, period)
		wantBreach(t, err, "canary value")
	}
	_, err := Guard(f, "nobody").Summary(t.Context(), 7)
	wantBreach(t, err, "canary value")
	if rows, err := drain(f); err != nil || len(rows) != 3 {
		t.Errorf("without canaries: %d rows, %v", len(rows), err)
	}
}

func TestDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.StringMatching(`[a-c]{1,3}`), 0, 30).Draw(t, "ids")
		d := newDistinct(rapid.IntRange(1, 8).Draw(t, "limit"))
		defer d.Close()
		seen, want := map[string]bool{}, false
		for _, id := range ids {
			want = want || seen[id]
			seen[id] = true
			if err := d.Add(id); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := d.AnyTwice(); err != nil || got != want {
			t.Fatalf("%v %v, want %v", got, err, want)
		}
	})
}

func TestResolutionCovers(t *testing.T) {
	h := func(a AccountID, from, to int) Holding {
		x := Holding{Account: a, From: t0.Add(time.Duration(from) * time.Hour)}
		if to > 0 {
			x.To = t0.Add(time.Duration(to) * time.Hour)
		}
		return x
	}
	for i, c := range []struct {
		hs   []Holding
		want bool
	}{
		{nil, false}, {[]Holding{h(1, -1, 0)}, true}, {[]Holding{h(1, 0, 24)}, true}, {[]Holding{h(1, 0, 23)}, false},
		{[]Holding{h(1, 1, 0)}, false}, {[]Holding{h(1, 0, 5), h(1, 5, 24)}, true}, {[]Holding{h(1, 0, 5), h(1, 6, 24)}, false},
		{[]Holding{h(1, 0, 5), h(2, 5, 24)}, false},
	} {
		if got := (Resolution{c.hs}).Covers(period); got != c.want {
			t.Errorf("case %d: %v", i, got)
		}
	}
}

func TestErrorsHoldNoPersonalData(t *testing.T) {
	bad := goodRow(2)
	bad.Account = 4242
	_, err := drain(&fake{rows: []IPRow{bad}})
	if s := fmt.Sprintf("%v %+v", err, bad.Address); slices.ContainsFunc([]string{"4242", "192.0.2.1"}, func(x string) bool { return strings.Contains(s, x) }) {
		t.Errorf("personal data in %q", s)
	}
}

func BenchmarkGuard(b *testing.B) {
	c := newSessionCheck(7, Period{From: t0, To: t0.AddDate(30, 0, 0)})
	defer c.close()
	row := goodRow(0)
	for n := 0; b.Loop(); n++ {
		row.At, row.SessionEnd = t0.Add(time.Duration(n)*time.Microsecond), time.Time{}
		row.RecordID = fmt.Sprint("ev-", n)
		if err := c.row(row); err != nil {
			b.Fatal(err)
		}
	}
}
