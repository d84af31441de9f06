package web

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
)

// requestCheckPage says how every answer of a new request was read, before it
// is submitted.
type requestCheckPage struct {
	Base
	Key      string // idempotency key of the submission
	Hidden   []pair // the answers as they were typed
	Process  []Fact
	Order    []Fact
	Offence  []Fact
	Need     []Fact
	Targets  []targetReading
	Deadline []Fact
	Explain  []string
	Signed   []Fact // the digest of what is signed
	StepUp   *StepUp
	Submit   Button
	Change   Button
}

// targetReading is how we read one account of a request.
type targetReading struct {
	Title   string
	Facts   []Fact
	Warning string // about clocks that change within the period
}

var requestCheckView = newPage[requestCheckPage]("request_check", "breadcrumb", "button", "facts", "cell", "badge", "when", "digest", "step_up")

// showCheck shows the readings of a request whose form is complete.
func (s *Server) showCheck(c *Ctx, in requestInput, q requests.Request) error {
	agency, err := s.ownAgency(c)
	if err != nil {
		return err
	}
	doc, err := s.cfg.Services.Intake.Uploaded(c.Ctx(), requests.DocumentID(in.Document))
	if err != nil {
		return err
	}
	p := requestCheckPage{Base: c.Base("request_check.title"), Hidden: answered(in), Explain: paragraphs(q.DueExplained),
		Submit: Button{Text: c.T("request_check.submit")}, Change: Button{Text: c.T("request_check.change"), Kind: "secondary", Name: "do", Value: "edit"}}
	p.Key = p.Base.Key
	p.Zone = zoneOf(agency)
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {p.Title, ""}}
	cs := requests.Case{Request: q, Agency: agency, Document: doc}
	p.Process, p.Order, p.Offence, p.Need = s.processFacts(c, cs), s.orderFacts(c, cs), s.offenceFacts(c, cs), s.needFacts(c, cs)
	p.Deadline = deadlineFacts(c, q, p.Zone)
	digest := requests.Digest(q, doc.SHA256)
	p.StepUp = c.StepUp(identity.PurposeSubmit, digest)
	p.Signed = []Fact{{c.T("cosign.digest"), Cell{Digest: &Digest{"SHA-256", hex.EncodeToString(digest[:])}}}}
	for _, t := range q.Targets {
		p.Targets = append(p.Targets, c.reading(t))
	}
	return requestCheckView.Show(c, p)
}

// answered leaves the empty answers out.
func answered(in requestInput) []pair {
	var out []pair
	for _, p := range pairs(in) {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	return out
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
