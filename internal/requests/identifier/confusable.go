package identifier

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// lookalikes maps characters to the Latin letter or digit that they are drawn
// like. It holds the scripts that occur in forged agency names and domains
// (Cyrillic, Greek, Armenian, and a few Latin letters and digits), not the
// whole of the Unicode table; wide, styled and superscript letters fall to
// NFKC before it is used.
// SPEC: UTS 39 §4 (skeleton).
var lookalikes = pairs(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "ё", "e", "һ", "h", "і", "i", "ї", "i", "ӏ", "l", "ј", "j", "к", "k", "м", "m",
	"н", "h", "о", "o", "р", "p", "ԛ", "q", "г", "r", "ѕ", "s", "т", "t", "ү", "y", "у", "y", "ѵ", "v", "ԝ", "w", "х", "x", "з", "3", "б", "6", "ч", "4",
	"α", "a", "β", "b", "ϲ", "c", "δ", "d", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "σ", "o", "τ", "t", "υ", "u", "χ", "x", "γ", "y", "ω", "w", "ζ", "z", "ϳ", "j",
	"ս", "u", "օ", "o", "ո", "n", "հ", "h", "ց", "g", "զ", "q", "լ", "l", "ք", "p", "յ", "j",
	"ı", "i", "ł", "l", "ø", "o", "đ", "d", "ħ", "h", "ŧ", "t", "ɑ", "a", "ɡ", "g", "ɩ", "i", "ʏ", "y", "ꞌ", "'", "’", "'", "‘", "'",
	"0", "o", "1", "l", "|", "l", "–", "-", "‐", "-", "‑", "-", "—", "-", "ー", "-",
)

func pairs(kv ...string) map[rune]string {
	m := make(map[rune]string, len(kv)/2)
	for i := 0; i < len(kv); i += 2 {
		m[[]rune(kv[i])[0]] = kv[i+1]
	}
	return m
}

// Skeleton gives the form in which texts that look alike are equal: two agency
// names or domains with one skeleton are to be taken for one another. It is
// for comparing only, never for showing or storing in place of the text.
// "rn" counts as "m", "vv" as "w"; capital I as l.
func Skeleton(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.M, r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		if r == 'I' {
			r = 'l'
		}
		r = unicode.ToLower(r)
		if like, ok := lookalikes[r]; ok {
			b.WriteString(like)
		} else if !unicode.IsSpace(r) {
			b.WriteRune(r)
		}
	}
	// i and l are told apart only by a dot: they count as one.
	return strings.NewReplacer("rn", "m", "vv", "w", "i", "l").Replace(b.String())
}

// mixed says which word holds letters of scripts that do not belong together.
// SPEC: UTS 39 §5.2, "highly restrictive", word by word.
func mixed(s string) string {
	for _, word := range strings.FieldsFunc(s, notWord) {
		if a, b := twoScripts(word); b != "" {
			return "One word mixes " + a + " and " + b + " letters, which can look alike; type it in one script."
		}
	}
	return ""
}

func notWord(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && !unicode.IsDigit(r)
}

// together are scripts that are written in one word.
var together = map[string]string{"Hiragana": "Han", "Katakana": "Han", "Bopomofo": "Han", "Hangul": "Han"}

// twoScripts names two scripts of a word that do not belong together; the
// second is empty where all do.
func twoScripts(word string) (first, second string) {
	for _, r := range word {
		s := script(r)
		if s == "" {
			continue
		}
		if base, ok := together[s]; ok {
			s = base
		}
		if first == "" {
			first = s
		} else if s != first {
			return first, s
		}
	}
	return first, ""
}

// script gives the script of a letter or digit; nothing for what all share.
func script(r rune) string {
	if r < 128 {
		if asciiLetter(r) {
			return "Latin"
		}
		return ""
	}
	for _, name := range scriptNames {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return ""
}
