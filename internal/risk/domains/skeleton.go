package domains

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed confusables.txt
var confusables string

// prototypes gives what each confusable character is drawn like.
var prototypes = sync.OnceValue(func() map[rune]string {
	m := map[rune]string{}
	for _, line := range strings.Split(confusables, "\n") {
		from, to, ok := strings.Cut(line, " ")
		r, err := strconv.ParseUint(from, 16, 32)
		if !ok || err != nil {
			continue // a comment
		}
		var like strings.Builder
		for _, hex := range strings.Split(to, "+") {
			c, err := strconv.ParseUint(hex, 16, 32)
			if err != nil {
				panic("confusables.txt: " + line) // embedded: a defect of the build
			}
			like.WriteRune(rune(c))
		}
		m[rune(r)] = like.String()
	}
	return m
})

// pairs of letters are drawn like one letter; Unicode's table maps single
// characters only.
var pairs = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d")

// asOne takes i and l, which a dot at most tells apart, as one.
var asOne = strings.NewReplacer("i", "l")

// Skeleton gives the form in which names that look alike are equal. It is for
// comparing only.
// SPEC: UTS #39 §4, and after it without marks, without case, and with pairs of
// letters that look like one taken as that one.
func Skeleton(s string) string {
	var b strings.Builder
	like := prototypes()
	for _, r := range norm.NFD.String(s) {
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) {
			continue
		}
		if p, ok := like[r]; ok {
			b.WriteString(p)
		} else {
			b.WriteRune(r)
		}
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(b.String()))
	return asOne.Replace(pairs.Replace(plain))
}

// squeeze takes hyphens and dots out of a skeleton: "ag-koeln.nrw" and
// "agkoeln-nrw" are squeezed alike.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '-', '.', '_', '·', '\'':
			return -1
		}
		return r
	}, Skeleton(s))
}
