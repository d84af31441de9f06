package export

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/export/columns"
)

// Decisions about one category of one subject.
const (
	DecisionApproved = "approved" // as asked
	DecisionNarrowed = "narrowed" // for less than was asked
	DecisionRefused  = "refused"
	DecisionNotHeld  = "not_held" // there is no such account, or nothing of the kind
	DecisionWithheld = "withheld" // approved, but not part of this release
)

// Results of one category of one subject, which Prepare finds out.
const (
	ResultDisclosed = "disclosed"
	ResultNotHeld   = "not_held" // looked for, and nothing found
	ResultRefused   = "refused"
	ResultWithheld  = "withheld"
)

// Outcome is what became of one category of one subject: what was asked, what
// was decided, and what came of it. Nothing that was asked is passed over.
type Outcome struct {
	SubjectRef string   `json:"subject_ref"`
	Category   string   `json:"category"`
	Asked      Period   `json:"asked"`
	Decision   string   `json:"decision"`
	Applied    *Period  `json:"applied"` // null where nothing was approved
	Result     string   `json:"result"`  // set by Prepare
	Records    int64    `json:"records"` // set by Prepare
	Reasons    []Reason `json:"reasons"`

	// Account is the one account from which records of this outcome may come,
	// empty for any one. It is not published here.
	Account string `json:"-"`
}

// Reason says why something is not given as asked, and what would cure it.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Cure string `json:"cure"`
}

// Absence says of a column that it is empty in some rows, and what that means.
type Absence struct {
	Table   string `json:"table"`
	Column  string `json:"column"`
	Empty   int64  `json:"empty"` // rows in which it is empty
	Rows    int64  `json:"rows"`
	Meaning string `json:"meaning"`
}

// key names an outcome inside its bundle.
type outcomeKey struct{ subject, category string }

func (o *Outcome) key() outcomeKey { return outcomeKey{o.SubjectRef, o.Category} }

// scopeOf gives what the outcomes come to together: where nothing was approved,
// no category and no subject, and the period that was asked for.
func scopeOf(outcomes []Outcome) (s Scope) {
	s.Categories, s.Subjects = []string{}, []string{}
	for _, o := range outcomes {
		if o.Applied == nil {
			continue
		}
		s.Period = s.Period.and(*o.Applied)
		if !slices.Contains(s.Categories, o.Category) {
			s.Categories = append(s.Categories, o.Category)
		}
		if !slices.Contains(s.Subjects, o.SubjectRef) {
			s.Subjects = append(s.Subjects, o.SubjectRef)
		}
	}
	if len(s.Subjects) == 0 {
		for _, o := range outcomes {
			s.Period = s.Period.and(o.Asked)
		}
	}
	return s
}

// and gives the least period that holds both.
func (p Period) and(o Period) Period {
	if p.From.IsZero() || o.From.Before(p.From) {
		p.From = o.From
	}
	if o.To.After(p.To) {
		p.To = o.To
	}
	return p
}

// settle writes what the records showed into the outcomes, and gives the
// result of the whole.
func settle(outcomes []Outcome, counts map[outcomeKey]int64) string {
	all, some, refused := true, false, true
	for i := range outcomes {
		o := &outcomes[i]
		o.Records = counts[o.key()]
		o.Result = resultOf(o)
		all = all && o.Result == ResultDisclosed && o.Decision == DecisionApproved
		some = some || o.Result == ResultDisclosed
		refused = refused && o.Result == ResultRefused
	}
	switch {
	case all:
		return "data"
	case some:
		return "partial"
	case refused:
		return "refused"
	}
	return "no_data"
}

func resultOf(o *Outcome) string {
	switch {
	case o.Records > 0:
		return ResultDisclosed
	case o.Decision == DecisionRefused:
		return ResultRefused
	case o.Decision == DecisionWithheld:
		return ResultWithheld
	}
	return ResultNotHeld
}

// checkOutcomes tells what is wrong with the outcomes of a header.
func checkOutcomes(h *Header, want func(ok bool, field, message string)) {
	want(len(h.Outcomes) > 0, "outcomes", "Say what became of each thing that was asked.")
	seen := map[outcomeKey]bool{}
	for _, o := range h.Outcomes {
		want(columns.IsID([]byte(o.SubjectRef)), "outcomes", "A subject's reference must be an identifier.")
		want(o.Category == CategoryPhone || o.Category == CategoryIP, "outcomes", "Only phone_number and ip_address can be disclosed.")
		want(!seen[o.key()], "outcomes", "Each category of each subject has one outcome.")
		seen[o.key()] = true
		want(o.Asked.To.After(o.Asked.From), "outcomes", "The end of what was asked must be after its beginning.")
		approved := o.Decision == DecisionApproved || o.Decision == DecisionNarrowed
		want(approved == (o.Applied != nil), "outcomes", "What is approved, and nothing else, has a period.")
		if o.Applied != nil {
			want(o.Applied.To.After(o.Applied.From), "outcomes", "The end of what is approved must be after its beginning.")
			found := slices.ContainsFunc(h.RuleViolations, func(v RuleViolation) bool { return v.SubjectRef == o.SubjectRef })
			want(found, "rule_violations", "Every subject needs a confirmed rule violation.")
		}
		want(approved || slices.Contains([]string{DecisionRefused, DecisionNotHeld, DecisionWithheld}, o.Decision), "outcomes", "Give a known decision.")
		for _, r := range o.Reasons {
			want(columns.IsID([]byte(r.Code)), "outcomes", "A reason's code must be an identifier.")
		}
	}
}

// outcomesCSV gives data/records/outcomes.csv: the outcomes as a table.
func outcomesCSV(h Header) ([]byte, error) {
	t := &columns.Outcomes
	b := []byte(t.Header())
	for i := range h.Outcomes {
		cells := outcomeCells(h.Request.Ref, &h.Outcomes[i])
		if err := t.Check(cells); err != nil {
			return nil, err
		}
		b = t.AppendCSV(b, cells)
	}
	return b, nil
}

func outcomeCells(request string, o *Outcome) [][]byte {
	at := func(t time.Time) string { return string(Held(t, digitsOf(t)).append(nil)) }
	from, to := "", ""
	if o.Applied != nil {
		from, to = at(o.Applied.From), at(o.Applied.To)
	}
	var codes []string
	for _, r := range o.Reasons {
		codes = append(codes, r.Code)
	}
	var cells [][]byte
	for _, c := range []string{request, o.SubjectRef, o.Category, at(o.Asked.From), at(o.Asked.To), o.Decision, from, to, o.Result,
		strconv.FormatInt(o.Records, 10), strings.Join(codes, " ")} {
		cells = append(cells, []byte(c))
	}
	return cells
}

// digitsOf gives how many digits of a second a time needs: 0, 3, 6 or 9.
func digitsOf(t time.Time) int {
	switch n := t.Nanosecond(); {
	case n == 0:
		return 0
	case n%1e6 == 0:
		return 3
	case n%1e3 == 0:
		return 6
	}
	return 9
}
