package legal_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lerd/internal/legal"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// clock gives a process that has nothing but one effect deadline.
func clock(amount int, unit legal.Unit, counting legal.Counting, calendar, zone string) *legal.Process {
	return &legal.Process{ID: "X", Clocks: legal.Clocks{
		Calendar: calendar, Zone: zone, Effect: &legal.Limit{Amount: amount, Unit: unit, Counting: counting},
	}}
}

// TestDueTimesByHand compares with due times worked out on paper.
func TestDueTimesByHand(t *testing.T) {
	r := registry(t)
	for _, c := range []struct {
		name, start, want  string
		amount             int
		unit               legal.Unit
		counting           legal.Counting
		calendar, zone     string
		pauseFrom, pauseTo string
	}{
		{name: "ten days end on a Sunday: Monday", start: "2026-10-01T08:20:00Z", want: "2026-10-12T21:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "ten days into the closing days of the year", start: "2026-12-17T10:00:00Z", want: "2027-01-04T22:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "late evening in Brussels is another day in UTC", start: "2026-10-01T22:30:00Z", want: "2026-10-12T21:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "two days over Easter have two working days", start: "2026-04-01T10:00:00Z", want: "2026-04-08T21:59:59Z", amount: 2, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "one working day over two holidays is one day", start: "2020-01-01T10:00:00Z", want: "2020-01-03T22:59:59Z", amount: 1, unit: "working_days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "the same by the day-after rule alone", start: "2026-04-01T10:00:00Z", want: "2026-04-07T21:59:59Z", amount: 2, unit: "days", counting: "day_after", calendar: "eu", zone: "Europe/Brussels"},
		{name: "plain days are not moved", start: "2026-10-01T08:20:00Z", want: "2026-10-11T21:59:59Z", amount: 10, unit: "days", counting: "plain", calendar: "eu", zone: "Europe/Brussels"},
		{name: "eight hours begin with the next hour", start: "2026-10-01T08:20:00Z", want: "2026-10-01T16:59:59Z", amount: 8, unit: "hours", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "hours on the stroke: that hour is not counted", start: "2026-10-01T08:00:00Z", want: "2026-10-01T16:59:59Z", amount: 8, unit: "hours", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "hours over a Sunday with the repeated hour", start: "2026-10-24T23:10:00Z", want: "2026-10-25T07:59:59Z", amount: 8, unit: "hours", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "hours in a zone of half an hour", start: "2026-10-01T08:20:00Z", want: "2026-10-01T16:29:59Z", amount: 8, unit: "hours", counting: "eu_1182_71", calendar: "in", zone: "Asia/Kolkata"},
		{name: "exact hours", start: "2026-10-01T08:20:00Z", want: "2026-10-04T08:19:59Z", amount: 72, unit: "hours", counting: "exact", calendar: "in", zone: "Asia/Kolkata"},
		{name: "working days skip the German unity day", start: "2025-10-01T08:20:00Z", want: "2025-10-06T21:59:59Z", amount: 2, unit: "working_days", counting: "day_after", calendar: "de", zone: "Europe/Berlin"},
		{name: "a month from 31 January of a leap year", start: "2028-01-31T10:00:00Z", want: "2028-02-29T22:59:59Z", amount: 1, unit: "months", counting: "plain", calendar: "de", zone: "Europe/Berlin"},
		{name: "a month from 31 January of another year", start: "2027-01-31T10:00:00Z", want: "2027-02-28T22:59:59Z", amount: 1, unit: "months", counting: "plain", calendar: "de", zone: "Europe/Berlin"},
		{name: "the leap day counts", start: "2028-02-23T10:00:00Z", want: "2028-03-01T22:59:59Z", amount: 7, unit: "days", counting: "plain", calendar: "de", zone: "Europe/Berlin"},
		{name: "a day that has no midnight", start: "2018-11-01T12:00:00Z", want: "2018-11-04T02:59:59Z", amount: 2, unit: "days", counting: "plain", calendar: "br", zone: "America/Sao_Paulo"},
		{name: "stopped for two days", start: "2026-10-01T08:20:00Z", pauseFrom: "2026-10-05T10:00:00Z", pauseTo: "2026-10-07T15:00:00Z", want: "2026-10-13T21:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "stopped and resumed on one day", start: "2026-10-01T08:20:00Z", pauseFrom: "2026-10-05T10:00:00Z", pauseTo: "2026-10-05T15:00:00Z", want: "2026-10-12T21:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "stopped on the last day", start: "2026-10-01T08:20:00Z", pauseFrom: "2026-10-11T10:00:00Z", pauseTo: "2026-10-14T10:00:00Z", want: "2026-10-14T21:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "stopped after the deadline", start: "2026-10-01T08:20:00Z", pauseFrom: "2026-10-20T10:00:00Z", pauseTo: "2026-10-24T10:00:00Z", want: "2026-10-12T21:59:59Z", amount: 10, unit: "days", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "hours stopped for ninety minutes", start: "2026-10-01T08:20:00Z", pauseFrom: "2026-10-01T10:00:00Z", pauseTo: "2026-10-01T11:30:00Z", want: "2026-10-01T18:29:59Z", amount: 8, unit: "hours", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
		{name: "hours stopped since before the event", start: "2026-10-01T08:20:00Z", pauseFrom: "2026-10-01T06:20:00Z", pauseTo: "2026-10-01T09:20:00Z", want: "2026-10-01T17:59:59Z", amount: 8, unit: "hours", counting: "eu_1182_71", calendar: "eu", zone: "Europe/Brussels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := legal.ClockInput{Process: clock(c.amount, c.unit, c.counting, c.calendar, c.zone), Kind: legal.ClockEffect, Start: at(t, c.start)}
			if c.pauseFrom != "" {
				in.Pauses = []legal.Pause{{From: at(t, c.pauseFrom), To: at(t, c.pauseTo)}}
			}
			due, err := r.Due(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := due.At.Format(time.RFC3339); got != c.want {
				t.Errorf("due %s, want %s\n%s", got, c.want, strings.Join(due.Explain, "\n"))
			}
			if len(due.Explain) < 2 {
				t.Errorf("the due time is not explained: %v", due.Explain)
			}
		})
	}
}

// anyClock draws an instant between 2020 and 2034, a zone with its calendar,
// and a period.
func anyClock(t *rapid.T) (legal.ClockInput, *legal.Limit) {
	zones := [][2]string{{"eu", "Europe/Brussels"}, {"de", "Europe/Berlin"}, {"us", "America/New_York"}, {"gb", "Europe/London"}, {"in", "Asia/Kolkata"}, {"br", "America/Sao_Paulo"}, {"fr", "Europe/Paris"}, {"eu", "Australia/Lord_Howe"}}
	z := rapid.SampledFrom(zones).Draw(t, "zone")
	unit := rapid.SampledFrom([]legal.Unit{legal.Hours, legal.Days, legal.WorkingDays, legal.Months}).Draw(t, "unit")
	counting := rapid.SampledFrom([]legal.Counting{legal.EU1182, legal.DayAfter, legal.PlainCount}).Draw(t, "counting")
	p := clock(rapid.IntRange(1, 30).Draw(t, "amount"), unit, counting, z[0], z[1])
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, 14*366*86400).Draw(t, "second")) * time.Second)
	if rapid.Bool().Draw(t, "near a change of clocks") {
		zone, _ := time.LoadLocation(z[1])
		if _, end := start.In(zone).ZoneBounds(); !end.IsZero() {
			start = end.Add(time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "offset")) * time.Second)
		}
	}
	return legal.ClockInput{Process: p, Kind: legal.ClockEffect, Start: start}, p.Clocks.Effect
}

