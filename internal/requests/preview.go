package requests

import (
	"context"

	"lerd/internal/fault"
)

// Preview reads a submission as Submit would, with the deadlines that would run
// from now, and keeps nothing: the officer sees how each answer is understood
// before the case begins. Its faults are those of Submit.
func (s *Service) Preview(ctx context.Context, in Submission) (q Request, err error) {
	defer fault.Wrap(&err, "requests.Preview")
	actor, err := actorOf(ctx)
	if err != nil {
		return q, err
	}
	if _, _, err := s.may(ctx, "submit", "request", actor.Agency); err != nil {
		return q, err
	}
	doc, err := s.sent(ctx, in.Document, actor)
	if err != nil {
		return q, err
	}
	c, process, err := s.read(ctx, in, actor, doc)
	q = c.Request
	if err != nil {
		return q, err
	}
	return q, s.setClocks(&q, c.Agency, process)
}

// Uploaded gives a document that the actor's agency has sent, or NotFound.
func (s *Service) Uploaded(ctx context.Context, id DocumentID) (d Document, err error) {
	defer fault.Wrap(&err, "requests.Uploaded(%s)", id)
	actor, err := actorOf(ctx)
	if err != nil {
		return d, err
	}
	if _, _, err := s.may(ctx, "upload", "document", actor.Agency); err != nil {
		return d, err
	}
	d, err = s.sent(ctx, id, actor)
	if err == nil && d.ID == "" {
		err = fault.New(fault.NotFound, "There is nothing here.")
	}
	return d, err
}
