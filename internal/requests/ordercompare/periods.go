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
// periods that the form states, day by day: clocks are not compared. Each gets an
// answer, in the order of the form. The day on which the order was issued stands in
// it anyway, and shows no period of one day.
func Periods(text string, issued time.Time, list []Stated) []Period {
	p := read(text)
	all := datesIn(p.s)
	order := conventionOf(all)
	spans, singles := p.spans(apartFrom(all), order), singles(all, order, dateOf(issued))
	var out []Period
	for _, in := range list {
		out = append(out, p.period(in, spans, singles))
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

func (p *paper) period(in Stated, spans []span, singles []reading) Period {
	w := wants(in)
	out := Period{Refs: in.Refs, Typed: w.dates.String(), Shown: Missing}
	best, at := Missing, 0
	for i, s := range spans {
		if shown := w.in(s); better(shown, best) {
			best, at = shown, i
		}
	}
	if best != Found && w.from == w.to {
		if i := slices.IndexFunc(singles, func(r reading) bool { return r.days[0] == w.from }); i >= 0 {
			return p.shows(out, Found, singles[i].text, singles[i].at)
		}
	}
	if best == Missing {
		return out
	}
	return p.shows(out, best, spans[at].text, spans[at].at)
}

// shows says what a place of the text shows of a period.
func (p *paper) shows(out Period, shown Shown, says string, at int) Period {
	d := p.says("", "", says, at)
	out.Shown, out.Says, out.Page, out.Line = shown, d.Says, d.Page, d.Line
	return out
}

// ranks are the answers from the best: where the order names the period it does not
// matter what else it names, and where it does not, another one is what people have
// to see first.
var ranks = []Shown{Found, Ambiguous, Other, Wider, Missing}

func better(a, b Shown) bool { return slices.Index(ranks, a) < slices.Index(ranks, b) }

// in says what one period of the text shows of a wanted one.
func (w wanted) in(s span) Shown {
	if slices.ContainsFunc(s.ways, w.is) {
		if len(s.ways) > 1 {
			return Ambiguous
		}
		return Found
	}
	if !s.told {
		return Missing
	}
	best := Missing
	for _, d := range s.ways {
		if shown := w.against(d); better(shown, best) {
			best = shown
		}
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

// singles are the dates that can be read in one way, but for that of the order: a
// period of one day is written as one date.
func singles(all []reading, order convention, issued date) (out []reading) {
	for _, r := range all {
		if days := order.of(r); len(days) == 1 && days[0] != issued {
			r.days = days
			out = append(out, r)
		}
	}
	return out
}
