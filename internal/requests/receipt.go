package requests

import (
	"context"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/transparency"
)

// SubmissionReceipt shows that a request was submitted: the event of its submission, and
// the log's proof that it holds that event.
type SubmissionReceipt struct {
	Case  Case // as its agency sees it
	Event audit.Record
	Entry audit.Entry // octet for octet as the log has it
	Proof []byte      // a tlog-proof; nil until a signed checkpoint covers the event
	// Opening opens the event's closed facts, the deadlines among them: the line of
	// transparency.Opening. It is nil where the event says everything in clear.
	Opening []byte
}

// Receipt gives the receipt of a request that was submitted, to its agency.
func (s *Service) Receipt(ctx context.Context, id ID) (r SubmissionReceipt, err error) {
	defer fault.Wrap(&err, "requests.Receipt(%s)", id)
	c, _, rule, err := s.open(ctx, id, "view", "request")
	if err != nil {
		return r, err
	}
	ev, err := s.TrailStore.SubmissionEvent(ctx, id)
	if err != nil {
		return r, err
	}
	proof, err := s.Proofs.Proof(ctx, ev.Record.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return r, err
	}
	r = SubmissionReceipt{Case: c.forAgency(), Event: ev.Record, Entry: ev.Entry, Proof: proof}
	if ev.Index < 0 {
		r.Proof = nil // it got its place between the two
	} else if ev.Record.Opened != nil {
		r.Opening = transparency.Opening{Index: uint64(ev.Index), ValueOpening: ev.Opening}.Line()
	}
	return r, s.look(ctx, c, "receipt.viewed", rule)
}

// submitted states in the event of a submission what its receipt shows: the
// moment from which the clocks run, and when they end.
func submitted(part *change.Part, q Request) {
	f := part.Event.Facts
	f["received_at"], f["acknowledge_by"], f["effect_by"] = stamp(q.ReceivedAt), stamp(q.AcknowledgeBy), stamp(q.EffectBy)
}

// WasSubmitted tells whether a case came to be submitted: signed by its officer
// alone, or a second time as well.
func (c Case) WasSubmitted() bool {
	q := c.Request
	_, twice := c.Signature(SignedToCosign)
	return twice || c.Counted || q.State != AwaitingCosignature && q.State != Redrafted && q.State != Withdrawn
}
