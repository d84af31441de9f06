package records

import (
	"time"

	"lerd/internal/fault"
)

// Period is a half-open stretch of time [From, To) in UTC, in microseconds.
type Period struct {
	From, To time.Time
}

// NewPeriod makes a period in UTC. The ends must be whole microseconds and
// From before To: rounding an end would move a border that an order set.
func NewPeriod(from, to time.Time) (Period, error) {
	p := Period{From: from.UTC(), To: to.UTC()}
	if err := p.check(); err != nil {
		return Period{}, err
	}
	return p, nil
}

// At is the shortest period that holds the moment t.
func At(t time.Time) Period {
	t = t.UTC().Truncate(time.Microsecond)
	return Period{From: t, To: t.Add(time.Microsecond)}
}

// Contains tells whether From ≤ t < To.
func (p Period) Contains(t time.Time) bool {
	return !t.Before(p.From) && t.Before(p.To)
}

// Overlaps tells whether [from, to) and the period share a moment; a zero to
// stands for "still going on".
func (p Period) Overlaps(from, to time.Time) bool {
	return from.Before(p.To) && (to.IsZero() || to.After(p.From))
}

func (p Period) check() error {
	if !exact(p.From) || !exact(p.To) || !p.From.Before(p.To) {
		return fault.New(fault.Invalid, "Give a period whose start is before its end, in UTC and in whole microseconds.")
	}
	return nil
}

// exact tells whether t is UTC, in whole microseconds, in a year that every
// format of a bundle can write.
func exact(t time.Time) bool {
	return t.Location() == time.UTC && t.Nanosecond()%1000 == 0 && t.Year() >= 1970 && t.Year() <= 9999
}