func due(t *rapid.T, r *legal.Registry, in legal.ClockInput) legal.Due {
	d, err := r.Due(in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDueTimesKeepTheirProperties(t *testing.T) {
	r := registry(t)
	rapid.Check(t, func(t *rapid.T) {
		in, limit := anyClock(t)
		d := due(t, r, in)
		if d.At.Location() != time.UTC || !d.At.After(in.Start) {
			t.Fatalf("due %s is not in UTC or not after the event %s", d.At, in.Start)
		}
		zone, _ := time.LoadLocation(in.Process.Clocks.Zone)
		local := d.At.In(zone)
		later := in
		later.Start = in.Start.Add(time.Duration(rapid.IntRange(1, 100*3600).Draw(t, "later")) * time.Second)
		if due(t, r, later).At.Before(d.At) {
			t.Fatalf("an event at %s is due before one at %s", later.Start, in.Start)
		}
		if limit.Unit == legal.Hours {
			if got := d.At.Sub(in.Start); got < time.Duration(limit.Amount)*time.Hour-time.Second || got > time.Duration(limit.Amount+1)*time.Hour {
				t.Fatalf("%d hours took %s", limit.Amount, got)
			}
			return
		}
		if legal.DateOf(local.Add(time.Second)) == legal.DateOf(local) {
			t.Fatalf("%s is not the last second of a day in %s", local, zone)
		}
		if days := legal.DateOf(in.Start.In(zone)).DaysUntil(legal.DateOf(local)); limit.Unit == legal.Days && (days < limit.Amount || days > limit.Amount+16) {
			t.Fatalf("%d days became %d", limit.Amount, days)
		}
		if open, why := r.Calendar(in.Process.Clocks.Calendar).Working(legal.DateOf(local)); !open && limit.Counting != legal.PlainCount {
			t.Fatalf("due on %s, which is %s", local, why)
		}
	})
}

func TestPausesOnlyEverGiveTime(t *testing.T) {
	r := registry(t)
	rapid.Check(t, func(t *rapid.T) {
		in, _ := anyClock(t)
		plain := due(t, r, in)
		for range rapid.IntRange(1, 4).Draw(t, "pauses") {
			from := in.Start.Add(time.Duration(rapid.IntRange(-50, 900).Draw(t, "from")) * time.Hour)
			in.Pauses = append(in.Pauses, legal.Pause{From: from, To: from.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "hours")) * time.Hour)})
		}
		paused := due(t, r, in)
		if paused.At.Before(plain.At) {
			t.Fatalf("pauses made %s of %s", paused.At, plain.At)
		}
		var total time.Duration
		for _, p := range in.Pauses {
			total += p.To.Sub(p.From)
		}
		if gained := paused.At.Sub(plain.At); gained > total+18*24*time.Hour {
			t.Fatalf("pauses of %s gained %s", total, gained)
		}
		in.Pauses = append(in.Pauses, in.Pauses[0]) // the same pause twice stops the clock once
		if again := due(t, r, in); !again.At.Equal(paused.At) {
			t.Fatalf("a repeated pause moved %s to %s", paused.At, again.At)
		}
	})
}

