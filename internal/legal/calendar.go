package legal

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// Calendar says which days are not working days in a place.
type Calendar struct {
	ID       string    `yaml:"id"`
	Title    string    `yaml:"title"`
	Zone     string    `yaml:"zone"` // IANA
	Weekend  []Weekday `yaml:"weekend"`
	Listed   []int     `yaml:"listed_years"` // years for which single dates are listed; empty: none are needed
	Holidays []Holiday `yaml:"holidays"`
	Source   Source    `yaml:"source"`

	years sync.Map // int → map[Date]string, computed once
}

// Holiday is one public holiday, by exactly one rule.
type Holiday struct {
	Name    string   `yaml:"name"`
	Fixed   MonthDay `yaml:"fixed"`  // the same day every year
	Easter  *int     `yaml:"easter"` // days from Easter Sunday (Gregorian)
	Nth     *Nth     `yaml:"nth"`    // the n-th weekday of a month
	Dates   []Date   `yaml:"dates"`  // single days
	From    int      `yaml:"from"`   // first year; 0: always
	Until   int      `yaml:"until"`  // last year; 0: open
	Observe string   `yaml:"observe"`
}

// The ways in which a holiday on a weekend is observed on another day.
const (
	observeNearest = "nearest" // Saturday on Friday, Sunday on Monday: US federal
	observeNext    = "next"    // the next working day which is no holiday: United Kingdom
)

// Nth is the n-th weekday of a month; N = -1 is the last.
type Nth struct {
	N       int     `yaml:"n"`
	Weekday Weekday `yaml:"weekday"`
	Month   int     `yaml:"month"`
}

// MonthDay is a day of the year.
type MonthDay struct {
	Month time.Month
	Day   int
}

// UnmarshalYAML reads "05-01".
func (m *MonthDay) UnmarshalYAML(n *yaml.Node) error {
	t, err := time.Parse("01-02", n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a day like 05-01", n.Line, n.Value)
	}
	m.Month, m.Day = t.Month(), t.Day()
	return nil
}

// Weekday is a day of the week by its English name.
type Weekday time.Weekday

// UnmarshalYAML reads "saturday".
func (w *Weekday) UnmarshalYAML(n *yaml.Node) error {
	names := []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	i := slices.Index(names, n.Value)
	if i < 0 {
		return fmt.Errorf("line %d: %q is not a weekday like monday", n.Line, n.Value)
	}
	*w = Weekday(i)
	return nil
}

// Working tells whether a day is a working day; if not, why not.
func (c *Calendar) Working(d Date) (bool, string) {
	if slices.Contains(c.Weekend, Weekday(d.Weekday())) {
		return false, d.Weekday().String()
	}
	if name := c.holiday(d); name != "" {
		return false, name
	}
	return true, ""
}

// Complete tells whether the calendar lists every holiday of a year. Where it
// does not, due times come out earlier than the law would allow, never later.
func (c *Calendar) Complete(year int) bool {
	return len(c.Listed) == 0 || slices.Contains(c.Listed, year)
}

// holiday gives the name of the holiday on which a day falls, or as which it
// is observed; empty where there is none.
func (c *Calendar) holiday(d Date) string {
	for y := d.Year - 1; y <= d.Year+1; y++ { // observed days may lie in the next or the last year
		if name := c.year(y)[d]; name != "" {
			return name
		}
	}
	return ""
}

// year gives the holidays of a year with the days on which they are observed.
func (c *Calendar) year(year int) map[Date]string {
	if known, ok := c.years.Load(year); ok {
		return known.(map[Date]string)
	}
	out := c.compute(year)
	c.years.Store(year, out)
	return out
}

func (c *Calendar) compute(year int) map[Date]string {
	out := map[Date]string{}
	for i := range c.Holidays {
		for _, d := range c.Holidays[i].in(year) {
			out[d] = c.Holidays[i].Name
		}
	}
	for i := range c.Holidays {
		h := &c.Holidays[i]
		for _, d := range h.in(year) {
			if shifted := c.observed(h, d, out); shifted != d {
				out[shifted] = h.Name + " (observed)"
			}
		}
	}
	return out
}

func (c *Calendar) observed(h *Holiday, d Date, taken map[Date]string) Date {
	if !slices.Contains(c.Weekend, Weekday(d.Weekday())) {
		return d
	}
	switch h.Observe {
	case observeNearest:
		if d.Weekday() == time.Saturday {
			return d.AddDays(-1)
		}
		return d.AddDays(1)
	case observeNext:
		for slices.Contains(c.Weekend, Weekday(d.Weekday())) || taken[d] != "" {
			d = d.AddDays(1)
		}
	}
	return d
}

func (h *Holiday) in(year int) []Date {
	if year < h.From || (h.Until != 0 && year > h.Until) {
		return nil
	}
	switch {
	case h.Easter != nil:
		return []Date{Easter(year).AddDays(*h.Easter)}
	case h.Nth != nil:
		return []Date{h.Nth.in(year)}
	case h.Fixed.Day != 0:
		return []Date{{year, h.Fixed.Month, h.Fixed.Day}}
	}
	var out []Date
	for _, d := range h.Dates {
		if d.Year == year {
			out = append(out, d)
		}
	}
	return out
}

func (n *Nth) in(year int) Date {
	if n.N < 0 {
		last := Date{year, time.Month(n.Month) + 1, 1}.AddDays(-1)
		if n.Month == 12 {
			last = Date{year, time.December, 31}
		}
		back := (int(last.Weekday()) - int(n.Weekday) + 7) % 7
		return last.AddDays(-back)
	}
	first := Date{year, time.Month(n.Month), 1}
	ahead := (int(n.Weekday) - int(first.Weekday()) + 7) % 7
	return first.AddDays(ahead + 7*(n.N-1))
}

// Easter gives Easter Sunday of the Gregorian calendar.
// SPEC: the anonymous Gregorian computus (Meeus, Jones, Butcher).
func Easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return Date{year, time.Month(n / 31), n%31 + 1}
}
