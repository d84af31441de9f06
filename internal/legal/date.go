package legal

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// DateOf gives the calendar day of an instant in its own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// IsZero tells whether the date is "none".
func (d Date) IsZero() bool { return d == Date{} }

// Before tells whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.utc().Before(e.utc()) }

// AddDays gives the day n days later.
func (d Date) AddDays(n int) Date { return DateOf(d.utc().AddDate(0, 0, n)) }

// DaysUntil gives the number of days from d to e, negative where e is earlier.
func (d Date) DaysUntil(e Date) int { return int(e.utc().Sub(d.utc()).Hours() / 24) }

// AddMonths gives the same day n months later, or the last day of that month
// where it has no such day.
// LAW: Regulation 1182/71 Art. 3(2)(c).
func (d Date) AddMonths(n int) Date {
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}
}

// Weekday gives the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// LastSecond gives the last second of the day in a zone, also where the next
// day does not begin at midnight.
func (d Date) LastSecond(zone *time.Location) time.Time {
	next := d.AddDays(1)
	return startOf(next, zone).Add(-time.Second)
}

// startOf gives the first instant of a day in a zone. time.Date may answer a
// skipped midnight with an instant of the day before.
func startOf(d Date, zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	for DateOf(t).Before(d) {
		t = t.Add(15 * time.Minute)
	}
	return t
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String gives the date in ISO 8601.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// UnmarshalYAML reads an ISO 8601 date.
func (d *Date) UnmarshalYAML(n *yaml.Node) error {
	t, err := time.Parse(time.DateOnly, n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a date like 2026-08-18", n.Line, n.Value)
	}
	*d = DateOf(t)
	return nil
}

// UnmarshalYAML reads a duration such as "36h".
func (s *Span) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return fmt.Errorf("line %d: %q is not a duration like 36h", n.Line, n.Value)
	}
	*s = Span(v)
	return nil
}
