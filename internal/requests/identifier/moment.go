package identifier

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must be known on a machine without a zone database

	"lerd/internal/fault"
	"lerd/internal/records"
)

// Moment is an instant as a person gave it: exact in UTC, and in the zone in
// which it was written.
type Moment struct {
	UTC   time.Time // whole microseconds
	Local time.Time // the same instant in the zone
	Zone  string    // IANA name, or "UTC+02:00" where only an offset was given
}

// Reading says the moment in words, local and UTC.
func (m Moment) Reading() string {
	const form = "2 January 2006 15:04:05.999999"
	return fmt.Sprintf("%s in %s (UTC%s), which is %s UTC",
		m.Local.Format(form), m.Zone, m.Local.Format("-07:00"), m.UTC.Format(form))
}

// wall is the form of a date with a time and perhaps an offset.
var wall = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*([Zz]|[+-]\d{2}:\d{2})?$`)

var dateOnly = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}$`)

// FirstYear and LastYear bound the years of a moment.
const (
	FirstYear = 1990
	LastYear  = 2100
)

// ParseMoment reads a date and time with its zone: an offset in the text
// (RFC 3339), an IANA zone, or both, which must then agree. A time without a
// zone, one that the clocks skipped, and one that they showed twice (unless
// the offset says which) are refused on the named field.
// SPEC: RFC 3339 §5.6.
func ParseMoment(field, typed, zone string) (Moment, error) {
	m, why := parseMoment(trim(typed), trim(zone))
	if why != "" {
		return Moment{}, problem(field, why)
	}
	return m, nil
}

// ParsePeriod reads two moments with one zone as the period [from, to). The
// problems are on the fields "from" and "to".
func ParsePeriod(from, to, zone string) (records.Period, error) {
	var problems []fault.Problem
	a, why := parseMoment(trim(from), trim(zone))
	if why != "" {
		problems = append(problems, fault.Problem{Field: "from", Message: why})
	}
	b, why := parseMoment(trim(to), trim(zone))
	if why != "" {
		problems = append(problems, fault.Problem{Field: "to", Message: why})
	}
	if problems == nil && !a.UTC.Before(b.UTC) {
		problems = append(problems, fault.Problem{Field: "to", Message: "The period ends before it begins, or is empty: give an end after the start."})
	}
	if problems != nil {
		return records.Period{}, fault.Fields(problems)
	}
	return records.NewPeriod(a.UTC, b.UTC)
}

const wantMoment = "Write date and time as 2026-10-25 14:30 or 2026-10-25T14:30:00+02:00."

func parseMoment(text, zone string) (Moment, string) {
	parts := wall.FindStringSubmatch(text)
	if parts == nil {
		if dateOnly.MatchString(text) {
			return Moment{}, "Give a time of day too, such as 2026-10-25 00:00: a date alone leaves open where the day begins and ends."
		}
		return Moment{}, wantMoment
	}
	naive, why := calendar(parts)
	if why != "" {
		return Moment{}, why
	}
	offset := strings.ToUpper(parts[8])
	switch {
	case offset == "" && zone == "":
		return Moment{}, "Say in which time zone this is, such as Europe/Berlin or UTC: an hour's error can lead to the wrong person."
	case zone == "":
		return byOffset(naive, offset)
	}
	loc, why := location(zone)
	if why != "" {
		return Moment{}, why
	}
	return inZone(naive, offset, loc)
}

