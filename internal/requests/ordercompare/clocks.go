package ordercompare

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// hour is a time of day as a text gives it.
type hour struct {
	at, end int
	minutes int            // since the day began, to 1440
	night   bool           // midnight as a word: the end of the day where a period ends
	bare    bool           // a number alone, whose unit stands with the next one: 14 and 16 Uhr
	zone    *time.Location // nil where the text gives none beside it
}

// The ways in which a time of day is written: 08:00, 8h00, 08:00:00Z, 8.30 Uhr,
// 8.30 pm, 0800 hrs, 8 Uhr, 8 p.m. Its groups are the hour; the separator, minutes and
// seconds, or minutes alone; the unit; the half of the day; the zone.
var (
	clockTime = regexp.MustCompile(`(?i)([0-9]{1,2})(?:(:|[ ]?h[ ]?|\.)([0-9]{2})(?:[:.]([0-9]{2})(?:[.,][0-9]{1,9})?)?|([0-9]{2}))?` +
		`([ ]?(?:hours|hrs?|heures?|horas?|uhr|uur|ore|बजे|hs|h)(?:[^\pL\pM0-9]|$))?` +
		`(?:[ ]?(a\.?[ ]?m\b\.?|p\.?[ ]?m\b\.?|` + halves + `))?` +
		`(?:[ ]?\(?((?:utc|gmt)?[ ]?[+-][0-9]{2}:?[0-9]{2}\b|(?:utc|gmt|z|cest|cet|mesz|mez|brt|est|edt|cst|cdt|mst|mdt|pst|pdt)\b|[A-Z][a-z]+/[A-Z][a-z]+(?:_[A-Z][a-z]+)*)\)?)?`)
	clockWord = regexp.MustCompile(`(?i)(noon|midday|mittags?|midi|mediod[ií]a|meio[ -]dia)|(midnight|mitternacht|minuit|medianoche|meia[ -]noite|मध्यरात्रि|منتصف الليل)`)
	// sharing is a number of hours whose unit comes with the next one.
	sharing = regexp.MustCompile(`(?i)(?:^|[^0-9\pL.,:/-])([0-9]{1,2})` + link + `$`)
	// halfBefore is the half of the day where it comes before the time.
	halfBefore  = regexp.MustCompile(`(शाम|रात|दोपहर|अपराह्न|सुबह|पूर्वाह्न)[ ]?(?:के[ ]|को[ ])?$`)
	speaksOfUTC = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:utc|gmt|greenwich)(?:[^\pL]|$)`)
)

// halves are words for the half of a day that come after a time.
const halves = `du matin|du soir|de l['’]après-midi|de la mañana|de la tarde|de la noche|da manhã|da tarde|da noite|morgens|nachmittags|abends|صباحا|مساء|ص|م`

// offsets are the zones that are named by letters, in minutes east of UTC.
var offsets = map[string]int{"z": 0, "utc": 0, "gmt": 0, "cet": 60, "mez": 60, "cest": 120, "mesz": 120, "brt": -180,
	"edt": -240, "est": -300, "cdt": -300, "cst": -360, "mdt": -360, "mst": -420, "pdt": -420, "pst": -480}

// hoursIn lists the times of day of a text, where dates are not.
func hoursIn(s string, dates []reading) (out []hour) {
	for from := 0; ; {
		m := clockTime.FindStringSubmatchIndex(s[from:])
		if m == nil {
			break
		}
		part := func(g int) string {
			if m[2*g] < 0 {
				return ""
			}
			return s[from+m[2*g] : from+m[2*g+1]]
		}
		h, ok := timeOf(s, from+m[0], from+m[1], part)
		from = max(h.end, from+m[0]+1)
		if !ok || within(dates, h) {
			continue
		}
		if b, ok := bareBefore(s, h); ok && !within(dates, b) && (len(out) == 0 || out[len(out)-1].end <= b.at) {
			out = append(out, b)
		}
		out = append(out, h)
	}
	for _, m := range clockWord.FindAllStringSubmatchIndex(s, 1000) {
		if h := (hour{at: m[0], end: m[1], minutes: 12 * 60, night: m[4] >= 0}); !lettered(s, h) {
			if h.night {
				h.minutes = 0
			}
			out = append(out, h)
		}
	}
	slices.SortStableFunc(out, func(a, b hour) int { return a.at - b.at })
	return out
}

// within tells whether a time is part of a date.
func within(dates []reading, h hour) bool {
	i, _ := slices.BinarySearchFunc(dates, h.at, func(r reading, at int) int { return r.end - at - 1 })
	return i < len(dates) && dates[i].at < h.end
}

// lettered tells whether a word goes on before or behind a time.
func lettered(s string, h hour) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:h.at])
	behind, _ := utf8.DecodeRuneInString(s[h.end:])
	last, _ := utf8.DecodeLastRuneInString(s[:h.end])
	return unicode.IsLetter(before) && before != 'T' || unicode.IsLetter(behind) && unicode.IsLetter(last)
}

