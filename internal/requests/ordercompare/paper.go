package ordercompare

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mostText is how many bytes of the text are compared.
const mostText = 400_000

// paper is an order's text in one form of writing, with where each byte stands.
type paper struct {
	s  string
	at []place // of each byte of s
	// utc is true where the text speaks of UTC: times without a zone may be of it.
	utc bool
}

type place struct{ page, line int32 }

// read puts a text into one form: compatible characters as their plain ones,
// digits of every script as 0 to 9, dashes as hyphens, nothing invisible.
func read(text string) *paper {
	p := &paper{}
	var b strings.Builder
	here := place{1, 1}
	text = text[:min(len(text), mostText)]
	for _, r := range norm.NFKC.String(strings.ToValidUTF8(text, "")) {
		c := plain(r)
		if c < 0 {
			continue
		}
		n := b.Len()
		b.WriteRune(c)
		for range b.Len() - n {
			p.at = append(p.at, here)
		}
		switch r {
		case '\f':
			here = place{here.page + 1, 1}
		case '\n':
			here.line++
		}
	}
	p.s = b.String()
	return p
}

// plain gives a character in one form of writing, -1 for one that is not seen.
func plain(r rune) rune {
	switch {
	case r == '\n' || r == '\f':
		return '\n'
	case unicode.Is(unicode.Cf, r):
		return -1
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '\u2212':
		return '-'
	case r > 127 && unicode.Is(unicode.Nd, r):
		return digit(r)
	}
	return r
}

// digit gives the digit that a decimal character of any script stands for: each
// range of them begins with a zero and holds whole tens.
func digit(r rune) rune {
	for _, x := range unicode.Nd.R16 {
		if r >= rune(x.Lo) && r <= rune(x.Hi) {
			return '0' + (r-rune(x.Lo))%10
		}
	}
	for _, x := range unicode.Nd.R32 {
		if r >= rune(x.Lo) && r <= rune(x.Hi) {
			return '0' + (r-rune(x.Lo))%10
		}
	}
	return r
}

func (p *paper) empty() bool { return strings.TrimSpace(p.s) == "" }

// says is the difference at a byte of the text.
func (p *paper) says(field, typed, says string, at int) Difference {
	return Difference{Field: field, Typed: typed, Says: strings.Join(strings.Fields(says), " "), Page: int(p.at[at].page), Line: int(p.at[at].line)}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// near tells whether two words could be one another with a slip of the hand: one
// letter too many or too few, up to two others, or two that changed places.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	switch len(b) - len(a) {
	case 0:
		return a != b && differ(a, b) <= 2
	case 1:
		i := 0
		for i < len(a) && a[i] == b[i] {
			i++
		}
		return a[i:] == b[i+1:]
	}
	return false
}

// differ counts the places at which two words of one length differ, to three.
func differ(a, b string) int {
	n := 0
	for i := 0; i < len(a) && n < 3; i++ {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
