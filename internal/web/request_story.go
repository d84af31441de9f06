package web

import (
	"slices"
	"time"

	"lerd/internal/requests"
)

// story gathers the steps of a case's story as its agency may know them.
type story struct {
	c     *Ctx
	cs    requests.Case
	zone  *time.Location
	steps []Step
}

func (st *story) add(key, by string, at time.Time, tone Tone, args ...any) *Step {
	st.steps = append(st.steps, Step{Title: st.c.T(key, args...), By: by, When: When{at, st.zone}, Tone: tone})
	return &st.steps[len(st.steps)-1]
}

// caseSteps tells a case's story, the newest first, in what its agency may know:
// who of its own people and in which role of the platform did what. Of the
// examination it says that it began, and nothing of what it found.
func (c *Ctx) caseSteps(cs requests.Case, zone *time.Location) []Step {
	st := &story{c: c, cs: cs, zone: zone}
	st.signatures()
	st.messages()
	if !cs.Examined.IsZero() {
		st.add("step.examined", c.T("step.by_platform"), cs.Examined, Info)
	}
	for _, t := range st.cs.TakeOvers {
		st.add("step.taken_over", c.officerName(cs, t.To), t.At, Info).Text = t.Why.Reveal()
	}
	for _, a := range st.cs.Amendments {
		st.add("step.narrowed", c.officerName(cs, a.Officer), a.At, Info).Text = a.Why.Reveal()
	}
	st.releases()
	st.downloads()
	st.recalls()
	if q := cs.Request; !q.ClosedAt.IsZero() {
		st.add("step.ended", "", q.ClosedAt, c.stateBadge(q.State).Tone, "state", c.T("case.state."+string(q.State)))
	}
	slices.SortStableFunc(st.steps, func(a, b Step) int { return b.When.At.Compare(a.When.At) })
	return st.steps
}

// signatures tell who signed, and from when on the request counts as received: of
// one that wants a second signature, from that one.
func (st *story) signatures() {
	q := st.cs.Request
	first, signed := st.cs.Signature(requests.SignedToSubmit)
	_, twice := st.cs.Signature(requests.SignedToCosign)
	waits := q.State == requests.AwaitingCosignature || !st.cs.WasSubmitted()
	if signed && (twice || waits) {
		st.add("step.signed", st.c.T("step.by_officer"), first.At, Info)
	}
	if !waits {
		st.add("step.submitted", st.c.T("step.by_officer"), q.ReceivedAt, Info)
	}
}

func (st *story) messages() {
	for _, m := range st.cs.Messages {
		key, tone := "step.answer", Info
		switch {
		case m.Kind == requests.Note:
			key = "step.note"
		case m.FromRole.Staff():
			key, tone = "step.question", Caution
		}
		step := st.add(key, m.FromName, m.At, tone)
		step.Text, step.Links = m.Body.Reveal(), st.c.attachmentLinks(st.cs, m)
	}
}

// releases are the bundles, in the order in which they became ready, and who was
// let fetch them.
func (st *story) releases() {
	all := st.cs.Recalled
	if r := st.cs.Release; r != nil && r.State == requests.Exported {
		all = append(slices.Clone(all), *r)
	}
	for _, r := range all {
		step := st.add("step.exported", st.c.T("step.by_platform"), r.ExportedAt, Good)
		step.Digest = &Digest{"SHA-256", r.EncryptedSHA256}
		if old := st.cs.Superseded(r); old != "" {
			step.Text = st.c.T("step.supersedes", "ref", old)
		}
	}
	for _, g := range st.cs.Grants {
		if g.Reason != "ready" {
			st.add("step.granted."+g.Reason, st.c.officerName(st.cs, g.Officer), g.From, Info)
		}
	}
}

func (st *story) downloads() {
	for _, r := range st.cs.Receipts {
		at, tone := r.EndedAt, Plain
		if at.IsZero() {
			at = r.BegunAt
		}
		if r.State == "delivered" {
			tone = Good
		}
		st.add("step.download."+r.State, st.c.officerName(st.cs, r.Officer), at, tone)
	}
}

func (st *story) recalls() {
	for _, r := range st.cs.Recalls {
		if r.State != requests.RecallConfirmed {
			continue
		}
		st.add("step.recalled", st.c.T("step.by_platform"), r.DecidedAt, Danger).Text = st.c.T("recall.reason." + r.Reason)
		if !r.AcknowledgedAt.IsZero() {
			st.add("step.recall_acknowledged", st.c.officerName(st.cs, r.AcknowledgedBy), r.AcknowledgedAt, Info)
		}
		if !r.DeletedAt.IsZero() {
			st.add("step.deleted", st.c.officerName(st.cs, r.DeletedBy), r.DeletedAt, Info)
		}
	}
}

// waited says since when nothing moved that the agency can see, and whom it
// waits for; "" where nothing is awaited.
func (c *Ctx) waited(cs requests.Case, steps []Step) string {
	if !cs.Request.State.Open() || len(steps) == 0 {
		return ""
	}
	days := int(c.Now().Sub(steps[0].When.At).Hours() / 24)
	if days < 1 {
		return ""
	}
	return c.T("case.waited", "days", c.T("case.days", "n", days), "who", c.T("case.who."+string(cs.Request.State)))
}
