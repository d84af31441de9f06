package ordercompare

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func on(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// form is the period from 3 October to 12 November 2026 as forms state it.
func form() Stated {
	return Stated{Refs: []string{"t1"}, From: on(2026, 10, 3), To: on(2026, 11, 12).Add(24*time.Hour - time.Minute), Zone: time.UTC}
}

var issued = on(2026, 11, 20)

// TestPeriods reads what orders say beside one period of the form.
func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		shown Shown
		text  string
	}{
		{Found, "from 2026-10-03 to 2026-11-12"},
		{Found, "from 2026-10-03T00:00:00Z until 2026-11-12T23:59:59Z"},
		{Found, "between 3 October 2026 and 12 November 2026"},
		{Found, "from the 3rd of October 2026 through the 12th of November 2026"},
		{Found, "from the 3rd day of October, 2026 until the 12th day of November, 2026"},
		{Found, "October 3, 2026 through November 12, 2026"},
		{Found, "October 3 to November 12, 2026"},
		{Found, "03-Oct-2026 to 12-Nov-2026"},
		{Found, "3/Oct/2026 - 12/Nov/2026"},
		{Found, "vom 3. Oktober 2026 bis zum 12. November 2026"},
		{Found, "vom 03.10.2026, 00:00 Uhr, bis 12.11.2026, 24:00 Uhr"},
		{Found, "vom 3. Oktober bis 12. November 2026"},
		{Found, "vom 03.10. bis 12.11.2026"},
		{Found, "03.10.–12.11.2026"},
		{Found, "vom 03.10.26 bis 12.11.26"},
		{Found, "Zeitraum:\n03.10.2026\n12.11.2026"},
		{Found, "du 3 octobre 2026 au 12 novembre 2026"},
		{Found, "entre le 3 octobre et le 12 novembre 2026"},
		{Found, "du 03/10/2026 à 0h00 au 12/11/2026 à 23h59, requis le 25/11/2026"},
		{Found, "de 3 de outubro de 2026 a 12 de novembro de 2026"},
		{Found, "de 3 de outubro a 12 de novembro de 2026"},
		{Found, "desde el 3 de octubre de 2026 hasta el 12 de noviembre de 2026"},
		{Found, "del 3 de octubre al 12 de noviembre del 2026"},
		{Found, "3 अक्टूबर 2026 से 12 नवंबर 2026 तक"},
		{Found, "3 अक्टू॰ 2026 से 12 नव॰ 2026"},
		{Found, "३ अक्टूबर २०२६ से १२ नवम्बर २०२६ तक"},
		{Found, "०३.१०.२०२६ से १२.११.२०२६ तक"},
		{Found, "من 3 أكتوبر 2026 إلى 12 نوفمبر 2026"},
		{Found, "من ٣ تشرين الأول ٢٠٢٦ حتى ١٢ تشرين الثاني ٢٠٢٦"},
		{Found, "od 3 października 2026 do 12 listopada 2026"},
		{Found, "dal 3 ottobre 2026 al 12 novembre 2026"},
		{Found, "van 3 oktober 2026 tot 12 november 2026"},
		{Found, "from 3 October\n2026 to 12\nNovember 2026"},
		{Found, "The seller was active from 1 January 2026 to 15 November 2026. Data are ordered from 3 October 2026 to 12 November 2026."},
		{Found, "from 3 October 2026, 00:00, to (and not including) 12 November 2026"},

		{Ambiguous, "from 03/10/2026 to 12/11/2026"},
		{Ambiguous, "03-10-2026 to 12-11-2026"},
		{Ambiguous, "03/10/26 to 12/11/26"},
		{Ambiguous, "from 03/10/2026 to 12/11/2026; offences of 25/09/2026 and 09/25/2026"}, // it writes both ways

		{Other, "from 3 October 2025 to 12 November 2025"},
		{Other, "from 4 October 2026 to 12 November 2026"},
		{Other, "from 3 October 2026 to 11 November 2026"},
		{Other, "from 3 October 2026 to 12 October 2026"},
		{Other, "du 5 au 12 octobre 2026"},
		{Other, "October 5-12, 2026"},
		{Other, "from 1 September 2026 to 10 October 2026"},
		{Other, "from 3 October 2024 to 12 November 2026; the offence lasted from 1 January 2026 to 10 November 2026"}, // the danger before the wider one
		{Wider, "from 1 October 2026 to 12 November 2026"},
		{Wider, "1 January 2026 - 31 December 2026"},
		{Wider, "from 03/10/2026 to 31/12/2026"},
		{Wider, "from 03/10/2026 to 12/11/2026; offence of 09/25/2026"}, // from 10 March to 11 December

		{Missing, ""},
		{Missing, "the data of the holder"},
		{Missing, "Date: 3 October 2026"},
		{Missing, "from 3 October 2026 until the date of this order"},
		{Missing, "from 1 January 2019 to 7 February 2019"},
		{Missing, "of 3 October 2026." + strings.Repeat(" The account was used to sell.", 4) + " On 12 November 2026"},
		{Missing, "from 31 February 2026 to 12 Novembro"},
		{Missing, "from 12 November 2026 to 3 October 2026"}, // backwards
	} {
		got := Periods("An order.\nPeriod: "+c.text+"\n", issued, []Stated{form()})
		if len(got) != 1 || got[0].Shown != c.shown {
			t.Errorf("%q: %+v, want %s", c.text, got, c.shown)
			continue
		}
		if got[0].Typed != "2026-10-03 – 2026-11-12" || (got[0].Shown == Missing) != (got[0].Says == "") || got[0].Shown != Missing && got[0].Page != 1 {
			t.Errorf("%q: %+v", c.text, got[0])
		}
	}
}

