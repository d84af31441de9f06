package ordercompare

import (
	"strings"
	"testing"
	"time"
)

// berlin is the zone of the forms below, two hours east of UTC in May.
var berlin = time.FixedZone("", 2*3600)

func at(day, hour, minute int) time.Time { return time.Date(2026, 5, day, hour, minute, 0, 0, berlin) }

// TestTimesOfDay reads what orders say beside a form that states 3 May 08:00 to 4 May
// 20:00.
func TestTimesOfDay(t *testing.T) {
	form := Stated{Refs: []string{"t1"}, From: at(3, 8, 0), To: at(4, 20, 0), Zone: berlin}
	for _, c := range []struct {
		shown Shown
		text  string
	}{
		{Found, "from 3 May 2026 to 4 May 2026"}, // the form asks for less than the order
		{Found, "from 08:00 on 3 May 2026 to 20:00 on 4 May 2026"},
		{Found, "from 3 May 2026 at 8 a.m. to 4 May 2026 at 8 p.m."},
		{Found, "between 3 May 2026, 0800 hrs and 4 May 2026, 2000 hrs"},
		{Found, "2026-05-03T08:00:00 - 2026-05-04T20:00:00"},
		{Found, "2026-05-03T06:00:00Z/2026-05-04T18:00:00Z to its end, 2026-05-03 06:00 UTC to 2026-05-04 18:00 UTC"},
		{Found, "from 2026-05-03 11:30 +05:30 to 2026-05-04 23:30 +05:30"},
		{Found, "from 3 May 2026 11:30 to 4 May 2026 23:30 (Asia/Kolkata)"},
		{Found, "vom 03.05.2026, 08:00 Uhr, bis 04.05.2026, 20:00 Uhr"},
		{Found, "vom 3. Mai 2026, 8.00 Uhr bis zum 4. Mai 2026, 20 Uhr"},
		{Found, "von 8 Uhr am 3. Mai 2026 bis 20 Uhr am 4. Mai 2026 MESZ"},
		{Found, "du 3 mai 2026 à 8h00 au 4 mai 2026 à 20h00"},
		{Found, "du 3 mai 2026 à 08 h 00 au 4 mai 2026 à 20 heures"},
		{Found, "de 08h00 le 3 mai 2026 à 20h00 le 4 mai 2026"},
		{Found, "del 3 de mayo de 2026 a las 08:00 horas al 4 de mayo de 2026 a las 8 de la noche"},
		{Found, "das 8h de 3 de maio de 2026 às 20h de 4 de maio de 2026"},
		{Found, "dal 3 maggio 2026 ore 08:00 al 4 maggio 2026, 20:00"},
		{Found, "od 3 maja 2026 godz. 08:00 do 4 maja 2026 godz. 20:00"},
		{Found, "3 मई 2026 को 08:00 बजे से 4 मई 2026 को 20:00 बजे तक"},
		{Found, "३ मई २०२६ सुबह ८ बजे से ४ मई २०२६ शाम ८ बजे तक"},
		{Found, "من 3 مايو 2026 الساعة 08:00 إلى 4 مايو 2026 الساعة 20:00"},
		{Found, "من ٣ مايو ٢٠٢٦ الساعة ٨:٠٠ ص إلى ٤ مايو ٢٠٢٦ الساعة ٨:٠٠ م"},
		{Found, "from 3 May 08:00 to 4 May 2026 20:00"},
		{Found, "Facts of 1 May 2026. From 3 May 2026 08:00 to 4 May 2026."}, // no time of its end
		{Found, "sent on 3 May 2026 at 14:32; data from 3 May 2026 08:00 to 4 May 2026 20:00"},

		{Hours, "from 09:00 on 3 May 2026 to 20:00 on 4 May 2026"},
		{Hours, "from 3 May 2026, 08:00 to 4 May 2026, 18:00"},
		{Hours, "from 3 May 2026 at 8 a.m. to 4 May 2026 at 8 a.m."},
		{Hours, "from 3 May 2026 08:00 UTC to 4 May 2026 20:00 UTC"},
		{Hours, "All times are UTC. From 3 May 2026 08:00 to 4 May 2026 20:00."},
		{Hours, "vom 03.05.2026, 10 Uhr bis 04.05.2026, 20 Uhr"},
		{Hours, "du 3 mai 2026 à 8h30 au 4 mai 2026 à 20h00"},
		{Hours, "del 3 de mayo de 2026 a las 08:00 al 4 de mayo de 2026 a las 8 de la mañana"},
		{Hours, "das 9h de 3 de maio de 2026 às 20h de 4 de maio de 2026"},
		{Hours, "3 मई 2026 को 08:00 बजे से 4 मई 2026 को 21:00 बजे तक"},
		{Hours, "من 3 مايو 2026 الساعة 07:00 إلى 4 مايو 2026 الساعة 20:00"},
		{Hours, "from 3 May 2026 to 4 May 2026, from 08:00 to 20:00"},                                     // of each day, perhaps
		{Hours, "Facts from 3 May 2026 to 4 May 2026. Data: from 3 May 2026, 10:00 to 4 May 2026, 12:00"}, // the days alone stand there too
		{Hours, "from noon on 3 May 2026 to midnight on 4 May 2026"},

		{Other, "from 3 May 2026 23:00 UTC to 4 May 2026 18:00 UTC"}, // the fourth of May, in the form's zone
		{Wider, "from 2 May 2026 08:00 to 4 May 2026 20:00"},
	} {
		got := Periods("An order.\nPeriod: "+c.text+"\n", issued, []Stated{form})
		if got[0].Shown != c.shown {
			t.Errorf("%q: %+v, want %s", c.text, got[0], c.shown)
		}
		if want := "2026-05-03 08:00 – 2026-05-04 20:00 +02:00"; got[0].Shown == Hours && got[0].Typed != want {
			t.Errorf("%q: typed %s, want %s", c.text, got[0].Typed, want)
		}
	}
}

