package jobs

import (
	"fmt"
	"time"

	"lerd/internal/export"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// copyOf says for whom a copy is sealed.
func copyOf(c requests.Case, rel requests.Release) export.Copy {
	who, ordinal := c.Recipient(rel), 1
	if rel.Copy != nil {
		who, ordinal = rel.Copy.Officer, rel.Copy.Ordinal
	}
	out := export.Copy{Ordinal: ordinal, RecipientRole: "officer", Recipient: short(string(who))}
	for _, p := range append([]identity.Person{c.Officer}, c.People...) {
		if p.ID == who {
			out.RecipientName = p.Name.Reveal()
		}
	}
	return out
}

// madeAt is the time that a copy gives as that of its making: it stays when the
// making is taken up again.
func madeAt(rel requests.Release) time.Time {
	if rel.Copy != nil {
		return rel.Copy.OrderedAt
	}
	return rel.ApprovedAt
}

// custody is the chain of custody of what leaves: the order came in, it was
// decided, the violations were confirmed, the records were read, frozen, approved,
// their contents committed to in the log, and sealed for one recipient.
func custody(c requests.Case, rel requests.Release) []export.Custody {
	q, ev, made := c.Request, c.Custody, madeAt(rel)
	out := []export.Custody{{At: q.ReceivedAt, Action: "received", Role: "officer", By: short(string(q.Officer)), Object: "order", SHA256: c.Document.SHA256,
		Event: string(ev.Received), Why: "submitted by the authority under " + q.Process.ID},
		{At: decidedAt(c), Action: "decided", Role: "reviewer", By: short(string(rel.Reviewer)), Object: "request " + q.Ref, Event: string(ev.Decided),
			Why: "legal review of each target and category"}}
	out = append(out, confirmations(c, rel)...)
	mine := copyOf(c, rel)
	return append(out,
		export.Custody{At: rel.RetrievedAt, Action: "retrieved", Role: "system", By: "lerd", Object: "records of " + rel.Ref, SHA256: rel.Digest,
			Event: string(ev.Retrieved), Why: "read once, under the approved scope, and frozen"},
		export.Custody{At: rel.ApprovedAt, Action: "approved", Role: "approver", By: short(string(rel.Approver)), Object: "records of " + rel.Ref, SHA256: rel.ApprovedDigest,
			Event: string(ev.Approved), Why: "seen row by row and approved by a person who had no other part"},
		export.Custody{At: made, Action: "sealed", Role: "system", By: "lerd", Object: "data/export.json", Event: string(rel.SealingEvent),
			Why: "committed to in the audit log before it was signed; its proof has the time"},
		export.Custody{At: made, Action: "granted", Role: mine.RecipientRole, By: mine.Recipient, Object: fmt.Sprintf("copy %d of %s", mine.Ordinal, rel.Ref),
			Why: "sealed for this person alone; what was fetched and when stands in the audit log"})
}

// confirmations are the words of the two who confirmed each violation.
func confirmations(c requests.Case, rel requests.Release) (out []export.Custody) {
	type key struct {
		finding requests.FindingID
		target  requests.TargetID
	}
	seen := map[key]bool{}
	for _, i := range rel.Items {
		if k := (key{i.Finding, i.Target}); seen[k] {
			continue
		} else {
			seen[k] = true
		}
		for _, p := range i.Confirmers {
			out = append(out, export.Custody{At: confirmedAt(c, i.Finding, rel), Action: "confirmed", Role: "confirmer", By: short(string(p)),
				Object: "finding about " + subject(c, i), Event: string(c.Custody.Confirmed(i.Finding, p)), Why: fmt.Sprintf("violation of rule %s@%d", i.Rule, i.RuleVer)})
		}
	}
	return out
}
