// Package domains tells whether a domain name would be taken for another one:
// an authority's that is on file. It compares how names look and how people
// make them up, and asks no network.
//
// Invariants:
//   - a name that is on file, or lies below one that is, is never called a
//     look-alike: who owns a registered domain owns all below it;
//   - a name is compared in the form in which browsers look it up, and shown in
//     both of its forms where they differ;
//   - no input makes it fail: what is no domain name is said to be none.
package domains

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Name is a domain name, taken apart.
type Name struct {
	ASCII       string // as it is looked up, e.g. "xn--gkoeln-2nf.de"
	Unicode     string // as it is shown, e.g. "аgkoeln.de"
	Registrable string // what its owner registered, e.g. "nrw.de"; ASCII
	Suffix      string // the public suffix, e.g. "de", "police.uk"
	Mixed       string // two scripts in one label, e.g. "Latin and Cyrillic"; empty if there are none
	Restricted  bool   // names under the suffix are given to authorities only
}

// profile maps names as browsers do before they look them up.
// SPEC: UTS #46, non-transitional.
var profile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true))

// Parse reads a domain name, with or without "www." and a final dot. ok is
// false where the text is none.
func Parse(text string) (n Name, ok bool) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if text == "" || len(text) > 1000 || strings.ContainsAny(text, "/@: \t\n") {
		return n, false
	}
	ascii, err := profile.ToASCII(text)
	if err != nil || !strings.Contains(ascii, ".") || len(ascii) > 253 {
		return n, false
	}
	ascii = strings.TrimPrefix(ascii, "www.")
	n.ASCII = ascii
	if n.Unicode, err = profile.ToUnicode(ascii); err != nil {
		return n, false
	}
	if n.Registrable, err = publicsuffix.EffectiveTLDPlusOne(ascii); err != nil {
		return n, false
	}
	n.Suffix, _ = publicsuffix.PublicSuffix(ascii)
	n.Mixed, n.Restricted = mixed(n.Unicode), restricted(n.Suffix)
	return n, true
}

// Shown gives the name as people should see it: both forms where there are two.
func (n Name) Shown() string {
	if n.Unicode == n.ASCII {
		return n.ASCII
	}
	return n.Unicode + " (" + n.ASCII + ")"
}

// core is the name without its public suffix, e.g. "ag-koeln.nrw".
func (n Name) core() string {
	return strings.TrimSuffix(strings.TrimSuffix(n.Unicode, unicodeOf(n.Suffix)), ".")
}

// own is the label that was registered, e.g. "nrw".
func (n Name) own() string {
	return strings.TrimSuffix(unicodeOf(n.Registrable), "."+unicodeOf(n.Suffix))
}

func unicodeOf(ascii string) string {
	if u, err := profile.ToUnicode(ascii); err == nil {
		return u
	}
	return ascii
}

// mixed names two scripts of one label that are not written together.
// SPEC: UTS #39 §5.2.
func mixed(name string) string {
	for _, label := range strings.Split(name, ".") {
		first := ""
		for _, r := range label {
			s := script(r)
			switch {
			case s == "" || s == first:
			case first == "":
				first = s
			default:
				return first + " and " + s
			}
		}
	}
	return ""
}

// script gives the script of a letter, nothing for what all share. Scripts of
// East Asia that are written together count as one.
func script(r rune) string {
	if r < unicode.MaxASCII {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	for _, name := range []string{"Latin", "Cyrillic", "Greek", "Armenian", "Hebrew", "Arabic", "Devanagari", "Thai", "Cherokee", "Georgian"} {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	for _, name := range []string{"Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"} {
		if unicode.Is(unicode.Scripts[name], r) {
			return "Han"
		}
	}
	if unicode.IsLetter(r) {
		return "another script"
	}
	return ""
}

// managed tells whether the suffix of a name stands in the public list, or is
// the one under which evaluations and documentation invent names.
// SPEC: RFC 2606 §2.
func managed(ascii string) bool {
	suffix, icann := publicsuffix.PublicSuffix(ascii)
	return icann || strings.Contains(suffix, ".") || suffix == "example"
}