// TestTimesOfOneDay reads periods within a day, and one that goes on past its midnight.
func TestTimesOfOneDay(t *testing.T) {
	day := Stated{From: at(3, 8, 0), To: at(3, 20, 0), Zone: berlin}
	whole := Stated{From: at(3, 0, 0), To: at(3, 23, 59), Zone: berlin}
	night := Stated{From: at(3, 22, 0), To: at(4, 2, 0), Zone: berlin}
	moment := Stated{From: at(3, 14, 32), To: at(3, 14, 33), Zone: berlin}
	for _, c := range []struct {
		shown Shown
		in    Stated
		text  string
	}{
		{Found, day, "from 08:00 on 3 May 2026 to 20:00"},
		{Found, day, "on 3 May 2026 from 08:00 to 20:00"},
		{Found, day, "between 08:00 and 20:00 on 3 May 2026"},
		{Found, day, "am 3. Mai 2026 von 8 bis 20 Uhr"},
		{Found, day, "am 03.05.2026 zwischen 8 und 20 Uhr"},
		{Found, day, "le 3 mai 2026 de 8h à 20h"},
		{Found, day, "le 3 mai 2026 entre 8 h 00 et 20 h 00"},
		{Found, day, "el 3 de mayo de 2026 de 08:00 a 20:00 horas"},
		{Found, day, "em 3 de maio de 2026, das 8h às 20h"},
		{Found, day, "3 मई 2026 को 08:00 से 20:00 बजे तक"},
		{Found, day, "يوم 3 مايو 2026 من الساعة 08:00 إلى الساعة 20:00"},
		{Found, day, "on 2026-05-03, 08:00-20:00"},
		{Found, day, "on 3 May 2026"},
		{Hours, day, "on 3 May 2026 from 08:00 to 12:00"},
		{Hours, day, "am 3. Mai 2026 von 8 bis 18 Uhr"},
		{Hours, day, "le 3 mai 2026 de 9h à 20h"},
		{Hours, whole, "on 3 May 2026 from 08:00 to 20:00"},
		{Hours, whole, "3 May 2026; on 3 May 2026 from 08:00 to 20:00"},
		{Hours, whole, "the address used on 3 May 2026 at 14:32"},
		{Found, whole, "sent on 3 May 2026 at 14:32. Give the sessions of 3 May 2026."},
		{Found, whole, "on 3 May 2026 from 00:00 to 24:00"},
		{Found, whole, "from midnight to midnight on 3 May 2026"},
		{Found, moment, "the address used on 3 May 2026 at 14:32"},
		{Found, night, "on 3 May 2026 from 22:00 to 02:00"},
		{Found, night, "from 22:00 on 3 May 2026 to 02:00 on 4 May 2026"},
		{Hours, night, "on 3 May 2026 from 22:00 to 03:00"},
		{Wider, day, "from 2 May 2026 to 3 May 2026"},
	} {
		if got := Periods(c.text, issued, []Stated{c.in}); got[0].Shown != c.shown {
			t.Errorf("%q: %+v, want %s", c.text, got[0], c.shown)
		}
	}
}

