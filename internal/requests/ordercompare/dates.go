package ordercompare

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// months are the names of the months, and their beginnings, in the languages in
// which orders come.
var months = [12][]string{
	{"january", "jan", "januar", "jänner", "janvier", "janv", "enero", "ene", "janeiro", "gennaio", "gen"},
	{"february", "feb", "februar", "février", "févr", "febrero", "fevereiro", "fev", "febbraio"},
	{"march", "mar", "märz", "mrz", "mars", "marzo", "março"},
	{"april", "apr", "avril", "avr", "abril", "abr", "aprile"},
	{"may", "mai", "mayo", "maio", "maggio", "mag"},
	{"june", "jun", "juni", "juin", "junio", "junho", "giugno", "giu"},
	{"july", "jul", "juli", "juillet", "juil", "julio", "julho", "luglio", "lug"},
	{"august", "aug", "août", "agosto", "ago"},
	{"september", "sep", "sept", "septembre", "septiembre", "setembro", "set", "settembre"},
	{"october", "oct", "oktober", "okt", "octobre", "octubre", "outubro", "out", "ottobre", "ott"},
	{"november", "nov", "novembre", "noviembre", "novembro"},
	{"december", "dec", "dezember", "dez", "décembre", "déc", "diciembre", "dic", "dezembro", "dicembre"},
}

// written are the ways in which a date is written: with the year first, with the
// month in figures, and with its name after or before the day.
var written = []*regexp.Regexp{
	regexp.MustCompile(`([0-9]{4})[ ]?[-./][ ]?([0-9]{1,2})[ ]?[-./][ ]?([0-9]{1,2})`),
	regexp.MustCompile(`([0-9]{1,2})[ ]?[-./][ ]?([0-9]{1,2})[ ]?[-./][ ]?([0-9]{4})`),
	regexp.MustCompile(`(?i)([0-9]{1,2})(?:st|nd|rd|th|er|º|o)?\.?[ \n]+(?:of[ \n]+|de[ \n]+)?(\pL{3,10})\.?,?[ \n]+(?:de[ \n]+)?([0-9]{4})`),
	regexp.MustCompile(`(?i)(\pL{3,10})\.?[ \n]+([0-9]{1,2})(?:st|nd|rd|th)?,?[ \n]+([0-9]{4})`),
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

// reading is one date of the text; figures whose order is not known can be read
// both ways.
type reading struct {
	text string
	at   int
	days [][3]int
}

func (r reading) is(t time.Time) bool {
	return slices.Contains(r.days, [3]int{t.Year(), int(t.Month()), t.Day()})
}

func datesIn(s string) (out []reading) {
	for kind, re := range written {
		for _, m := range re.FindAllStringSubmatchIndex(s, 2000) {
			if joined(s, m[0], m[1]) {
				continue
			}
			days := daysOf(kind, s[m[2]:m[3]], s[m[4]:m[5]], s[m[6]:m[7]])
			if len(days) > 0 {
				out = append(out, reading{s[m[0]:m[1]], m[0], days})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b reading) int { return a.at - b.at })
	return out
}

func daysOf(kind int, a, b, c string) (out [][3]int) {
	n := func(s string) int { i, _ := strconv.Atoi(s); return i }
	add := func(y, m, d int) {
		t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		if m >= 1 && m <= 12 && t.Day() == d && int(t.Month()) == m {
			out = append(out, [3]int{y, m, d})
		}
	}
	switch kind {
	case 0:
		add(n(a), n(b), n(c))
	case 1:
		add(n(c), n(b), n(a))
		add(n(c), n(a), n(b))
	case 2:
		add(n(c), month(b), n(a))
	case 3:
		add(n(c), month(a), n(b))
	}
	return out
}

func month(word string) int {
	return 1 + slices.IndexFunc(months[:], func(names []string) bool { return slices.Contains(names, strings.ToLower(word)) })
}
