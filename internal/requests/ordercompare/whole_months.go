package ordercompare

import (
	"regexp"
	"time"
)

// inMonths is a month with its year and without a day: October 2026, outubro de 2026.
var inMonths = regexp.MustCompile(`(?i)` + monthNames + `[.॰]?,?[ \n]+(?:de[ \n]+|del[ \n]+)?` + year)

// wholeMonths lists the periods that are written as months, one or from one to
// another; dated are those that have a day.
func (p *paper) wholeMonths(dated []reading) (out []span) {
	var last *span
	for _, m := range inMonths.FindAllStringSubmatchIndex(p.s, 2000) {
		if within(dated, hour{at: m[0], end: m[1]}) || joined(p.s, m[0], m[1]) || lettered(p.s, hour{at: m[0], end: m[1]}) {
			continue
		}
		d := monthOfYear(number(p.s[m[4]:m[5]]), month(p.s[m[2]:m[3]]))
		if last != nil && m[0]-last.at <= apart && says(p.s[last.at+len(last.text):m[0]]) && last.ways[0].from.before(d.from) {
			last.ways[0].to, last.text = d.to, p.s[last.at:m[1]]
			last = nil
			continue
		}
		out = append(out, span{p.s[m[0]:m[1]], m[0], []dates{d}, true, times{}})
		last = &out[len(out)-1]
	}
	return out
}

// monthOfYear gives the first and the last day of a month.
func monthOfYear(y, m int) dates {
	first := time.Date(y, time.Month(m), 1, 0, 0, 0, 0, time.UTC)
	return dates{dateOf(first), dateOf(first.AddDate(0, 1, -1))}
}