// timeOf reads one time of day from the groups of clockTime.
func timeOf(s string, at, end int, part func(int) string) (hour, bool) {
	h := hour{at: at, end: end, minutes: 60*number(part(1)) + number(part(3)+part(5))}
	sure := part(2) != "" && part(2) != "." || part(6) != "" || part(7) != ""
	if !sure || number(part(3)+part(5)) > 59 || number(part(1)) > 24 || at > 0 && strings.IndexByte("0123456789:.,/", s[at-1]) >= 0 {
		return h, false
	}
	zone, half := part(8), part(7)
	if strings.Contains(strings.ToLower(part(6)), "uhr") && strings.EqualFold(half, "am") { // 8 Uhr am 3. Mai
		half, h.end = "", strings.LastIndex(s[:end], half)
	}
	if strings.HasPrefix(zone, "-") && part(4) == "" && s[end-len(zone)-1] != ' ' { // 08:00-12:00
		zone, h.end = "", end-len(zone)
	}
	h.zone = zoneOf(zone)
	before := halfBefore.FindString(s[max(0, at-40):at])
	switch {
	case afternoon(half, before) && h.minutes < 12*60:
		h.minutes += 12 * 60
	case half+before != "" && !afternoon(half, before) && h.minutes >= 12*60:
		h.minutes -= 12 * 60
	}
	return h, h.minutes <= 24*60 && !lettered(s, h)
}

func afternoon(behind, before string) bool {
	behind = strings.ToLower(behind)
	for _, w := range []string{"p", "soir", "après", "tarde", "noche", "noite", "nachmittags", "abends", "مساء", "م"} {
		if strings.HasPrefix(behind, w) || len(w) > 2 && strings.HasSuffix(behind, w) || w == "après" && strings.Contains(behind, w) {
			return true
		}
	}
	return before != "" && !strings.HasPrefix(before, "सुबह") && !strings.HasPrefix(before, "पूर्वाह्न")
}

// zoneOf reads a zone that stands with a time, nil for none.
func zoneOf(name string) *time.Location {
	if name == "" {
		return nil
	}
	if strings.Contains(name, "/") {
		loc, err := time.LoadLocation(name)
		if err != nil {
			return nil
		}
		return loc
	}
	letters := strings.ToLower(strings.TrimSpace(name))
	if i := strings.IndexAny(letters, "+-"); i >= 0 {
		figures := strings.ReplaceAll(letters[i+1:], ":", "")
		seconds := 60 * (60*number(figures[:2]) + number(figures[2:]))
		if letters[i] == '-' {
			seconds = -seconds
		}
		return time.FixedZone("", seconds)
	}
	return time.FixedZone("", 60*offsets[letters])
}

// bareBefore reads the number before a time whose unit it shares: 14 and 16 Uhr.
func bareBefore(s string, h hour) (hour, bool) {
	from := max(0, h.at-40)
	m := sharing.FindStringSubmatchIndex(s[from:h.at])
	if m == nil {
		return h, false
	}
	b := hour{at: from + m[2], end: from + m[3], minutes: 60 * number(s[from+m[2]:from+m[3]]), bare: true, zone: h.zone}
	return b, b.minutes <= 24*60 && !namedBefore.MatchString(s[max(0, b.at-40):b.at])
}

// namedBefore is the name of a month: the number that follows is a day.
var namedBefore = regexp.MustCompile(`(?i)` + monthNames + `[.॰]?[ \n]*$`)

// without is a text with spaces where its times of day are.
func without(s string, list []hour) string {
	b := []byte(s)
	for _, h := range list {
		for i := h.at; i < min(h.end, len(b)); i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	return string(b)
}

// moment is a time of day of a date, in the zone that stands with it or else in this one.
func (h hour) moment(d date, zone *time.Location) time.Time {
	if h.zone != nil {
		zone = h.zone
	}
	return time.Date(d[0], time.Month(d[1]), d[2], 0, h.minutes, 0, 0, zone)
}