// calendar gives the wall time as if it were UTC.
func calendar(p []string) (time.Time, string) {
	n := make([]int, 7)
	for i := 1; i <= 6; i++ {
		n[i], _ = strconv.Atoi(p[i]) // digits by the pattern; an absent second is 0
	}
	year, month, day, hour, minute, second := n[1], n[2], n[3], n[4], n[5], n[6]
	switch {
	case year < FirstYear || year > LastYear:
		return time.Time{}, fmt.Sprintf("Give a year from %d to %d.", FirstYear, LastYear)
	case month < 1 || month > 12:
		return time.Time{}, "There is no such month: write the date as year-month-day, such as 2026-10-25."
	case day < 1 || day > daysIn(year, month):
		return time.Time{}, fmt.Sprintf("%s %d has %d days; check the date.", time.Month(month), year, daysIn(year, month))
	case hour == 24:
		return time.Time{}, "Write midnight at the end of a day as 00:00 of the next day."
	case second == 60:
		return time.Time{}, "Records hold no leap seconds: write the last second of the minute as 59, or the next minute as 00."
	case hour > 23 || minute > 59 || second > 60:
		return time.Time{}, "There is no such time of day: hours go to 23, minutes and seconds to 59."
	}
	fraction := (p[7] + "000000000")[:9]
	nanos, _ := strconv.Atoi(fraction)
	if nanos%1000 != 0 {
		return time.Time{}, "Give at most six digits after the decimal point of the second."
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC), ""
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// byOffset reads a wall time whose only zone is an offset.
func byOffset(naive time.Time, offset string) (Moment, string) {
	seconds, why := offsetSeconds(offset)
	if why != "" {
		return Moment{}, why
	}
	name := "UTC"
	if seconds != 0 {
		name = "UTC" + offset
	}
	utc := naive.Add(-time.Duration(seconds) * time.Second)
	return Moment{UTC: utc, Local: utc.In(time.FixedZone(name, seconds)), Zone: name}, ""
}

func offsetSeconds(offset string) (int, string) {
	if offset == "Z" {
		return 0, ""
	}
	if offset == "-00:00" {
		// SPEC: RFC 3339 §4.3: -00:00 says that the local zone is unknown.
		return 0, "The offset -00:00 means that the zone is not known. Write Z or +00:00 if the time is in UTC."
	}
	h, _ := strconv.Atoi(offset[1:3])
	m, _ := strconv.Atoi(offset[4:6])
	if h > 14 || m > 59 || h == 14 && m > 0 {
		return 0, "No zone has such an offset: they go from -12:00 to +14:00."
	}
	s := h*3600 + m*60
	if offset[0] == '-' {
		if s > 12*3600 {
			return 0, "No zone has such an offset: they go from -12:00 to +14:00."
		}
		s = -s
	}
	return s, ""
}

const wantZone = "There is no such time zone. Use an IANA name such as Europe/Berlin, Asia/Kolkata or UTC."

func location(zone string) (*time.Location, string) {
	if zone == "UTC" || zone == "Etc/UTC" || zone == "Z" {
		return time.UTC, ""
	}
	if !zoneName.MatchString(zone) || len(zone) > 64 || !strings.Contains(zone, "/") {
		// CET, EST and the like mean different things to different people.
		return nil, wantZone
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, wantZone
	}
	return loc, ""
}

// inZone reads a wall time in a zone, and the offset beside it if there is one.
func inZone(naive time.Time, offset string, loc *time.Location) (Moment, string) {
	found := instants(naive, loc)
	if offset != "" {
		return agreeing(naive, offset, loc, found)
	}
	switch len(found) {
	case 1:
		return Moment{UTC: found[0], Local: found[0].In(loc), Zone: loc.String()}, ""
	case 0:
		return Moment{}, fmt.Sprintf("The clocks in %s skipped this time when they were put forward; it did not exist there. Give the time that was meant.", loc)
	}
	const form = "2006-01-02T15:04:05.999999-07:00"
	return Moment{}, fmt.Sprintf("The clocks in %s showed this time twice. Say which one is meant by its offset: %s (the first) or %s (the second, after the clocks went back).",
		loc, found[0].In(loc).Format(form), found[1].In(loc).Format(form))
}

func agreeing(naive time.Time, offset string, loc *time.Location, found []time.Time) (Moment, string) {
	m, why := byOffset(naive, offset)
	if why != "" {
		return Moment{}, why
	}
	for _, t := range found {
		if t.Equal(m.UTC) {
			return Moment{UTC: t, Local: t.In(loc), Zone: loc.String()}, ""
		}
	}
	return Moment{}, fmt.Sprintf("The offset %s and the zone %s do not agree at that time. Keep the one that the order means.", offset, loc)
}

// instants gives every instant at which clocks in loc showed the wall time, in
// order: none when it was skipped, two when it was repeated.
func instants(naive time.Time, loc *time.Location) []time.Time {
	var found []time.Time
	seen := map[int]bool{}
	for t := naive.Add(-36 * time.Hour); ; {
		_, offset := t.In(loc).Zone()
		at := naive.Add(-time.Duration(offset) * time.Second)
		if _, really := at.In(loc).Zone(); really == offset && !seen[offset] {
			found = append(found, at)
		}
		seen[offset] = true
		_, end := t.In(loc).ZoneBounds()
		if end.IsZero() || end.After(naive.Add(36*time.Hour)) {
			return sorted(found)
		}
		t = end
	}
}

func sorted(ts []time.Time) []time.Time {
	if len(ts) == 2 && ts[1].Before(ts[0]) {
		ts[0], ts[1] = ts[1], ts[0]
	}
	return ts
}
