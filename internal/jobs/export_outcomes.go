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

// custody is the chain of custody of what leaves: the order came in, it was
// decided, the violations were confirmed, the records were read, frozen,
// approved, and their contents committed to in the log.
func custody(c requests.Case, rel requests.Release) []export.Custody {
	q := c.Request
	out := []export.Custody{{At: q.ReceivedAt, Action: "received", Role: "officer", By: short(string(q.Officer)), Object: "order", SHA256: c.Document.SHA256, Why: "submitted by the authority under " + q.Process.ID},
		{At: decidedAt(c), Action: "decided", Role: "reviewer", By: short(string(rel.Reviewer)), Object: "request " + q.Ref, Why: "legal review of each target and category"}}
	seen := map[requests.FindingID]bool{}
	for _, i := range rel.Items {
		if seen[i.Finding] {
			continue
		}
		seen[i.Finding] = true
		for _, p := range i.Confirmers {
			out = append(out, export.Custody{At: confirmedAt(c, i.Finding, rel), Action: "confirmed", Role: "confirmer", By: short(string(p)),
				Object: "finding about " + subject(c, i), Why: fmt.Sprintf("violation of rule %s@%d", i.Rule, i.RuleVer)})
		}
	}
	return append(out,
		export.Custody{At: rel.RetrievedAt, Action: "retrieved", Role: "system", By: "lerd", Object: "records of " + rel.Ref, SHA256: rel.Digest, Why: "read once, under the approved scope, and frozen"},
		export.Custody{At: rel.ApprovedAt, Action: "approved", Role: "approver", By: short(string(rel.Approver)), Object: "records of " + rel.Ref, SHA256: rel.ApprovedDigest, Why: "seen row by row and approved by a person who had no other part"},
		export.Custody{At: rel.ApprovedAt, Action: "sealed", Role: "system", By: "lerd", Object: "data/export.json", Event: string(rel.SealingEvent), Why: "committed to in the audit log before it was signed; its proof has the time"})
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
