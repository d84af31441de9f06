package ordercompare

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// months are the names of the months, and their beginnings, in the languages in
// which orders come. Those of the Latin script count without their accents too.
var months = [12][]string{
	{"january", "jan", "januar", "jänner", "janvier", "janv", "enero", "ene", "janeiro", "gennaio", "gen", "januari", "stycznia", "जनवरी", "जन", "يناير", "كانون الثاني", "جانفي"},
	{"february", "feb", "februar", "février", "févr", "febrero", "fevereiro", "fev", "febbraio", "februari", "lutego", "फ़रवरी", "फरवरी", "फ़र", "फर", "فبراير", "شباط", "فيفري"},
	{"march", "mar", "märz", "mrz", "mars", "marzo", "março", "maart", "marca", "मार्च", "مارس", "آذار"},
	{"april", "apr", "avril", "avr", "abril", "abr", "aprile", "kwietnia", "अप्रैल", "أبريل", "ابريل", "إبريل", "نيسان", "أفريل"},
	{"may", "mai", "mayo", "maio", "maggio", "mag", "mei", "maja", "मई", "مايو", "أيار", "ماي"},
	{"june", "jun", "juni", "juin", "junio", "junho", "giugno", "giu", "czerwca", "जून", "يونيو", "حزيران", "جوان"},
	{"july", "jul", "juli", "juillet", "juil", "julio", "julho", "luglio", "lug", "lipca", "जुलाई", "जुल", "يوليو", "تموز", "جويلية"},
	{"august", "aug", "août", "agosto", "ago", "augustus", "sierpnia", "अगस्त", "अग", "أغسطس", "اغسطس", "آب", "أوت"},
	{"september", "sep", "sept", "septembre", "septiembre", "setembro", "set", "settembre", "września", "सितंबर", "सितम्बर", "सित", "سبتمبر", "أيلول"},
	{"october", "oct", "oktober", "okt", "octobre", "octubre", "outubro", "out", "ottobre", "ott", "października", "अक्टूबर", "अक्तूबर", "अक्टू", "أكتوبر", "اكتوبر", "تشرين الأول"},
	{"november", "nov", "novembre", "noviembre", "novembro", "listopada", "नवंबर", "नवम्बर", "नव", "نوفمبر", "تشرين الثاني"},
	{"december", "dec", "dezember", "dez", "décembre", "déc", "diciembre", "dic", "dezembro", "dicembre", "grudnia", "दिसंबर", "दिसम्बर", "दिस", "ديسمبر", "كانون الأول"},
}

var monthOf, monthNames = named()

// named gives the month, from 1, of each name as a paper writes it, and the
// expression that finds any of them, the longest first.
func named() (map[string]int, string) {
	of := map[string]int{}
	for i, names := range months {
		for _, name := range names {
			for _, written := range []string{name, unaccented(name)} {
				of[strings.ToLower(read(written).s)] = i + 1
			}
		}
	}
	var all []string
	for name := range of {
		all = append(all, strings.ReplaceAll(regexp.QuoteMeta(name), " ", `[ \n]+`))
	}
	slices.SortFunc(all, func(a, b string) int { return 2*(len(b)-len(a)) + strings.Compare(a, b) })
	return of, "(" + strings.Join(all, "|") + ")"
}

// unaccented gives a Latin name as those write it who have no accents.
func unaccented(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) && r < 0x0370 {
			return -1
		}
		return r
	}, norm.NFD.String(name))
}

// month gives the number of a month's name, 0 for what is none.
func month(word string) int {
	return monthOf[strings.Join(strings.Fields(strings.ToLower(word)), " ")]
}
