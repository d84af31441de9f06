package transparency

import (
	"fmt"
	"time"

	"lerd/internal/fault"
)

// Period is a calendar quarter or year in UTC.
type Period struct {
	Year    int
	Quarter int // 1 to 4; 0: the whole year
}

// ParsePeriod reads "2026Q3" or "2026".
func ParsePeriod(s string) (p Period, err error) {
	if _, err = fmt.Sscanf(s, "%4dQ%1d", &p.Year, &p.Quarter); err != nil {
		p.Quarter = 0
		_, err = fmt.Sscanf(s, "%4d", &p.Year)
	}
	if err != nil || p.String() != s || p.Year < 2000 || p.Quarter > 4 {
		return Period{}, fault.New(fault.Invalid, "Give a quarter as 2026Q3 or a year as 2026.")
	}
	return p, nil
}

// String gives "2026Q3" or "2026".
func (p Period) String() string {
	if p.Quarter == 0 {
		return fmt.Sprintf("%04d", p.Year)
	}
	return fmt.Sprintf("%04dQ%d", p.Year, p.Quarter)
}

// From is the first moment of the period.
func (p Period) From() time.Time {
	return time.Date(p.Year, time.Month(3*max(p.Quarter-1, 0)+1), 1, 0, 0, 0, 0, time.UTC)
}

// To is the first moment after it.
func (p Period) To() time.Time {
	if p.Quarter == 0 {
		return p.From().AddDate(1, 0, 0)
	}
	return p.From().AddDate(0, 3, 0)
}

// Quarters gives the quarters of a period.
func (p Period) Quarters() []Period {
	if p.Quarter != 0 {
		return []Period{p}
	}
	return []Period{{p.Year, 1}, {p.Year, 2}, {p.Year, 3}, {p.Year, 4}}
}

// CutOff is when the books of a period are closed: what came to be known later is
// not in its report. Of a year it is its last quarter's.
func (p Period) CutOff(days int) time.Time { return p.To().AddDate(0, 0, days) }
