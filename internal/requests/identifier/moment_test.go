package identifier

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lerd/internal/fault"
)

func TestParseMoment(t *testing.T) {
	for _, c := range []struct{ typed, zone, utc string }{
		{"2026-10-25T14:30:00+02:00", "", "2026-10-25T12:30:00Z"},
		{"2026-10-25T14:30:00Z", "", "2026-10-25T14:30:00Z"},
		{"2026-10-25 14:30", "UTC", "2026-10-25T14:30:00Z"},
		{"2026-07-01T12:00", "Europe/Berlin", "2026-07-01T10:00:00Z"},
		{"2026-01-01T12:00", "Europe/Berlin", "2026-01-01T11:00:00Z"},
		{"2026-01-01 12:00:00.123456", "Asia/Kolkata", "2026-01-01T06:30:00.123456Z"},
		{"2026-10-25T02:30:00+02:00", "Europe/Berlin", "2026-10-25T00:30:00Z"},
		{"2026-10-25T02:30:00+01:00", "Europe/Berlin", "2026-10-25T01:30:00Z"},
		{"2026-03-29 03:00", "Europe/Berlin", "2026-03-29T01:00:00Z"},
		{"2026-03-29 01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z"},
		{"2026-10-25 03:00", "Europe/Berlin", "2026-10-25T02:00:00Z"},
		{"2011-12-29 23:59", "Pacific/Apia", "2011-12-30T09:59:00Z"},
		{"2028-02-29 00:00", "UTC", "2028-02-29T00:00:00Z"},
	} {
		m, err := ParseMoment("at", c.typed, c.zone)
		if err != nil || m.UTC.Format(time.RFC3339Nano) != c.utc || !m.Local.Equal(m.UTC) {
			t.Errorf("%q %q: %s %v", c.typed, c.zone, m.UTC.Format(time.RFC3339Nano), err)
		}
	}
	m, _ := ParseMoment("at", "2026-07-01T12:00", "Europe/Berlin")
	if got := m.Reading(); got != "1 July 2026 12:00:00 in Europe/Berlin (UTC+02:00), which is 1 July 2026 10:00:00 UTC" {
		t.Error(got)
	}
}

