package jobs

import (
	"fmt"
	"time"

	"lerd/internal/export"
	"lerd/internal/requests"
)

// outcomes says of each category of each target that was asked what was
// decided about it. What came of it is found when the records are written.
func (x *Exporter) outcomes(c requests.Case, rel requests.Release) []export.Outcome {
	var out []export.Outcome
	for _, t := range c.Request.Targets {
		for _, cat := range requests.Categories {
			if t.Wants(cat) {
				out = append(out, x.outcome(c, rel, t, cat))
			}
		}
	}
	return out
}

func (x *Exporter) outcome(c requests.Case, rel requests.Release, t requests.Target, cat requests.Category) export.Outcome {
	o := export.Outcome{SubjectRef: t.Ref(), Category: string(cat), Asked: export.Period{From: t.From, To: t.To}, Decision: export.DecisionWithheld}
	d, decided := c.Decision(t.ID, cat)
	switch {
	case !decided:
	case d.Outcome == requests.Refuse:
		o.Decision = export.DecisionRefused
	case d.Outcome == requests.NotHeld:
		o.Decision = export.DecisionNotHeld
	}
	for _, i := range rel.Items {
		if i.Target == t.ID && i.Category == cat {
			o.Decision, o.Account = export.DecisionApproved, fmt.Sprint(i.AccountID)
			o.Applied = &export.Period{From: i.From, To: i.To}
			if !i.From.Equal(t.From) || !i.To.Equal(t.To) {
				o.Decision = export.DecisionNarrowed
			}
		}
	}
	for _, code := range d.Reasons {
		text, cure := x.Profile.Refusal(code)
		o.Reasons = append(o.Reasons, export.Reason{Code: code, Text: text, Cure: cure})
	}
	return o
}

// confirmedAt is when two people had confirmed a finding.
func confirmedAt(c requests.Case, id requests.FindingID, rel requests.Release) time.Time {
	for _, a := range c.Asks {
		if a.Finding == id && !a.ConfirmedAt.IsZero() {
			return a.ConfirmedAt
		}
	}
	return rel.RetrievedAt
}
