package ordercompare

import (
	"regexp"
	"slices"
	"strings"
)

// span is a period as an order writes it: from one date to another. Each of ways
// is one way to read it, the day before the month first.
type span struct {
	text string
	at   int
	ways []dates
	// told is true where a word or a dash says that it is a period, false where two
	// dates only stand side by side, as in a table.
	told  bool
	times times
}

// dates are the first and the last day of a period.
type dates struct{ from, to date }

// String writes a period as its two days.
func (d dates) String() string { return d.from.String() + " – " + d.to.String() }

// apart is how many bytes may stand between the two dates of one period: a time of
// day, its zone and a word.
const apart = 80

var (
	// clock is what may stand with a date beside the words and the times of day: a time
	// without its unit, a zone.
	clock = regexp.MustCompile(`(?i)[0-9]{1,2}[:.h][0-9]{2}(?:[:.][0-9]{2})?|[+-][0-9]{2}:?[0-9]{2}|\([^)]{0,40}\)`)
	// until are the words between the two ends of a period.
	until = regexp.MustCompile(`(?i)(?:^|[^\pL\pM])(?:to|till|til|until|through|thru|and|bis|und|au|aux|à|às|a|al|ate|até|jusqu['’]?|jusqu['’](?:au|à)|et|hasta|y|e|tot|t/m|do|से|तक|और|إلى|الى|حتى|و)(?:[^\pL\pM]|$)`)
	// short is the beginning of a period that leaves out what its end says: "1 to",
	// "1 October to", "01.10. –".
	shortDay   = regexp.MustCompile(`(?i)(?:^|[^0-9\pL.,/-])` + day + nth + link + `$`)
	shortNamed = regexp.MustCompile(`(?i)(?:^|[^0-9\pL])` + day + nth + of + monthNames + `[.॰]?` + link + `$`)
	shortMonth = regexp.MustCompile(`(?i)(?:^|[^0-9\pL])` + day + `([./])` + day + `[./]?` + link + `$`)
	shortAfter = regexp.MustCompile(`(?i)(?:^|[^0-9\pL])` + monthNames + `[.॰]?[ \n]+` + day + `(?:st|nd|rd|th)?,?` + link + `$`)
	sameMonth  = regexp.MustCompile(`(?i)` + monthNames + `[.॰]?[ \n]+` + day + `(?:st|nd|rd|th)?` + link + day + `(?:st|nd|rd|th)?,?[ \n]+` + year)
)

// link stands between the two ends where the first one is short.
const link = `[ \n]*(?:-|to(?:[ \n]+the)?|till|until|through|thru|and(?:[ \n]+the)?|bis(?:[ \n]+zum)?|und(?:[ \n]+dem)?|au|à|às|a|al|até|jusqu'au|et(?:[ \n]+le)?|hasta(?:[ \n]+el)?|y(?:[ \n]+el)?|e|tot|t/m|do|से|और|إلى|الى|حتى)[ \n]*`

// spans lists the periods of the text, of which all are the dates, each apart, and
// hours the times of day; and the dates that are no end of one.
func (p *paper) spans(all []reading, hours []hour, order convention) (out []span, single []reading) {
	quiet := &paper{s: without(p.s, hours), at: p.at}
	ends := map[int]bool{} // of all: those of a period
	for i, end := range all {
		if s, ok := quiet.shortened(end, order); ok {
			ends[i] = true
			out = append(out, p.timed(s, p.attach(reading{at: s.at, end: s.at}, end, hours)))
		}
		if i+1 == len(all) || all[i+1].at-end.end > apart {
			continue
		}
		next, told := all[i+1], says(quiet.s[end.end:all[i+1].at])
		ways, t := pairs(order.of(end), order.of(next)), p.attach(end, next, hours)
		if len(ways) == 0 || !told && ways[0].from == ways[0].to && (t.first == nil || t.last == nil) { // twice the same day
			continue
		}
		ends[i], ends[i+1] = ends[i] || told, told
		out = append(out, p.timed(span{p.s[end.at:next.end], end.at, ways, told, times{}}, t))
	}
	for i, d := range all {
		if !ends[i] {
			single = append(single, d)
		}
	}
	return append(out, quiet.inOneMonth(p, hours)...), single
}

// daily lists the periods within one day: those of a date with times of day. What is
// left are the dates without.
func (p *paper) daily(single []reading, hours []hour, order convention) (out []span, left []reading) {
	for _, r := range single {
		t := p.attach(r, r, hours)
		if !t.any() {
			left = append(left, r)
			continue
		}
		var ways []dates
		for _, d := range order.of(r) {
			ways = append(ways, dates{d, d})
		}
		out = append(out, p.timed(span{ways: ways, told: true}, t))
	}
	return out, left
}

// timed gives a period its times of day, and the words from the first to the last.
func (p *paper) timed(s span, t times) span {
	s.times = t
	if t.any() {
		s.at, s.text = t.at, p.s[t.at:t.end]
	}
	return s
}

// apartFrom leaves out what begins within another date.
func apartFrom(list []reading) (out []reading) {
	end := 0
	for _, r := range list {
		if r.at >= end {
			out, end = append(out, r), r.end
		}
	}
	return out
}