func TestParseMomentRefuses(t *testing.T) {
	for _, c := range []struct{ typed, zone, says string }{
		{"2026-10-25 14:30", "", "which time zone"},
		{"2026-10-25", "UTC", "time of day"},
		{"25.10.2026 14:30", "UTC", "Write date and time as"},
		{"10/25/2026 2:30 PM", "UTC", "Write date and time as"},
		{"", "UTC", "Write date and time as"},
		{"2026-02-30 12:00", "UTC", "February 2026 has 28 days"},
		{"2026-02-29 12:00", "UTC", "28 days"},
		{"2026-04-31 12:00", "UTC", "30 days"},
		{"2026-13-01 12:00", "UTC", "no such month"},
		{"2026-00-01 12:00", "UTC", "no such month"},
		{"2026-01-00 12:00", "UTC", "31 days"},
		{"2026-01-01 24:00", "UTC", "00:00 of the next day"},
		{"2026-01-01 25:00", "UTC", "hours go to 23"},
		{"2026-01-01 12:60", "UTC", "minutes"},
		{"2016-12-31 23:59:60", "UTC", "leap seconds"},
		{"0026-01-01 12:00", "UTC", "year from"},
		{"2026-01-01 12:00:00.1234567", "UTC", "six digits"},
		{"2026-03-29 02:30", "Europe/Berlin", "skipped"},
		{"2026-03-08 02:30", "America/New_York", "skipped"},
		{"2011-12-30 12:00", "Pacific/Apia", "skipped"},
		{"2026-10-25 02:30", "Europe/Berlin", "2026-10-25T02:30:00+02:00 (the first) or 2026-10-25T02:30:00+01:00"},
		{"2026-04-05 01:45", "Australia/Lord_Howe", "twice"},
		{"2026-07-01T12:00+01:00", "Europe/Berlin", "do not agree"},
		{"2026-07-01T12:00Z", "Europe/Berlin", "do not agree"},
		{"2026-03-29T02:30+01:00", "Europe/Berlin", "do not agree"},
		{"2026-07-01T12:00-00:00", "", "not known"},
		{"2026-07-01T12:00+15:00", "", "No zone has"},
		{"2026-07-01T12:00-13:00", "", "No zone has"},
		{"2026-07-01 12:00", "CET", "no such time zone"},
		{"2026-07-01 12:00", "Local", "no such time zone"},
		{"2026-07-01 12:00", "Europe/Atlantis", "no such time zone"},
		{"2026-07-01 12:00", "../../etc/passwd", "no such time zone"},
		{"2026-07-01 12:00", "Europe/../UTC", "no such time zone"},
		{"2026-07-01 12:00'; --", "UTC", "Write date and time as"},
		{"２026-07-01 12:00", "UTC", "Write date and time as"},
	} {
		_, err := ParseMoment("at", c.typed, c.zone)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(message(err), c.says) || fault.ProblemsOf(err)[0].Field != "at" {
			t.Errorf("%q %q: %v, want %q", c.typed, c.zone, err, c.says)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	p, err := ParsePeriod("2026-01-01 00:00", "2026-02-01 00:00", "Europe/Berlin")
	if err != nil || p.From.Format(time.RFC3339) != "2025-12-31T23:00:00Z" || p.To.Sub(p.From) != 31*24*time.Hour {
		t.Errorf("%v %v", p, err)
	}
	for _, c := range [][2]string{{"2026-02-01 00:00", "2026-01-01 00:00"}, {"2026-02-01 00:00", "2026-02-01 00:00"}} {
		if _, err := ParsePeriod(c[0], c[1], "UTC"); !strings.Contains(message(err), "after the start") {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := ParsePeriod("x", "y", "UTC"); len(fault.ProblemsOf(err)) != 2 {
		t.Errorf("both ends: %v", err)
	}
}

// Every instant, written as its local time with its offset, reads as itself;
// without the offset it reads as itself or is said to be ambiguous.
func TestMomentRoundTrip(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca", "Asia/Tehran", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, _ := time.LoadLocation(zone)
		at := time.Unix(rapid.Int64Range(700_000_000, 4_000_000_000).Draw(t, "at"), 0).In(loc)
		if rapid.Bool().Draw(t, "near a change") {
			if _, end := at.ZoneBounds(); !end.IsZero() && end.Year() < 2090 {
				at = end.Add(time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "shift")) * time.Second).In(loc)
			}
		}
		m, err := ParseMoment("at", at.Format(time.RFC3339), zone)
		if at.Format("Z07:00") == "Z" && zone != "UTC" {
			m, err = ParseMoment("at", at.Format("2006-01-02T15:04:05+00:00"), zone)
		}
		if err != nil || !m.UTC.Equal(at) {
			t.Fatalf("%s in %s: %v %v", at, zone, m.UTC, err)
		}
		m, err = ParseMoment("at", at.Format(time.DateTime), zone)
		if err == nil && !m.UTC.Equal(at) {
			t.Fatalf("%s in %s was guessed as %s", at, zone, m.UTC)
		}
		if err != nil && !strings.Contains(message(err), "twice") {
			t.Fatalf("%s in %s: %v", at, zone, err)
		}
	})
}

func FuzzMoment(f *testing.F) {
	f.Add("2026-10-25T02:30:00+02:00", "Europe/Berlin")
	f.Add("2026-10-25 02:30", "America/Sao_Paulo")
	f.Fuzz(func(t *testing.T, typed, zone string) {
		m, err := ParseMoment("at", typed, zone)
		if err != nil {
			if message(err) == "" {
				t.Errorf("refused without a sentence: %v", err)
			}
			return
		}
		if y := m.UTC.Year(); m.UTC.Location() != time.UTC || m.UTC.Nanosecond()%1000 != 0 || y < FirstYear-1 || y > LastYear+1 {
			t.Errorf("%s", m.UTC)
		}
	})
}
