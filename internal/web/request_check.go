package web

import (
	"strconv"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
)

// targetReading is how we read one account of a request.
type targetReading struct {
	Title   string
	Facts   []Fact
	Warning string // about clocks that change within the period
}

// reading says how an account, its moments and its period were read.
func (c *Ctx) reading(t requests.Target) targetReading {
	r := targetReading{Title: c.T("request.target", "number", t.Ordinal)}
	fact := func(key string, cell Cell) { r.Facts = append(r.Facts, Fact{c.T(key), cell}) }
	parsed, err := identifier.Parse(records.Kind(t.Kind), t.AsTyped.Reveal())
	if err == nil {
		fact("request_check.read_as", Cell{Code: parsed.Reading.Reveal(), Note: c.T("target.kind." + t.Kind)})
		fact("request_check.typed", Cell{Code: t.AsTyped.Reveal()})
	}
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		zone = time.UTC
	}
	moment := func(key string, at time.Time) {
		if !at.IsZero() {
			fact(key, c.exactly(identifier.Moment{UTC: at.UTC(), Local: at.In(zone), Zone: t.Zone}))
		}
	}
	moment("request.t.holder_at", t.HolderAt)
	moment("request.t.from", t.From)
	moment("request_check.until", t.To)
	r.Facts = append(r.Facts, c.targetFacts(t)...)
	if clocksChange(t.From, t.To, t.Zone) {
		r.Warning = c.T("request_check.clocks", "zone", t.Zone)
	}
	return r
}

// exactTime is how a moment is echoed: to the second, month in letters.
const exactTime = "15:04:05.999999"

// exactly gives a moment as it was read, in UTC and as it was typed.
func (c *Ctx) exactly(m identifier.Moment) Cell {
	cal := calendarOf(c.lang)
	local := cal.fill(cal.day, m.Local) + cal.comma + m.Local.Format(exactTime)
	return Cell{Text: cal.moment(m.UTC, exactTime), Note: c.T("request_check.local", "local", local, "zone", m.Zone, "offset", m.Local.Format("-07:00"))}
}

// clocksChange tells whether the zone's offset differs between the two ends.
func clocksChange(from, to time.Time, zone string) bool {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return false
	}
	_, a := from.In(loc).Zone()
	_, b := to.In(loc).Zone()
	return a != b
}

// deadlineFacts are the two dates by which lerd answers.
func deadlineFacts(c *Ctx, q requests.Request, zone *time.Location) []Fact {
	var out []Fact
	if !q.AcknowledgeBy.IsZero() {
		out = append(out, Fact{c.T("case.acknowledge_by"), Cell{When: &When{q.AcknowledgeBy, zone}}})
	}
	if !q.EffectBy.IsZero() {
		out = append(out, Fact{c.T("case.effect_by"), Cell{When: &When{q.EffectBy, zone}}})
	}
	return out
}

// zoneOf gives the time zone of an agency, UTC where it is not known.
func zoneOf(a identity.Agency) *time.Location {
	if loc, err := time.LoadLocation(a.Zone); err == nil && a.Zone != "" {
		return loc
	}
	return time.UTC
}

func paragraphs(text string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// years gives a number of months in years, e.g. "3" or "0.5".
func years(months int) string { return strconv.FormatFloat(float64(months)/12, 'f', -1, 64) }
