package domains

import (
	"regexp"
	"strings"
)

// written finds what may be a domain or the domain of a mail address in running
// text: labels of letters and digits joined by dots or by full stops of other
// scripts.
var written = regexp.MustCompile(`[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_-]{0,61}[\p{L}\p{M}\p{N}])?(?:[.\x{3002}\x{FF0E}][\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_-]{0,61}[\p{L}\p{M}\p{N}])?)+`)

// MaxFound is how many names Find gives of one text.
const MaxFound = 64

// Find gives the domain names that stand in a text, each once, in their order.
// What ends in no suffix that registries give out is left out: "S.94", file
// names, abbreviations.
func Find(text string) (found []Name) {
	seen := map[string]bool{}
	for _, w := range written.FindAllString(text, 20*MaxFound) {
		n, ok := Parse(strings.Map(fullStop, w))
		if !ok || seen[n.ASCII] || !icann(n) {
			continue
		}
		seen[n.ASCII] = true
		if found = append(found, n); len(found) == MaxFound {
			break
		}
	}
	return found
}

func fullStop(r rune) rune {
	if r == '。' || r == '．' {
		return '.'
	}
	return r
}

// icann tells whether the name's suffix is one of the public list's, and the
// name not a bare number with a unit.
func icann(n Name) bool {
	own := n.own()
	return managed(n.ASCII) && len(own) >= 2 && strings.ContainsFunc(own, func(r rune) bool { return r > '9' })
}
