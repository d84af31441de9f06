package ordercompare

import "strings"

// headLines are the lines of the first page in which an authority names itself.
const headLines = 6

// court compares who issued the order with its letterhead: the same words but for
// one, or but for a slip, where the name that was typed stands nowhere.
func (p *paper) court(typed string) []Difference {
	want := fold(typed)
	if len(want) < 2 || len(want) > 12 || strings.Contains(strings.Join(fold(p.s), " "), strings.Join(want, " ")) {
		return nil
	}
	at, seen := 0, 0
	for _, line := range strings.SplitAfter(p.s, "\n") {
		words := fold(line)
		if len(words) > 0 {
			seen++
		}
		if seen > headLines || at >= len(p.at) || p.at[at].page > 1 {
			return nil
		}
		for i := 0; i+len(want) <= len(words); i++ {
			if oneOther(words[i:i+len(want)], want) {
				return []Difference{p.says("issuer_name", typed, line, at)}
			}
		}
		at += len(line)
	}
	return nil
}

// fold gives the words of a name in small letters, without what stands around them.
func fold(s string) []string {
	return strings.Fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune(",.;:()\"'", r) {
			return ' '
		}
		return r
	}, strings.ToLower(read(s).s)))
}

// oneOther tells whether all words but one are the same.
func oneOther(a, b []string) bool {
	other := 0
	for i := range a {
		if a[i] != b[i] {
			other++
		}
	}
	return other == 1
}
