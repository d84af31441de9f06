package requests

import (
	"bytes"
	"context"
	"errors"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/vault"
)

// SubmitDraft makes a request of a draft, with its order. The draft stays, still
// sealed, while the request can come back; afterwards it is erased.
func (s *Service) SubmitDraft(ctx context.Context, id DraftID) (q Request, err error) {
	defer fault.Wrap(&err, "requests.SubmitDraft(%s)", id)
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return q, err
		}
	}
	d, key, rule, err := s.draft(ctx, id)
	if err != nil {
		return q, err
	}
	check, err := s.check(ctx, d)
	switch {
	case err != nil:
		return q, err
	case d.State != DraftOpen:
		return q, s.unlessRepeated(ctx, errDraftSent)
	case len(check.Problems) > 0:
		return q, fault.Fields(check.Problems)
	}
	return s.sendDraft(ctx, d, key, rule)
}

// unlessRepeated gives the first outcome of a form that arrived twice at once:
// the other one was taken after this one had looked. Otherwise it gives err.
func (s *Service) unlessRepeated(ctx context.Context, err error) error {
	if s.Repeats == nil {
		return err
	}
	if used := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); used != nil {
		return used
	}
	return err
}

func (s *Service) sendDraft(ctx context.Context, d Draft, key vault.Key, rule string) (Request, error) {
	actor, err := actorOf(ctx)
	if err != nil {
		return Request{}, err
	}
	data, err := s.orderBytes(ctx, d, key)
	if err != nil {
		return Request{}, err
	}
	doc := d.Content.Order.document(actor)
	if err := s.Blobs.Put(ctx, blobOf(doc.ID), bytes.NewReader(data)); err != nil {
		return Request{}, err
	}
	in := uploaded(ctx, &doc, rule)
	q, err := s.submit(ctx, d.Content.Submission(), doc, func(q *Request, set *change.Set) {
		d.State, d.Request, d.Version = DraftSent, q.ID, d.Version+1
		part := &set.Parts[0]
		part.Event.Facts["draft"] = string(d.ID)
		part.Insert = append(part.Insert, &d)
		set.Parts = append([]change.Part{in}, set.Parts...)
	})
	if err != nil { // no row names the file
		return q, errors.Join(err, s.Blobs.Remove(ctx, blobOf(doc.ID)))
	}
	return q, nil
}

// reopen gives the change by which a request's draft can be written on again;
// none where the request was made without a draft.
func (s *Service) reopen(ctx context.Context, id ID, note *DraftNote) ([]any, error) {
	list, err := s.Drafts.DraftsOfRequest(ctx, id)
	if err != nil || len(list) == 0 || list[0].State != DraftSent {
		return nil, err
	}
	d := list[0]
	key, err := s.unseal(&d)
	if err != nil {
		return nil, err
	}
	d.Content.Returned = note
	d.State, d.Version, d.ChangedAt, d.ExpiresAt = DraftOpen, d.Version+1, s.now(), s.now().Add(DraftLife)
	if err := d.seal(key); err != nil {
		return nil, err
	}
	return []any{&d}, nil
}