func TestARunningPauseMovesWithNow(t *testing.T) {
	r := registry(t)
	in := legal.ClockInput{Process: clock(10, "days", "eu_1182_71", "eu", "Europe/Brussels"), Kind: legal.ClockEffect, Start: at(t, "2026-10-01T08:20:00Z"),
		Pauses: []legal.Pause{{From: at(t, "2026-10-05T10:00:00Z")}}, Now: at(t, "2026-10-08T09:00:00Z")}
	d, err := r.Due(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.At.Format(time.RFC3339); got != "2026-10-14T21:59:59Z" || !d.Paused {
		t.Errorf("due %s, paused %t", got, d.Paused)
	}
	if d.Alert(at(t, "2026-12-01T00:00:00Z")) != legal.OnTime {
		t.Error("a clock that stands still is never overdue")
	}
}

func TestAlertsComeInOrder(t *testing.T) {
	r := registry(t)
	d, err := r.Due(legal.ClockInput{Process: clock(10, "days", "eu_1182_71", "eu", "Europe/Brussels"), Kind: legal.ClockEffect, Start: at(t, "2026-10-01T08:20:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now  string
		want legal.Alert
	}{
		{"2026-10-10T21:59:58Z", legal.OnTime}, {"2026-10-10T21:59:59Z", legal.Warn}, {"2026-10-12T21:59:59Z", legal.Warn},
		{"2026-10-12T22:00:00Z", legal.Overdue}, {"2026-10-17T21:59:59Z", legal.Overdue}, {"2026-10-17T22:00:00Z", legal.VeryOverdue},
	} {
		if got := d.Alert(at(t, c.now)); got != c.want {
			t.Errorf("at %s: %s, want %s", c.now, got, c.want)
		}
	}
}

func TestWhatADueTimeNeeds(t *testing.T) {
	r := registry(t)
	p := clock(0, legal.OnOrder, legal.Exact, "us", "America/New_York")
	for name, in := range map[string]legal.ClockInput{
		"no date on the order": {Process: p, Kind: legal.ClockEffect, Start: at(t, "2026-10-01T08:20:00Z")},
		"no such clock":        {Process: p, Kind: legal.ClockHold, Start: at(t, "2026-10-01T08:20:00Z")},
		"no event":             {Process: p, Kind: legal.ClockEffect, OrderDate: at(t, "2026-10-01T08:20:00Z")},
		"no such zone":         {Process: p, Kind: legal.ClockEffect, Start: at(t, "2026-10-01T08:20:00Z"), OrderDate: at(t, "2026-10-20T08:20:00Z"), Zone: "Mars/Base"},
		"no such calendar":     {Process: p, Kind: legal.ClockEffect, Start: at(t, "2026-10-01T08:20:00Z"), OrderDate: at(t, "2026-10-20T08:20:00Z"), Calendar: "mars"},
		"pause runs backwards": {Process: p, Kind: legal.ClockEffect, Start: at(t, "2026-10-01T08:20:00Z"), OrderDate: at(t, "2026-10-20T08:20:00Z"), Pauses: []legal.Pause{{From: at(t, "2026-10-05T00:00:00Z"), To: at(t, "2026-10-04T00:00:00Z")}}},
	} {
		if d, err := r.Due(in); err == nil {
			t.Errorf("%s: due %s, want an error", name, d.At)
		}
	}
}

func TestHolidaysByTheAlmanac(t *testing.T) {
	r := registry(t)
	days := map[string]map[string]bool{ // calendar → day → working
		"eu": {"2026-04-02": false, "2026-04-03": false, "2026-05-14": false, "2026-05-15": false, "2026-05-25": false, "2026-07-21": false, "2026-12-29": false, "2027-01-04": true, "2026-10-05": true},
		"de": {"2025-10-03": false, "2026-04-06": false, "2026-05-14": false, "2026-05-25": false, "2026-12-24": true, "2026-12-25": false},
		"fr": {"2026-04-03": true, "2026-05-08": false, "2026-07-14": false, "2026-11-11": false},
		"us": {"2026-07-03": false, "2026-11-26": false, "2026-10-12": false, "2027-12-31": false, "2026-01-19": false, "2026-05-25": false, "2023-01-02": false, "2020-06-19": true},
		"gb": {"2026-12-28": false, "2027-12-27": false, "2027-12-28": false, "2028-01-03": false, "2026-08-31": false, "2026-05-04": false, "2026-12-29": true},
		"in": {"2026-03-04": false, "2026-01-26": false, "2026-11-24": false, "2026-11-25": true},
		"br": {"2026-04-21": false, "2024-11-20": false, "2023-11-20": true, "2026-09-07": false},
	}
	for id, list := range days {
		for day, want := range list {
			d := legal.DateOf(at(t, day+"T00:00:00Z"))
			if got, why := r.Calendar(id).Working(d); got != want {
				t.Errorf("%s %s: working %t (%s), want %t", id, day, got, why, want)
			}
		}
	}
	for year, want := range map[int]string{1961: "1961-04-02", 2024: "2024-03-31", 2025: "2025-04-20", 2026: "2026-04-05", 2027: "2027-03-28", 2038: "2038-04-25", 2285: "2285-03-22"} {
		if got := legal.Easter(year).String(); got != want {
			t.Errorf("Easter %d: %s, want %s", year, got, want)
		}
	}
}

func TestAnIncompleteCalendarSaysSo(t *testing.T) {
	r := registry(t)
	d, err := r.Due(legal.ClockInput{Process: clock(10, "days", "day_after", "in", "Asia/Kolkata"), Kind: legal.ClockEffect, Start: at(t, "2031-10-01T08:20:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(d.Explain, " "), "no complete list") {
		t.Errorf("nothing is said about the missing holidays: %v", d.Explain)
	}
}
