package domains

import (
	"strings"
)

// family is one way in which people make up names that are taken for another;
// the families are those of the program dnstwist.
type family string

// permutations makes names that are like a domain, by family. The parts between
// the dots of the name on file, without its ending, are what is varied.
func permutations(host string) map[family][]string {
	n, ok := Parse(host)
	if !ok {
		panic(host)
	}
	p := permuter{core: []rune(n.core()), suffix: unicodeOf(n.Suffix), out: map[family][]string{}, seen: map[string]bool{n.Unicode: true}}
	p.letters()
	p.marks()
	p.homoglyphs()
	p.words()
	p.endings()
	return p.out
}

type permuter struct {
	core   []rune
	suffix string
	out    map[family][]string
	seen   map[string]bool
}

func (p *permuter) add(f family, core string) { p.addHost(f, core+"."+p.suffix) }

func (p *permuter) addHost(f family, host string) {
	n, ok := Parse(host)
	if !ok || p.seen[n.Unicode] || strings.Contains(host, "..") || strings.Contains(host, "--") && !strings.Contains(n.ASCII, "xn--") {
		return
	}
	p.seen[n.Unicode] = true
	p.out[f] = append(p.out[f], host)
}

const (
	alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	vowels   = "aeiou"
)

// near are the keys beside each on the keyboards qwerty, qwertz and azerty.
var near = map[rune]string{'q': "12wa", 'w': "23esaq", 'e': "34rdsw", 'r': "45tfde", 't': "56ygfrz", 'y': "67uhgt", 'u': "78ijhy", 'i': "89okju", 'o': "90plki", 'p': "0lo",
	'a': "qwszy", 's': "edxzaw", 'd': "rfcxse", 'f': "tgvcdr", 'g': "yhbvft", 'h': "ujnbgy", 'j': "ikmnhu", 'k': "olmji", 'l': "pok", 'z': "asxtu", 'x': "zsdc", 'c': "xdfv",
	'v': "cfgb", 'b': "vghn", 'n': "bhjm", 'm': "njk"}

func (p *permuter) letters() {
	c := p.core
	with := func(i, j int, mid string) string { return string(c[:i]) + mid + string(c[j:]) }
	for i, r := range c {
		if r == '.' || r == '-' {
			continue
		}
		p.add("omission", with(i, i+1, ""))
		p.add("repetition", with(i, i, string(r)))
		for _, k := range near[r] {
			p.add("replacement", with(i, i+1, string(k)))
			p.add("insertion", with(i, i, string(k)))
			p.add("insertion", with(i+1, i+1, string(k)))
		}
		if strings.ContainsRune(vowels, r) {
			for _, v := range vowels {
				p.add("vowel-swap", with(i, i+1, string(v)))
			}
		}
		for bit := range 8 {
			if b := r ^ 1<<bit; strings.ContainsRune(alphabet+"-", b) {
				p.add("bitsquatting", with(i, i+1, string(b)))
			}
		}
		if i+1 < len(c) && c[i+1] != '.' && c[i+1] != '-' {
			p.add("transposition", with(i, i+2, string(c[i+1])+string(r)))
		}
	}
	for _, a := range alphabet {
		p.add("addition", string(c)+string(a))
		p.add("addition", string(a)+string(c))
	}
	p.add("plural", string(c)+"s")
}

// marks moves hyphens and dots about.
func (p *permuter) marks() {
	c := string(p.core)
	p.add("hyphenation", strings.ReplaceAll(c, "-", ""))
	p.add("hyphenation", strings.ReplaceAll(c, ".", "-"))
	p.add("hyphenation", strings.ReplaceAll(strings.ReplaceAll(c, "-", ""), ".", "-"))
	p.add("hyphenation", strings.NewReplacer("-", "", ".", "").Replace(c))
	for i := 1; i < len(p.core); i++ {
		if before, after := p.core[i-1], p.core[i]; before != '.' && after != '.' && before != '-' && after != '-' {
			p.add("hyphenation", string(p.core[:i])+"-"+string(p.core[i:]))
		}
	}
	for _, end := range []string{"com", "net", "org", "info"} {
		p.addHost("hyphenation", strings.ReplaceAll(c, ".", "-")+"-"+strings.ReplaceAll(p.suffix, ".", "-")+"."+end)
	}
}

