package ordercompare

import (
	"slices"
	"time"
)

// Stated is a period as the form states it, for one or more targets.
type Stated struct {
	Refs     []string // t1
	From, To time.Time
	Zone     *time.Location // in which the form states it
}

// Shown is how far an order's text shows a period.
type Shown string

// What the text of an order shows of a period.
const (
	Found     Shown = "found"     // it stands there, day by day
	Ambiguous Shown = "ambiguous" // it may: its day and its month can be read both ways
	Wider     Shown = "wider"     // the order names a period of which this is a part
	Hours     Shown = "hours"     // these days, with other times of day, or with some that can be read in several ways
	Other     Shown = "other"     // the order names another one: narrower, or of other days
	Missing   Shown = "missing"   // nothing in the text is like it
)

// Period is what the text of an order shows of a period of the form.
type Period struct {
	Refs  []string `json:"refs"`  // the targets of which the form states it
	Typed string   `json:"typed"` // its first and last day: 2026-10-01 – 2026-11-12
	Shown Shown    `json:"shown"`
	Says  string   `json:"says,omitempty"` // in the order's words; empty where Missing
	Page  int      `json:"page,omitempty"` // from 1
	Line  int      `json:"line,omitempty"` // from 1, of the page's text
}

// Periods compares an order's text, in which a form feed ends each page, with the
// periods that the form states, day by day, and to the minute where the order gives
// times of day. Each gets an answer, in the order of the form. The day on which the
// order was issued stands in it anyway, and shows no period of one day.
func Periods(text string, issued time.Time, list []Stated) []Period {
	p := read(text)
	p.utc = speaksOfUTC.MatchString(p.s)
	all := datesIn(p.s)
	order, apart := conventionOf(all), apartFrom(all)
	hours := hoursIn(p.s, apart)
	spans, single := p.spans(apart, hours, order)
	spans = append(spans, p.wholeMonths(apart)...)
	timed, single := p.daily(single, hours, order)
	for _, s := range timed {
		if !s.times.point || !slices.Contains(s.ways, dates{dateOf(issued), dateOf(issued)}) {
			spans = append(spans, s)
		}
	}
	days := slices.DeleteFunc(sure(single, order), func(r reading) bool { return r.is(issued) })
	var out []Period
	for _, in := range list {
		out = append(out, p.period(in, spans, days))
	}
	return out
}

// wanted are the days of a period: one that ends at midnight ends with the day
// before, though an order may name the day of that midnight.
type wanted struct {
	dates
	end date // the day in which the end itself lies
}

func wants(in Stated) wanted {
	from, to := in.From.In(in.Zone), in.To.In(in.Zone)
	return wanted{dates{dateOf(from), dateOf(to.Add(-time.Microsecond))}, dateOf(to)}
}

func (w wanted) is(d dates) bool { return d.from == w.from && (d.to == w.to || d.to == w.end) }

func (p *paper) period(in Stated, spans []span, days []reading) Period {
	w := wants(in)
	out := Period{Refs: in.Refs, Typed: w.dates.String(), Shown: Missing}
	best, at := Missing, -1
	for i, s := range spans {
		shown := w.in(s, in)
		if at < 0 && shown != Missing || at >= 0 && rank(shown, s) < rank(best, spans[at]) {
			best, at = shown, i
		}
	}
	if w.from == w.to && (at < 0 || rank(best, spans[at]) > ofOneDay) {
		if i := slices.IndexFunc(days, func(r reading) bool { return r.days[0] == w.from }); i >= 0 {
			return p.shows(out, Found, days[i].text, days[i].at)
		}
	}
	if at < 0 {
		return out
	}
	if best == Hours {
		out.Typed = in.String()
	}
	return p.shows(out, best, spans[at].text, spans[at].at)
}

// String writes a period of the form with its times of day.
func (in Stated) String() string {
	const minute = "2006-01-02 15:04"
	return in.From.In(in.Zone).Format(minute) + " – " + in.To.In(in.Zone).Format(minute+" -07:00")
}

// shows says what a place of the text shows of a period.
func (p *paper) shows(out Period, shown Shown, says string, at int) Period {
	d := p.says("", "", says, at)
	out.Shown, out.Says, out.Page, out.Line = shown, d.Says, d.Page, d.Line
	return out
}

// ofOneDay is the rank of a date that stands alone, for a period of that day.
const ofOneDay = 3

// rank orders the answers from the best. Where the order names the period it does not
// matter what else it names, but with times of day it says more than without; a moment
// alone is of the facts as often as it is what is asked for. Where the order does not
// name the period, another one is what people have to see first.
func rank(shown Shown, s span) int {
	switch {
	case shown == Found && s.times.any():
		return 0
	case shown == Hours && !s.times.point:
		return 1
	case shown == Found:
		return 2
	}
	return ofOneDay + 1 + slices.Index([]Shown{Hours, Ambiguous, Other, Wider, Missing}, shown)
}

// in says what one period of the text shows of a wanted one.
func (w wanted) in(s span, in Stated) Shown {
	best := Missing
	for _, d := range s.ways {
		days := s.times.days(d, in.Zone)
		if !w.is(days) {
			if shown := w.against(days); s.told && rank(shown, s) < rank(best, s) {
				best = shown
			}
			continue
		}
		switch {
		case len(s.ways) > 1:
			return Ambiguous
		case s.times.any() && !s.times.agree(d, in):
			return Hours
		}
		return Found
	}
	return best
}

// against says how a period that the order names stands to another that the form
// states: what has no day in common and is no slip of the hand is no answer.
func (w wanted) against(d dates) Shown {
	switch {
	case !w.from.before(d.from) && !d.to.before(w.to):
		return Wider
	case !w.to.before(d.from) && !d.to.before(w.from), near(d.from.String(), w.from.String()) && near(d.to.String(), w.to.String()):
		return Other
	case d.from == w.from, d.to == w.to, d.to == w.end, sameDays(d, w.dates):
		return Other
	}
	return Missing
}

// sameDays tells whether two periods differ by their years alone.
func sameDays(a, b dates) bool {
	return slices.Equal(a.from[1:], b.from[1:]) && slices.Equal(a.to[1:], b.to[1:])
}

// sure are the dates that can be read in one way: a period of one day is written as
// one date.
func sure(all []reading, order convention) (out []reading) {
	for _, r := range all {
		if days := order.of(r); len(days) == 1 {
			r.days = days
			out = append(out, r)
		}
	}
	return out
}
