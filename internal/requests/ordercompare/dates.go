package ordercompare

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parts of a date. The expressions of the months are long, so that these are
// put together once.
const (
	day    = `([0-9]{1,2})`
	year   = `([0-9]{4})`
	figure = `[ ]?[-./][ ]?`
	nth    = `(?:st|nd|rd|th|er|°|o|a)?\.?`
	of     = `(?:[ \n]+(?:day[ \n]+)?(?:of[ \n]+(?:the[ \n]+)?|de[ \n]+)?|[ ]?[-/][ ]?)`
	before = `(?:[.॰]?,?[ \n]+(?:de[ \n]+|del[ \n]+)?|[.॰]?[ ]?[-/][ ]?)`
)

// The ways in which a date is written.
const (
	yearFirst   = iota // 2026-10-03
	inFigures          // 03.10.2026, 03/10/2026; of two digits the year too
	shortYear          // 03.10.26
	dayAndName         // 3 October 2026, 3. Oktober 2026, 3 de outubro de 2026, 03-Oct-2026
	nameAndDay         // October 3, 2026
	yearAndName        // 2026 October 3
)

var written = []*regexp.Regexp{
	yearFirst:   regexp.MustCompile(year + figure + day + figure + day),
	inFigures:   regexp.MustCompile(day + figure + day + figure + year),
	shortYear:   regexp.MustCompile(day + `([./-])` + day + `([./-])` + `([0-9]{2})`),
	dayAndName:  regexp.MustCompile(`(?i)` + day + nth + of + monthNames + before + year),
	nameAndDay:  regexp.MustCompile(`(?i)` + monthNames + `[.॰]?[ \n]+` + day + `(?:st|nd|rd|th)?,?[ \n]+` + year),
	yearAndName: regexp.MustCompile(`(?i)` + year + `[- ,]+` + monthNames + `[.॰]?[- ]+` + day),
}

// dated is what introduces the date of an order, at the beginning of a line.
var dated = regexp.MustCompile(`(?i)^\s*(?:date(?: of (?:issue|order))?|dated(?: this)?|issued(?: on)?|datum|ausgestellt am|erlassen am|date d.[ée]mission|fait le|fecha|data|emitido (?:el|em))\s*:?\s*(.{0,40})`)

// date compares the day on which the order was issued with the line that says so.
func (p *paper) date(issued time.Time) []Difference {
	if issued.IsZero() {
		return nil
	}
	if slices.ContainsFunc(datesIn(p.s), func(d reading) bool { return d.is(issued) }) {
		return nil
	}
	from := 0
	for _, line := range strings.SplitAfter(p.s, "\n") {
		if m := dated.FindStringSubmatchIndex(line); m != nil {
			part := line[m[2]:]
			if end := strings.TrimSpace(part); end == "" { // the date stands on the next line
				part = p.s[from+m[2] : min(len(p.s), from+m[2]+60)]
			}
			if found := datesIn(part); len(found) > 0 && found[0].at < 12 {
				at := from + m[2] + found[0].at
				return []Difference{p.says("issued_on", issued.Format(time.DateOnly), found[0].text, at)}
			}
		}
		from += len(line)
	}
	return nil
}

// reading is one date of the text. Figures whose order is not known can be read
// both ways: as day and month, and as month and day.
type reading struct {
	text    string
	at, end int
	kind    int
	days    []date // the day first; of one reading where both are the same day
}

// date is a year, a month and a day.
type date [3]int

func dateOf(t time.Time) date { return date{t.Year(), int(t.Month()), t.Day()} }

// String writes a date as 2026-10-03.
func (d date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d[0], d[1], d[2]) }

func (d date) before(x date) bool { return slices.Compare(d[:], x[:]) < 0 }

// real tells whether the calendar has this day.
func (d date) real() bool {
	t := time.Date(d[0], time.Month(d[1]), d[2], 0, 0, 0, 0, time.UTC)
	return dateOf(t) == d
}

func (r reading) is(t time.Time) bool { return slices.Contains(r.days, dateOf(t)) }

func datesIn(s string) (out []reading) {
	for kind, re := range written {
		for _, m := range re.FindAllStringSubmatchIndex(s, 2000) {
			whole := s
			if clockFollows(s[m[1]:]) {
				whole = s[:m[1]]
			}
			if joined(whole, m[0], m[1]) {
				continue
			}
			var parts []string
			for g := 2; g < len(m); g += 2 {
				parts = append(parts, s[m[g]:m[g+1]])
			}
			if days := daysOf(kind, parts); len(days) > 0 {
				out = append(out, reading{s[m[0]:m[1]], m[0], m[1], kind, days})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b reading) int { return a.at - b.at })
	return out
}

// clockFollows tells whether a time is joined to a date, as in 2026-10-03T14:00.
func clockFollows(rest string) bool { return len(rest) > 1 && rest[0] == 'T' && isDigit(rest[1]) }

// daysOf gives the days that a written date can mean, from its parts in the order
// in which they stand.
func daysOf(kind int, p []string) (out []date) {
	n := func(i int) int { v, _ := strconv.Atoi(p[i]); return v } // digits by the expression
	all := []date{}
	switch kind {
	case yearFirst:
		all = append(all, date{n(0), n(1), n(2)})
	case inFigures:
		all = append(all, date{n(2), n(1), n(0)}, date{n(2), n(0), n(1)})
	case shortYear:
		if p[1] != p[3] {
			return nil
		}
		all = append(all, date{2000 + n(4), n(2), n(0)}, date{2000 + n(4), n(0), n(2)})
	case dayAndName:
		all = append(all, date{n(2), month(p[1]), n(0)})
	case nameAndDay:
		all = append(all, date{n(2), month(p[0]), n(1)})
	case yearAndName:
		all = append(all, date{n(0), month(p[1]), n(2)})
	}
	for _, d := range all {
		if d.real() && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
