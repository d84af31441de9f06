package web

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// calendar says how a language writes days: the months' short names, and the
// pattern of a day of the year, in which d, M and y stand for day, month and
// year. Times of day are always of 24 hours, digits always 0 to 9, as on orders.
// SPEC: Unicode CLDR 46, gregorian dateFormats (d MMM y) and months abbreviated.
type calendar struct {
	months [12]string
	day    string // with the year
	short  string // without it
	comma  string // between day and time of day, and in lists
}

// calendars are the languages' own; another language is written as English.
var calendars = map[string]calendar{
	"en": {[12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}, "d M y", "d M", ", "},
	"de": {[12]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."}, "d. M y", "d. M", ", "},
	"fr": {[12]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}, "d M y", "d M", ", "},
	"es": {[12]string{"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"}, "d M y", "d M", ", "},
	"pt": {[12]string{"jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."}, "d de M de y", "d de M", ", "},
	"hi": {[12]string{"जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्टू॰", "नव॰", "दिस॰"}, "d M y", "d M", ", "},
	"ar": {[12]string{"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"}, "d M y", "d M", "، "},
}

func calendarOf(lang language.Tag) calendar {
	base, _ := lang.Base()
	if c, ok := calendars[base.String()]; ok {
		return c
	}
	return calendars["en"]
}

// fill writes t by a pattern of the calendar.
func (c calendar) fill(pattern string, t time.Time) string {
	return strings.NewReplacer("d ", strconv.Itoa(t.Day())+" ", "d.", strconv.Itoa(t.Day())+".",
		"M", c.months[t.Month()-1], "y", strconv.Itoa(t.Year())).Replace(pattern)
}

// date gives the day of t as it is in UTC.
func (c calendar) date(t time.Time) string { return c.fill(c.day, t.UTC()) }

// moment gives an instant in UTC by a layout for the time of day.
func (c calendar) moment(t time.Time, clock string) string {
	t = t.UTC()
	return c.fill(c.day, t) + c.comma + t.Format(clock) + " UTC"
}

// local gives an instant in the zone of t with its offset.
func (c calendar) local(t time.Time) string {
	return c.fill(c.short, t) + c.comma + t.Format("15:04 UTC-07:00")
}

// Date gives a day in the reader's language.
func (c *Ctx) Date(t time.Time) string { return calendarOf(c.lang).date(t) }

// list joins words as the reader's language does.
func (c *Ctx) list(words []string) string { return strings.Join(words, calendarOf(c.lang).comma) }

// Moment gives an instant in UTC, to the minute, in the reader's language.
func (c *Ctx) Moment(t time.Time) string { return calendarOf(c.lang).moment(t, "15:04") }

// funcs are the few functions that templates have, in one language.
func funcs(lang language.Tag) template.FuncMap {
	cal := calendarOf(lang)
	return template.FuncMap{
		"groups": groups,
		"lower":  strings.ToLower,
		// moment and local are an instant of a When, in UTC and in its own zone.
		"moment": func(w When) string { return cal.moment(w.At, "15:04") },
		"local": func(w When) string {
			if w.Local() == "" {
				return ""
			}
			return cal.local(w.At.In(w.Zone))
		},
		"dir": func() string { return direction(lang) },
	}
}

func direction(lang language.Tag) string {
	if rightToLeft(lang) {
		return "rtl"
	}
	return "ltr"
}
