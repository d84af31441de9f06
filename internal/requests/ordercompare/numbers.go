package ordercompare

import (
	"regexp"
	"strings"
)

var piece = regexp.MustCompile(`[0-9]+|\pL+|\s+|.`)

// shape gives what finds values of the form of a typed one: its letters and signs
// as they are, and other numbers in the place of its numbers, each a group.
func shape(typed, number string) (*regexp.Regexp, []string) {
	var b strings.Builder
	var numbers []string
	b.WriteString("(?i)")
	for _, w := range piece.FindAllString(read(typed).s, -1) {
		switch {
		case isDigit(w[0]):
			numbers = append(numbers, w)
			b.WriteString("(" + number + ")")
		case strings.TrimSpace(w) == "":
			b.WriteString(`[ \n]*`)
		case len(w) == 1:
			b.WriteString(`[ \n]*` + regexp.QuoteMeta(w) + `[ \n]*`)
		default:
			b.WriteString(regexp.QuoteMeta(w))
		}
	}
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, nil
	}
	return re, numbers
}

// numbers compares numbers of orders and of case files.
func (p *paper) numbers(list []Named) (out []Difference) {
	for _, n := range list {
		re, want := shape(n.Value, "[0-9]+")
		digits := strings.Join(want, "")
		if re == nil || len(digits) < 3 || len(n.Value) > 100 {
			continue
		}
		if d, ok := p.otherNumber(n, re, digits); ok {
			out = append(out, d)
		}
	}
	return out
}

// otherNumber finds a number of the same form that is near to the typed one, where
// the typed one stands nowhere.
func (p *paper) otherNumber(n Named, re *regexp.Regexp, want string) (d Difference, found bool) {
	for _, m := range re.FindAllStringSubmatchIndex(p.s, mostRuns) {
		if joined(p.s, m[0], m[1]) {
			continue
		}
		got := ""
		for g := 2; g < len(m); g += 2 {
			got += p.s[m[g]:m[g+1]]
		}
		if got == want {
			return Difference{}, false
		}
		if !found && near(got, want) {
			d, found = p.says(n.Field, n.Value, p.s[m[0]:m[1]], m[0]), true
		}
	}
	return d, found
}

// joined tells whether a match is a part of something longer.
func joined(s string, from, to int) bool {
	part := func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	return from > 0 && part(s[from-1]) && part(s[from]) || to < len(s) && part(s[to]) && part(s[to-1])
}

var (
	section = regexp.MustCompile(`[0-9]+[A-Za-z]?`)
	word    = regexp.MustCompile(`\pL{2,}`)
)

// statutes compares provisions: the same law with another number, where the number
// that was typed stands nowhere in the order.
func (p *paper) statutes(list []Named) (out []Difference) {
	there := map[string]bool{}
	for _, m := range section.FindAllStringIndex(p.s, -1) {
		if !joined(p.s, m[0], m[1]) {
			there[strings.ToLower(p.s[m[0]:m[1]])] = true
		}
	}
	for _, n := range list {
		value := read(n.Value).s
		re := sections(value)
		if re == nil {
			continue
		}
		if d, ok := p.otherSection(n, re, section.FindAllString(value, -1), there); ok {
			out = append(out, d)
		}
	}
	return out
}

// sections gives what finds a provision's words with any numbers; nil where a
// provision has none, or no word to know it by.
func sections(value string) *regexp.Regexp {
	if len(value) > 200 || !section.MatchString(value) || !word.MatchString(section.ReplaceAllString(value, "")) {
		return nil
	}
	var parts []string
	for _, rest := range section.Split(value, -1) {
		words := strings.Fields(rest)
		for i, w := range words {
			words[i] = regexp.QuoteMeta(w)
		}
		parts = append(parts, strings.Join(words, `[ \n]*`))
	}
	re, err := regexp.Compile(`(?i)` + strings.Join(parts, `[ \n]*([0-9]+[a-z]?)[ \n]*`))
	if err != nil {
		return nil
	}
	return re
}

func (p *paper) otherSection(n Named, re *regexp.Regexp, want []string, there map[string]bool) (Difference, bool) {
	for _, m := range re.FindAllStringSubmatchIndex(p.s, 1000) {
		for g := 2; g < len(m) && g/2-1 < len(want); g += 2 {
			typed := strings.ToLower(want[g/2-1])
			if strings.ToLower(p.s[m[g]:m[g+1]]) != typed && !there[typed] {
				return p.says(n.Field, n.Value, p.s[m[0]:m[1]], m[0]), true
			}
		}
	}
	return Difference{}, false
}
