package requests

import (
	"context"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// UndoWindow is how long an officer can take a routine request back into its
// draft after it was submitted, unless a reviewer has claimed it before.
const UndoWindow = 10 * time.Minute

// CoSign is the second signature, by a supervisor of the same agency who is not
// the officer. From here on the request counts as submitted, and its clocks run.
func (s *Service) CoSign(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.CoSign(%s)", id)
	c, rule, err := s.toCosign(ctx, id)
	if err != nil {
		return err
	}
	if err := s.unchanged(ctx, c); err != nil {
		return err
	}
	process, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	q := c.Request
	q.ReceivedAt = s.now()
	c.Request = q
	if err := s.complete(ctx, c, process); err != nil {
		return err
	}
	if err := s.setClocks(&q, c.Agency, process); err != nil {
		return err
	}
	part, err := s.step(ctx, &q, CoSign, rule)
	if err != nil {
		return err
	}
	submitted(&part, q)
	countReceived(&part, q, c.Agency.Country, process)
	part.Event.Facts["order_sha256"] = c.Document.SHA256
	if err := s.sign(ctx, &part, q, SignedToCosign, c); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// SendBack returns a request to its officer's draft, with a reason.
func (s *Service) SendBack(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.SendBack(%s)", id)
	c, rule, err := s.toCosign(ctx, id)
	if err != nil {
		return err
	}
	actor, err := actorOf(ctx)
	if err != nil {
		return err
	}
	draft, err := s.reopen(ctx, id, &DraftNote{By: actor.Name.Reveal(), Text: why, At: s.now()})
	if err != nil {
		return err
	}
	return s.takeReasoned(ctx, c, reasoned{SendBack, rule, why, "Say what the officer should change.",
		func(_ *Request, part *change.Part, _ personal.Text) []change.Part {
			part.Insert = append(part.Insert, draft...)
			return nil
		}})
}

// toCosign loads a case for its second signer: a supervisor of the agency, and
// never its officer.
func (s *Service) toCosign(ctx context.Context, id ID) (Case, string, error) {
	c, actor, rule, err := s.open(ctx, id, "cosign", "request")
	if err != nil {
		return c, rule, err
	}
	if !MayCosign(actor, c.Request) {
		return c, rule, fault.New(fault.NotFound, "There is nothing here.")
	}
	return c, rule, nil
}

// MayCosign tells whether an actor may sign a request of their agency a second
// time.
func MayCosign(actor identity.Actor, q Request) bool {
	return actor.Role == identity.Officer && actor.Supervisor && actor.Agency == q.Agency && actor.Person != q.Officer
}

// TakeBack takes a request back into its draft: while it waits for its second
// signature, or within UndoWindow of its submission where it is no emergency
// and nobody has claimed it. It stays in the log.
func (s *Service) TakeBack(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.TakeBack(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "withdraw", "request")
	if err != nil {
		return err
	}
	q := c.Request
	if actor.Person != q.Officer {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	if q.State == Submitted && !q.Undoable(s.now()) {
		return fault.New(fault.Conflict, "The request can no longer be taken back. You can withdraw it instead.")
	}
	part, err := s.step(ctx, &q, TakeBack, rule)
	if err != nil {
		return err
	}
	draft, err := s.reopen(ctx, id, nil)
	if err != nil {
		return err
	}
	part.Insert = append(part.Insert, draft...)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// Undoable tells whether a submitted request can still be taken back at now.
func (q Request) Undoable(now time.Time) bool {
	return q.State == Submitted && q.ClaimedAt.IsZero() && !q.Emergency && !now.After(q.ReceivedAt.Add(UndoWindow))
}
