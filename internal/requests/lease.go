package requests

import (
	"context"
	"errors"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// ClaimLease is how long a claim lasts after the last step on its case. Then the
// case goes back into the queue by itself, with everything that was answered.
const ClaimLease = 4 * time.Hour

// BenchStore keeps what the workbench needs beside the case.
type BenchStore interface {
	// LastStep gives when the last step on a case was taken, by lerd's clock.
	LastStep(ctx context.Context, id ID) (time.Time, error)
	// Idle gives claimed cases on which no step was taken since a moment.
	Idle(ctx context.Context, since time.Time, limit int) ([]ID, error)
	// Hands gives who took a case up, gave it back or took it over, oldest first.
	Hands(ctx context.Context, id ID) ([]Hand, error)
	// Skips gives the cases that were left, the newest first.
	Skips(ctx context.Context, f SkipFilter) ([]Skip, error)
	// SavedReplies gives the last version of each text, by name and language.
	SavedReplies(ctx context.Context) ([]SavedReply, error)
}

// Hand is one change of who holds a case.
type Hand struct {
	At    time.Time
	Kind  string // claim or unclaim
	By    identity.PersonID
	Why   personal.Text // of what was given back; empty where its text was erased
	Taken bool          // a colleague took the case over
}

// seenKey is the key of the version that somebody saw in a context.
type seenKey struct{}

// WithSeen says which version of the case somebody looked at when they filled in
// their form. A step on another version is refused: it was decided on what is no
// longer so, for example in a second tab.
func WithSeen(ctx context.Context, version int64) context.Context {
	return context.WithValue(ctx, seenKey{}, version)
}

// stale refuses a step by somebody who saw another version of the case.
func stale(ctx context.Context, q Request) error {
	if seen, ok := ctx.Value(seenKey{}).(int64); ok && seen != q.Version {
		return fault.New(fault.Conflict, "This case has changed since you opened the page: somebody, or you in another tab, went on with it. What you typed is below; look at the case as it is now, and send it again if it still holds.")
	}
	return nil
}

// HeldUntil gives until when a claim lasts; zero of a case that nobody holds.
func (s *Service) HeldUntil(ctx context.Context, c Case) (time.Time, error) {
	if c.Request.State != InReview || c.Request.Reviewer == "" || s.Bench == nil {
		return time.Time{}, nil
	}
	last, err := s.Bench.LastStep(ctx, c.Request.ID)
	return last.Add(ClaimLease), err
}

// TakeOverClaim takes a case from the reviewer who holds it, with a reason: it is
// given back and claimed in one step, so that nobody comes in between. What was
// answered stays, under the name of who answered it.
func (s *Service) TakeOverClaim(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.TakeOverClaim(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "take_over_claim", "request")
	if err != nil {
		return err
	}
	q := c.Request
	if err := stale(ctx, q); err != nil {
		return err
	}
	if q.State != InReview || q.Reviewer == actor.Person {
		return fault.New(fault.Conflict, "Only a case that a colleague holds can be taken over.")
	}
	reason, err := needText("why", why, "Say why you take the case over. Your colleague and the auditors will read it.")
	if err != nil {
		return err
	}
	ctx = WithSeen(ctx, q.Version)
	back, err := s.step(ctx, &q, Unclaim, rule)
	if err != nil {
		return err
	}
	q.Reviewer, q.ClaimedAt = "", time.Time{}
	back.Event.Facts["taken_over"] = "yes"
	tell(&back, "reason", reason)
	mine := q
	taken, err := s.claimed(WithSeen(ctx, mine.Version), &mine, actor, rule)
	if err != nil {
		return s.stopped(ctx, c, err)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{back, taken}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// ReleaseIdle gives claimed cases back on which nobody took a step for as long as
// a claim lasts. It runs as lerd.
func (s *Service) ReleaseIdle(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.ReleaseIdle")
	if s.Bench == nil {
		return 0, nil
	}
	idle, err := s.Bench.Idle(ctx, s.now().Add(-ClaimLease), 200)
	for _, id := range idle {
		err = errors.Join(err, unlessTaken(s.releaseIdle(ctx, id)))
	}
	return len(idle), err
}

func (s *Service) releaseIdle(ctx context.Context, id ID) error {
	c, _, rule, err := s.open(ctx, id, "release_claim", "request")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Unclaim, rule)
	if err != nil {
		return err
	}
	q.Reviewer, q.ClaimedAt = "", time.Time{}
	part.Event.Facts["idle"] = "yes"
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

// Hands gives who held a case, to those who may see it.
func (s *Service) Hands(ctx context.Context, c Case) ([]Hand, error) {
	if s.Bench == nil {
		return nil, nil
	}
	return s.Bench.Hands(ctx, c.Request.ID)
}
