package ordercompare

import (
	"regexp"
	"strings"
)

// mostRuns bounds the numbers of an order that are looked at, so that a long one takes
// no longer than people wait. Every account of a request is compared.
const mostRuns = 20_000

// run is a row of digits as the order writes it, with spaces, hyphens and breaks
// of lines left out.
type run struct {
	digits string
	at, to int
}

// between are the characters that may stand between the digits of one number.
const between = " \n-./()"

// runs lists every way in which digits of the text can be read as one number:
// from a beginning to each end at which another character follows.
func (p *paper) runs() []run {
	var out []run
	for i := 0; i < len(p.s) && len(out) < mostRuns; i++ {
		if !isDigit(p.s[i]) || i > 0 && isDigit(p.s[i-1]) {
			continue
		}
		out = append(out, p.from(i)...)
	}
	return out
}

// from gives the numbers that begin at a byte.
func (p *paper) from(i int) (out []run) {
	var digits []byte
	gap := 0
	for j := i; j < len(p.s) && len(digits) <= 20 && gap <= 3; j++ {
		c := p.s[j]
		switch {
		case isDigit(c):
			digits, gap = append(digits, c), 0
			if j+1 == len(p.s) || !isDigit(p.s[j+1]) {
				out = append(out, run{string(digits), i, j + 1})
			}
		case strings.IndexByte(between, c) >= 0:
			gap++
		default:
			return out
		}
	}
	return out
}

// targets compares the identifiers of a request with those in the order.
func (p *paper) targets(list []Target) (out []Difference) {
	runs, words, lower := p.runs(), p.words(), strings.ToLower(p.s)
	typed := map[string]bool{}
	for _, t := range list {
		typed[key(t)] = true
	}
	for _, t := range list {
		if t.Kind == "username" {
			out = append(out, p.username(t, lower, words, typed)...)
		} else {
			out = append(out, p.number(t, runs, typed)...)
		}
	}
	return out
}

// key is an identifier without what people write it with.
func key(t Target) string {
	if t.Kind == "username" {
		return strings.ToLower(strings.TrimPrefix(t.Value, "@"))
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, t.Value)
}

// number compares a phone number or an account's number: in full, after 00, or as
// it is dialled within its country, with a zero before it.
func (p *paper) number(t Target, runs []run, typed map[string]bool) []Difference {
	want := key(t)
	if len(want) < 8 {
		return nil
	}
	var found *run
	for i, r := range runs {
		got, full := r.digits, want
		switch {
		case strings.HasPrefix(got, "00"):
			got = got[2:]
		case got[0] == '0' && t.Kind == "phone" && len(got) >= 8 && len(got) <= len(want):
			got = got[1:]
			full = want[len(want)-len(got):]
		}
		if got == full {
			return nil
		}
		if found == nil && len(got) >= 8 && near(got, full) && !typed[got] && (len(full) >= 10 || slip(got, full)) {
			found = &runs[i]
		}
	}
	if found == nil {
		return nil
	}
	at := found.at
	if at > 0 && p.s[at-1] == '+' {
		at--
	}
	return []Difference{p.says(t.Ref, t.Value, p.s[at:found.to], at)}
}

// slip tells whether two short numbers differ by one digit, or by two neighbours
// that changed places: two of eight digits are soon alike by chance.
func slip(a, b string) bool {
	if len(a) != len(b) || differ(a, b) == 1 {
		return true
	}
	for i := 0; i+1 < len(a); i++ {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

var nameLike = regexp.MustCompile(`@?[A-Za-z0-9_][A-Za-z0-9_.]{3,30}[A-Za-z0-9_]`)

type name struct {
	text string
	at   int
}

// words lists what may be a username: it is introduced by @, or holds a digit, an
// underscore or a full stop, as words of a text do not.
func (p *paper) words() (out []name) {
	for _, m := range nameLike.FindAllStringIndex(p.s, mostRuns) {
		w := p.s[m[0]:m[1]]
		if w[0] == '@' || strings.ContainsAny(w, "0123456789_.") {
			out = append(out, name{w, m[0]})
		}
	}
	return out
}

// username compares a username; lower is the order's text in small letters.
func (p *paper) username(t Target, lower string, words []name, typed map[string]bool) []Difference {
	want := key(t)
	if len(want) < 5 || strings.Contains(lower, want) {
		return nil
	}
	for _, w := range words {
		got := strings.ToLower(strings.TrimPrefix(w.text, "@"))
		if near(got, want) && !typed[got] && (len(got) != len(want) || slip(got, want)) {
			return []Difference{p.says(t.Ref, t.Value, w.text, w.at)}
		}
	}
	return nil
}
