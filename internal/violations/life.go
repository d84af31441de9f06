package violations

import (
	"context"
	"errors"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Tidy takes findings out of the queue for which nobody waits any more, and puts on
// record which have expired. Two runs at once take each step once.
func (s *Service) Tidy(ctx context.Context) (moved int, err error) {
	defer fault.Wrap(&err, "violations.Tidy")
	ctx = identity.With(ctx, identity.SystemActor())
	left, err := s.Imports.Abandoned(ctx, 100)
	if err != nil {
		return 0, err
	}
	over, err := s.Imports.Over(ctx, s.Now(), 100)
	if err != nil {
		return 0, err
	}
	for to, list := range map[State][]Finding{Gone: left, Expired: over} {
		for _, f := range list {
			switch endErr := s.end(ctx, f, to); {
			case endErr == nil:
				moved++
			case fault.KindOf(endErr) != fault.Conflict:
				err = errors.Join(err, endErr)
			}
		}
	}
	return moved, err
}

func (s *Service) end(ctx context.Context, f Finding, to State) error {
	e := change.Event(ctx, s.Now(), "finding."+string(to), StreamOf(f.ID), f.Version+1)
	e.Causes = []audit.EventID{f.EventID}
	e.Facts["from"], e.Facts["to"], e.Facts["rule"] = string(f.State), string(to), "VI-2"
	f.State, f.Version = to, f.Version+1
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&f}}}})
}