// TestPeriodsOfOneDay are written as one date, which is not that of the order.
func TestPeriodsOfOneDay(t *testing.T) {
	day := func(from, to time.Time) Stated { return Stated{From: from, To: to, Zone: time.UTC} }
	whole := day(on(2026, 10, 3), on(2026, 10, 4))
	for _, c := range []struct {
		shown  Shown
		text   string
		issued time.Time
		in     Stated
	}{
		{Found, "the sessions of 3 October 2026", issued, whole},
		{Found, "am 03.10.2026 zwischen 14 und 16 Uhr", issued, day(on(2026, 10, 3).Add(14*time.Hour), on(2026, 10, 3).Add(16*time.Hour))},
		{Found, "from 3 October 2026 00:00 to 4 October 2026 00:00", issued, whole},
		{Missing, "Issued: 3 October 2026", on(2026, 10, 3), whole},
		{Missing, "on 03/10/2026", issued, whole},
		{Missing, "the sessions of 3 October 2025", issued, whole},
	} {
		if got := Periods(c.text, c.issued, []Stated{c.in}); got[0].Shown != c.shown {
			t.Errorf("%q: %+v, want %s", c.text, got[0], c.shown)
		}
	}
}

// TestPeriodsInTheirZone are compared as the form states them, and the end of a
// period that is midnight is the end of the day before.
func TestPeriodsInTheirZone(t *testing.T) {
	kolkata := time.FixedZone("", 5*3600+1800)
	at := func(d int) time.Time { return time.Date(2026, 10, d, 0, 0, 0, 0, kolkata) }
	in := []Stated{{Refs: []string{"t1", "t3"}, From: at(3), To: at(13), Zone: kolkata}, {Refs: []string{"t2"}, From: at(3), To: at(14), Zone: kolkata}}
	want := []Period{
		{[]string{"t1", "t3"}, "2026-10-03 – 2026-10-12", Found, "3 October 2026 to 12 October 2026", 2, 2},
		{[]string{"t2"}, "2026-10-03 – 2026-10-13", Other, "3 October 2026 to 12 October 2026", 2, 2},
	}
	if diff := cmp.Diff(want, Periods("one\f\nfrom 3 October 2026 to 12 October 2026", issued, in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// forms are ways to write a date that can be read in one way.
var forms = []func(date) string{
	func(d date) string { return d.String() },
	func(d date) string { return fmt.Sprintf("%d/%02d/%02d", d[0], d[1], d[2]) },
	func(d date) string { return fmt.Sprintf("%02d.%02d.%d", d[2], d[1], d[0]) },
	func(d date) string { return fmt.Sprintf("%d. %d. %d", d[2], d[1], d[0]) },
	func(d date) string { return fmt.Sprintf("%02d.%02d.%02d", d[2], d[1], d[0]%100) },
}

// named adds a form for each name of a month, in four orders.
func formOf(n int, d date) string {
	n %= len(forms) + 4*16
	if n < len(forms) {
		return forms[n](d)
	}
	n -= len(forms)
	name := months[d[1]-1][n/4%len(months[d[1]-1])]
	switch n % 4 {
	case 0:
		return fmt.Sprintf("%d %s %d", d[2], name, d[0])
	case 1:
		return fmt.Sprintf("%s %d, %d", strings.ToUpper(name), d[2], d[0])
	case 2:
		return fmt.Sprintf("%d. %s %d", d[2], unaccented(name), d[0])
	}
	return fmt.Sprintf("%d de %s de %d", d[2], name, d[0])
}

// TestEveryDateIsRead writes every day of a leap year in every form and reads it.
func TestEveryDateIsRead(t *testing.T) {
	for at := on(2028, 1, 1); at.Year() < 2029; at = at.AddDate(0, 0, 1) {
		for n := range len(forms) + 4*16 {
			d := dateOf(at)
			text := "on " + formOf(n, d) + " it"
			got := apartFrom(datesIn(read(text).s))
			if len(got) != 1 || convention(unknown).of(got[0])[0] != d || len(convention(unknown).of(got[0])) != 1 {
				t.Fatalf("%q is read as %+v", text, got)
			}
		}
	}
}

// FuzzDate writes a period of any two days in any two forms and finds it.
func FuzzDate(f *testing.F) {
	f.Add(uint16(0), uint16(40), uint8(0), uint8(9), " to ")
	f.Add(uint16(9000), uint16(0), uint8(3), uint8(70), " bis ")
	f.Fuzz(func(t *testing.T, first, length uint16, a, b uint8, between string) {
		from := on(2000, 1, 1).AddDate(0, 0, int(first)%36000)
		to := from.AddDate(0, 0, int(length)%3000)
		if to.Year() > 2099 || len(between) > 40 || strings.ContainsFunc(between, func(r rune) bool { return r != ' ' && (r < 'a' || r > 'z') }) || !strings.HasPrefix(between, " ") || !strings.HasSuffix(between, " ") {
			return
		}
		text := "From " + formOf(int(a), dateOf(from)) + between + formOf(int(b), dateOf(to)) + "."
		got := Periods(text, issued, []Stated{{From: from, To: to.Add(time.Hour), Zone: time.UTC}})
		if got[0].Shown != Found {
			t.Errorf("%q: %+v", text, got[0])
		}
		wrong := Periods(text, time.Time{}, []Stated{{From: from.AddDate(0, 0, -1), To: to.Add(time.Hour), Zone: time.UTC}})
		if wrong[0].Shown == Found || wrong[0].Shown == Ambiguous {
			t.Errorf("%q shows a day before: %+v", text, wrong[0])
		}
	})
}

// FuzzPeriods reads any text: what is said of it stands in it.
func FuzzPeriods(f *testing.F) {
	f.Add("from 3 October 2026 to 12 November 2026")
	f.Add("01.10. bis 12.11.2026\f१ अक्टूबर 2026 से 03/10/26 - 12/11/26")
	f.Add("October 3 to November 12, 2026 du 1er au 3 mai 2026 2026 October 3")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 5000 {
			return
		}
		p := read(text)
		all := apartFrom(datesIn(p.s))
		hours := hoursIn(p.s, all)
		spans, single := p.spans(all, hours, unknown)
		timed, _ := p.daily(single, hours, unknown)
		for _, s := range append(spans, timed...) {
			for _, d := range s.ways {
				if !d.from.real() || !d.to.real() || d.to.before(d.from) {
					t.Errorf("%q reads as %s", s.text, d)
				}
			}
		}
		got := Periods(text, issued, []Stated{form(), {From: on(2026, 10, 3), To: on(2026, 10, 4), Zone: time.UTC}})
		for _, g := range got {
			if g.Shown == Missing {
				continue
			}
			if g.Page < 1 || g.Line < 1 || g.Says == "" || !strings.Contains(strings.Join(strings.Fields(p.s), " "), g.Says) {
				t.Errorf("%+v does not stand in %q", g, text)
			}
		}
	})
}
