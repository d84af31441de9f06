package sampling

import (
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
)

// open are the states, as the log says them, in which a case is not over.
var open = []string{"awaiting_cosignature", "submitted", "in_review", "needs_information", "examined", "legal_conflict"}

// facts is a case as the log alone shows it.
type caseFacts struct {
	at                                  time.Time // of its submission; zero: it was not submitted
	country, process, outcome, reviewer string
	always                              bool
}

// Collector computes a population from the log's records, in their order.
type Collector struct{ cases map[string]*caseFacts }

// NewCollector begins with no case.
func NewCollector() *Collector { return &Collector{cases: map[string]*caseFacts{}} }

func (c *Collector) of(id string) *caseFacts {
	x, ok := c.cases[id]
	if !ok {
		x = &caseFacts{country: "-", process: "-", outcome: "open", reviewer: "-"}
		c.cases[id] = x
	}
	return x
}

// unread tells whether a record has closed facts that the population depends on and
// that were not opened.
func unread(r audit.Record) bool {
	_, closes := r.Closed()
	return closes && r.Opened == nil && (r.Kind == "risk.stated" || strings.HasPrefix(r.Stream, "request:"))
}

// Add takes the next record of the log, with its closed facts opened.
func (c *Collector) Add(r audit.Record) {
	if r.Kind == "risk.stated" && r.Facts["request"] != "" {
		x := c.of(r.Facts["request"])
		x.always = x.always || slices.Contains(strings.Fields(r.Fact("factors")), "sensitive_target")
		return
	}
	id, ok := strings.CutPrefix(r.Stream, "request:")
	if !ok {
		return
	}
	x := c.of(id)
	if (r.Kind == "request.submit" || r.Kind == "request.cosign") && x.at.IsZero() {
		x.at = r.At
	}
	keep(&x.country, r.Fact("country"))
	keep(&x.process, r.Fact("process"))
	x.always = x.always || r.Fact("emergency") == "true"
	if r.Kind == "request.claim" {
		x.reviewer = r.Actor.Person
	}
	if to, moves := r.Facts["to"]; moves {
		x.outcome = Outcome(to)
	}
}

// Outcome gives what the outcome of a case in a state is called.
func Outcome(state string) string {
	if slices.Contains(open, state) {
		return "open"
	}
	return state
}

func keep(field *string, v string) {
	if v != "" {
		*field = v
	}
}

// Population gives the plan's cases, in the order of their ids. The records up to
// the plan's Tree have to be in, and no others.
func (c *Collector) Population(p Plan) []Member {
	var out []Member
	for id, x := range c.cases {
		if !x.at.IsZero() && !x.at.Before(p.From) && x.at.Before(p.To) {
			out = append(out, Member{Case: id, Stratum: stratum(p.Strata, x), Always: x.always})
		}
	}
	return sorted(out)
}

func stratum(dimensions []string, x *caseFacts) string {
	var parts []string
	for _, d := range dimensions {
		parts = append(parts, map[string]string{"country": x.country, "process": x.process, "outcome": x.outcome, "reviewer": x.reviewer}[d])
	}
	return strings.Join(parts, "/")
}