// drawn are letters of other scripts and pairs that are drawn like a letter.
var drawn = map[rune][]string{'a': {"а", "ɑ", "à", "á", "ä", "â", "ạ", "ą"}, 'b': {"Ь", "ḅ", "6"}, 'c': {"с", "ϲ", "ç", "ċ", "ć"}, 'd': {"ԁ", "ɗ", "cl", "đ", "ḍ"}, 'e': {"е", "é", "è", "ë", "ẹ", "ę"},
	'f': {"ƒ"}, 'g': {"ɡ", "ġ", "ğ", "ց"}, 'h': {"һ", "հ"}, 'i': {"і", "1", "l", "í", "ï", "ı", "ị"}, 'j': {"ј", "ʝ"}, 'k': {"ķ", "κ"}, 'l': {"1", "ӏ", "ł", "ḷ", "i"}, 'm': {"rn", "nn", "ṃ"}, 'n': {"ո", "ñ", "ń", "ṇ"},
	'o': {"о", "0", "ο", "օ", "ö", "ó", "ọ"}, 'p': {"р", "ρ", "þ"}, 'q': {"ԛ"}, 'r': {"ŗ", "ř", "ṛ"}, 's': {"ѕ", "ś", "ş", "ṣ"}, 't': {"ţ", "ť", "ṭ"}, 'u': {"υ", "ս", "ü", "ú", "ụ"}, 'v': {"ѵ", "ν", "ṿ"}, 'w': {"ԝ", "vv", "ŵ", "ẉ"},
	'x': {"х", "ẋ"}, 'y': {"у", "ý", "ỵ"}, 'z': {"ż", "ž", "ẓ"}}

func (p *permuter) homoglyphs() {
	for i, r := range p.core {
		for _, like := range drawn[r] {
			p.add("homoglyph", string(p.core[:i])+like+string(p.core[i+1:]))
			for j := i + 1; j < len(p.core); j++ {
				if second := drawn[p.core[j]]; len(second) > 0 {
					p.add("homoglyph", string(p.core[:i])+like+string(p.core[i+1:j])+second[0]+string(p.core[j+1:]))
				}
			}
		}
	}
}

func (p *permuter) words() {
	c := string(p.core)
	for _, w := range strings.Fields("mail portal secure login police justice gov court legal verify online orders requests") {
		p.add("dictionary", c+"-"+w)
		p.add("dictionary", w+"-"+c)
		p.add("dictionary", c+w)
		p.add("dictionary", w+c)
	}
	for _, host := range []string{"example.com", "secure-mail.net", "portal.info"} {
		p.addHost("subdomain", c+"."+p.suffix+"."+host)
		p.addHost("subdomain", strings.ReplaceAll(c+"."+p.suffix, ".", "-")+"."+host)
	}
	p.addHost("various", "www"+c+"."+p.suffix)
	p.addHost("various", "www-"+c+"."+p.suffix)
	p.addHost("various", c+strings.ReplaceAll(p.suffix, ".", "")+".com")
	p.addHost("various", c+"-"+strings.ReplaceAll(p.suffix, ".", "-")+".com")
}

func (p *permuter) endings() {
	c := strings.ReplaceAll(string(p.core), ".", "-")
	for _, end := range strings.Fields("com net org info eu biz co cc online site top xyz io app dev de fr uk.com us in cn ru nl be ch at pl cz legal email agency support") {
		p.addHost("tld-swap", string(p.core)+"."+end)
		p.addHost("tld-swap", c+"."+end)
	}
}
