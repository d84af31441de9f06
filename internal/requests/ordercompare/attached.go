package ordercompare

import (
	"slices"
	"strings"
	"time"
)

// times are the times of day with which a text gives a period.
type times struct {
	first, last *hour // nil: the text gives none
	point       bool  // one moment, and no period
	unclear     bool  // of several days, so that each day may be meant
	abroad      bool  // no zone stands with them, and the text speaks of UTC elsewhere
	at, end     int   // from the first to the last byte
}

func (t times) any() bool { return t.first != nil || t.last != nil }

// attach gives a period the times of day that stand with its dates, which are from a
// to b in the text.
func (p *paper) attach(a, b reading, list []hour) times {
	before, behind := p.before(a, list), p.behind(b, list)
	t := times{at: a.at, end: b.end}
	if a.at == b.at {
		return p.ofOneDay(t, before, behind)
	}
	t.first, t.last = p.inside(a, b, list)
	if n := len(before); n > 0 && t.first == nil {
		t.first, t.unclear = &before[n-1], n > 1
	}
	if len(behind) > 0 && t.last == nil {
		t.last = &behind[0]
		if len(behind) > 1 {
			t.first, t.last, t.unclear = &behind[0], &behind[1], true
		}
	}
	return p.zoned(t)
}

// ofOneDay reads the times that stand with one date.
func (p *paper) ofOneDay(t times, before, behind []hour) times {
	switch n := len(before); {
	case len(behind) > 1:
		t.first, t.last = &behind[0], &behind[1]
	case n > 1:
		t.first, t.last = &before[n-2], &before[n-1]
	case n == 1 && len(behind) == 1:
		t.first, t.last = &before[0], &behind[0]
	case len(behind) == 1 && until.MatchString(p.s[t.end:behind[0].at]):
		t.last = &behind[0]
	case len(behind) == 1:
		t.first, t.last, t.point = &behind[0], &behind[0], true
	case n == 1:
		t.first, t.last, t.point = &before[0], &before[0], true
	}
	return p.zoned(t)
}

// zoned gives both times the zone that stands with the last one.
func (p *paper) zoned(t times) times {
	for _, h := range []*hour{t.first, t.last} {
		if h != nil {
			t.at, t.end = min(t.at, h.at), max(t.end, h.end)
		}
	}
	if t.first != nil && t.last != nil && t.first.zone == nil {
		first := *t.first
		first.zone = t.last.zone
		t.first = &first
	}
	t.abroad = t.any() && (t.first == nil || t.first.zone == nil) && (t.last == nil || t.last.zone == nil) && p.utc
	return t
}

// inside gives the times between the two dates of a period: those before the word
// that joins them are of the first, those behind it of the last.
func (p *paper) inside(a, b reading, list []hour) (first, last *hour) {
	within := hoursWithin(list, a.end, b.at)
	if len(within) == 0 {
		return nil, nil
	}
	joins := b.at
	words := without(p.s[a.end:b.at], shifted(within, a.end))
	if m := until.FindAllStringIndex(words, -1); m != nil { // "à 8h00 au": the last of them
		joins = a.end + m[len(m)-1][0]
	} else if i := strings.LastIndexByte(words, '-'); i >= 0 {
		joins = a.end + i
	}
	for i, h := range within {
		if h.at >= joins {
			last = &within[i]
		} else if first == nil {
			first = &within[i]
		}
	}
	return first, last
}

func shifted(list []hour, by int) (out []hour) {
	for _, h := range list {
		h.at, h.end = h.at-by, h.end-by
		out = append(out, h)
	}
	return out
}

func hoursWithin(list []hour, from, to int) []hour {
	i, _ := slices.BinarySearchFunc(list, from, func(h hour, at int) int { return h.at - at })
	j := i
	for j < len(list) && list[j].at < to {
		j++
	}
	return list[i:j]
}

// aside is how many bytes may stand between a date and its time of day.
const aside = 40

// before gives the times of day just before a date, at most two that belong together.
func (p *paper) before(d reading, list []hour) []hour {
	near := hoursWithin(list, max(0, d.at-2*aside), d.at)
	n := len(near)
	switch {
	case n == 0 || !p.together(near[n-1].end, d.at):
		return nil
	case n > 1 && p.joined(near[n-2], near[n-1]):
		return near[n-2:]
	}
	return near[n-1:]
}

// behind gives those just behind it.
func (p *paper) behind(d reading, list []hour) []hour {
	near := hoursWithin(list, d.end, d.end+2*aside)
	switch {
	case len(near) == 0 || !p.together(d.end, near[0].at):
		return nil
	case len(near) > 1 && p.joined(near[0], near[1]):
		return near[:2]
	}
	return near[:1]
}

// joined tells whether two times are the ends of a period.
func (p *paper) joined(a, b hour) bool {
	s := p.s[a.end:b.at]
	return p.together(a.end, b.at) && (until.MatchString(s) || strings.Contains(s, "-"))
}

// together tells whether what stands between a date and a time leaves them together: a
// few words without a figure, and no end of a sentence.
func (p *paper) together(from, to int) bool {
	if to < from || to-from > aside {
		return false
	}
	s := p.s[from:to]
	return len(strings.Fields(s)) <= 4 && !strings.ContainsAny(s, "0123456789;") && !strings.Contains(s, "\n\n") && !strings.Contains(strings.ReplaceAll(s, "godz.", ""), ". ")
}

// days gives the days of a period in a zone: a time with a zone of its own can lie on
// another day there.
func (t times) days(d dates, zone *time.Location) dates {
	from, to := t.ends(d, zone)
	if t.first != nil {
		d.from = dateOf(from)
	}
	if t.last != nil && !t.point {
		d.to = dateOf(to.Add(-time.Microsecond)) // midnight ends the day before
	} else if t.point {
		d.to = d.from
	}
	return d
}

// ends gives the moments at which a period begins and ends, each at midnight where the
// text gives no time.
func (t times) ends(d dates, zone *time.Location) (from, to time.Time) {
	var first, last hour
	if t.first != nil {
		first = *t.first
	}
	if t.last != nil {
		last = *t.last
	}
	from = first.moment(d.from, zone)
	if last.night {
		last.minutes = 24 * 60
	}
	to = last.moment(d.to, zone)
	if !t.point && d.from == d.to && t.first != nil && t.last != nil && to.Before(from) { // from 22:00 to 02:00
		to = to.AddDate(0, 0, 1)
	}
	return from.In(zone), to.In(zone)
}

// agree tells whether the form states these times, to the minute.
func (t times) agree(d dates, in Stated) bool {
	from, to := t.ends(d, in.Zone)
	same := func(h *hour, a, b time.Time) bool { return h == nil || a.Sub(b).Abs() <= time.Minute }
	if t.unclear || t.abroad && offsetAt(in) != 0 {
		return false
	}
	return same(t.first, from, in.From) && same(t.last, to, in.To)
}

func offsetAt(in Stated) int {
	_, seconds := in.From.In(in.Zone).Zone()
	return seconds
}