// says tells whether what stands between two dates makes a period of them.
func says(between string) bool {
	words := clock.ReplaceAllString(between, " ")
	return len(strings.Fields(words)) <= 8 && !strings.ContainsAny(words, "0123456789") && (until.MatchString(words) || strings.Contains(words, "-"))
}

// convention is how a paper writes dates in figures, as far as it shows it.
type convention int

const (
	unknown  convention = iota
	dayFirst            // a date such as 25/10/2026 stands in it
	monthFirst
)

// conventionOf finds it: a paper that shows both has none.
func conventionOf(all []reading) convention {
	seen := map[convention]bool{}
	for _, r := range all {
		if f := figures(r); len(r.days) == 1 && len(f) == 3 && f[0] != f[1] && !strings.Contains(r.text, ".") {
			seen[monthFirst], seen[dayFirst] = seen[monthFirst] || r.days[0][2] == f[1], seen[dayFirst] || r.days[0][2] == f[0]
		}
	}
	switch {
	case seen[dayFirst] && !seen[monthFirst]:
		return dayFirst
	case seen[monthFirst] && !seen[dayFirst]:
		return monthFirst
	}
	return unknown
}

var figuresIn = regexp.MustCompile(`[0-9]+`)

// figures are the numbers of a date that ends with its year, nil for another.
func figures(r reading) (out []int) {
	if r.kind != inFigures && r.kind != shortYear {
		return nil
	}
	for _, s := range figuresIn.FindAllString(r.text, -1) {
		out = append(out, number(s))
	}
	return out
}

// of gives the days that a date can mean in a paper: nobody writes the month first
// between full stops.
func (c convention) of(r reading) []date {
	switch {
	case len(r.days) < 2:
		return r.days
	case c == dayFirst, strings.Contains(r.text, "."):
		return r.days[:1]
	case c == monthFirst:
		return r.days[1:]
	}
	return r.days
}

// pairs gives the periods between two dates: both are written alike.
func pairs(from, to []date) (out []dates) {
	add := func(a, b date) {
		if d := (dates{a, b}); !b.before(a) && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	if len(from) == 2 && len(to) == 2 {
		add(from[0], to[0])
		add(from[1], to[1])
		return out
	}
	for _, a := range from {
		for _, b := range to {
			add(a, b)
		}
	}
	return out
}

// shortened reads a period whose beginning leaves out the year, or the month too.
func (p *paper) shortened(end reading, order convention) (span, bool) {
	from := max(0, end.at-apart/2)
	head := p.s[from:end.at]
	var ways []dates
	at := -1
	for _, last := range order.of(end) {
		first, m := beginning(head, end, last)
		if m < 0 || !first.real() || last.before(first) {
			continue
		}
		at, ways = from+m, append(ways, dates{first, last})
	}
	if at < 0 {
		return span{}, false
	}
	return span{p.s[at:end.end], at, ways, true, times{}}, true
}

// beginning gives the first day of a period that ends with last, and where it stands
// in what comes before it, -1 where nothing there is one.
func beginning(head string, end reading, last date) (date, int) {
	n := func(m []int, g int) int { return number(head[m[2*g]:m[2*g+1]]) }
	if end.kind == nameAndDay {
		if m := shortAfter.FindStringSubmatchIndex(head); m != nil {
			return date{last[0], month(head[m[2]:m[3]]), n(m, 2)}, m[2]
		}
		return date{}, -1
	}
	if end.kind == yearFirst || end.kind == yearAndName {
		return date{}, -1
	}
	if m := shortNamed.FindStringSubmatchIndex(head); m != nil {
		return date{last[0], month(head[m[4]:m[5]]), n(m, 1)}, m[2]
	}
	if m := shortMonth.FindStringSubmatchIndex(head); m != nil && end.kind != dayAndName {
		if f := figures(end); len(f) == 3 && f[0] != last[2] {
			return date{last[0], n(m, 1), n(m, 3)}, m[2]
		}
		return date{last[0], n(m, 3), n(m, 1)}, m[2]
	}
	if m := shortDay.FindStringSubmatchIndex(head); m != nil && (len(figures(end)) == 0 || figures(end)[0] == last[2]) {
		return date{last[0], last[1], n(m, 1)}, m[2]
	}
	return date{}, -1
}

// number reads digits, of which there are few.
func number(s string) (n int) {
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

// inOneMonth reads "October 1 to 12, 2026" of a text, whose times of day are taken out of p.
func (p *paper) inOneMonth(text *paper, hours []hour) (out []span) {
	for _, m := range sameMonth.FindAllStringSubmatchIndex(p.s, 2000) {
		part := func(g int) string { return p.s[m[2*g]:m[2*g+1]] }
		y, mo := number(part(4)), month(part(1))
		d := dates{date{y, mo, number(part(2))}, date{y, mo, number(part(3))}}
		if !joined(p.s, m[0], m[1]) && d.from.real() && d.to.real() && !d.to.before(d.from) {
			t := text.attach(reading{at: m[0], end: m[0]}, reading{at: m[1] - 1, end: m[1]}, hours)
			out = append(out, text.timed(span{text.s[m[0]:m[1]], m[0], []dates{d}, true, times{}}, t))
		}
	}
	return out
}
