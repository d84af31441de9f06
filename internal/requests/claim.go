package requests

import (
	"context"
	"slices"
	"time"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// Claim takes a case into a reviewer's hands: nobody else works on it until it
// is released. The accounts behind the targets are looked up now, so that the
// reviewer knows whether each leads to exactly one.
func (s *Service) Claim(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.Claim(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "claim", "request")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.claimed(ctx, &q, actor, rule)
	if err != nil {
		return s.stopped(ctx, c, err)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// claimed is the part of a step by which a reviewer takes a case up.
func (s *Service) claimed(ctx context.Context, q *Request, actor identity.Actor, rule string) (change.Part, error) {
	part, err := s.step(ctx, q, Claim, rule)
	if err != nil {
		return part, err
	}
	q.Reviewer, q.ClaimedAt = actor.Person, s.now()
	q.Targets = slices.Clone(q.Targets)
	for i := range q.Targets {
		if err := s.resolve(ctx, &q.Targets[i]); err != nil {
			return part, err
		}
		tell(&part, "resolved_"+q.Targets[i].Ref(), personal.NewText(q.Targets[i].Resolution))
		part.Update = append(part.Update, &q.Targets[i])
	}
	if err := s.compare(ctx, *q, &part); err != nil {
		return part, err
	}
	return part, nil
}

// resolve asks the account data who held the identifier: at the stated moment
// where there is one, else during the whole period.
func (s *Service) resolve(ctx context.Context, t *Target) error {
	period := records.Period{From: t.From, To: t.To}
	if !t.HolderAt.IsZero() {
		period = records.At(t.HolderAt)
	}
	parsed, err := identifier.Parse(records.Kind(t.Kind), t.Identifier.Reveal())
	if err != nil {
		return err
	}
	found, err := s.Source.Resolve(ctx, parsed.During(period))
	if err != nil {
		return err
	}
	account, match := found.Account()
	t.AccountID, t.Resolution = int64(account), string(match)
	return nil
}

// held loads a case that the actor has claimed.
func (s *Service) held(ctx context.Context, id ID, verb access.Verb) (Case, identity.Actor, string, error) {
	c, actor, rule, err := s.open(ctx, id, verb, "request")
	if err != nil {
		return c, actor, rule, err
	}
	if c.Request.State == InReview && c.Request.Reviewer != actor.Person && actor.Role == identity.Reviewer {
		return c, actor, rule, fault.New(fault.Conflict, "Another reviewer works on this case. Claim it once they have given it back.")
	}
	return c, actor, rule, nil
}

// Unclaim gives a case back to the queue, with a reason.
func (s *Service) Unclaim(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Unclaim(%s)", id)
	c, _, rule, err := s.held(ctx, id, "claim")
	if err != nil {
		return err
	}
	return s.takeReasoned(ctx, c, reasoned{Unclaim, rule, why, "Say why you give the case back.",
		func(q *Request, _ *change.Part, _ personal.Text) []change.Part {
			q.Reviewer, q.ClaimedAt = "", time.Time{}
			return nil
		}})
}