// TestAFormOfWholeDays is not shown by an order that gives a part of them.
func TestAFormOfWholeDays(t *testing.T) {
	for text, want := range map[string]Shown{
		"From 3 October 2026 09:00:00 +05:30 to 12 November 2026 08:59:00 +05:30 (Asia/Kolkata).": Hours,
		"from 3 October 2026 05:30 (Asia/Kolkata) to 13 November 2026 05:29 (Asia/Kolkata)":       Found,
		"from 3 October 2026, 00:00 hrs to 12 November 2026, 23:59 hrs":                           Found,
		"from 3 October 2026, 08:00 hrs to 12 November 2026":                                      Hours,
		"from 3 October 2026 to 12 November 2026, 18:00":                                          Hours,
	} {
		if got := Periods(text, issued, []Stated{form()}); got[0].Shown != want {
			t.Errorf("%q: %+v, want %s", text, got[0], want)
		}
	}
}

// TestWholeMonths are periods from their first day to their last.
func TestWholeMonths(t *testing.T) {
	whole := func(from, to int) Stated {
		return Stated{From: on(2028, from, 1), To: on(2028, to+1, 1), Zone: time.UTC}
	}
	for _, c := range []struct {
		shown Shown
		in    Stated
		text  string
	}{
		{Found, whole(2, 2), "the sessions of February 2028"},
		{Found, whole(2, 2), "im Februar 2028"},
		{Found, whole(2, 2), "em fevereiro de 2028"},
		{Found, whole(2, 2), "फरवरी 2028 में"},
		{Found, whole(2, 4), "from February 2028 to April 2028"},
		{Found, whole(2, 4), "de février 2028 à avril 2028"},
		{Found, whole(2, 4), "Offence of January 2028. From February 2028 until April 2028"},
		{Wider, whole(3, 3), "from February 2028 to April 2028"},
		{Other, whole(2, 2), "the sessions of February 2027"},
		{Other, whole(2, 4), "February 2028"},
		{Missing, whole(2, 2), "Dated 3 February 2028"},
		{Missing, whole(2, 2), "on February 3, 2028"},
		{Missing, whole(2, 2), "April 2026"},
	} {
		if got := Periods(c.text, issued, []Stated{c.in}); got[0].Shown != c.shown {
			t.Errorf("%q: %+v, want %s", c.text, got[0], c.shown)
		}
	}
}

// TestManyTimesTakeLittle reads the longest text that is compared, full of dates with
// times.
func TestManyTimesTakeLittle(t *testing.T) {
	text := "All in UTC. " + strings.Repeat("3 May 2026 08:00 to 8 and 9 Uhr\n", mostText/30)
	if got := Periods(text, issued, []Stated{form()}); got[0].Shown != Missing {
		t.Errorf("%+v", got)
	}
}
