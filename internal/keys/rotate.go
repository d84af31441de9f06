package keys

import (
	"context"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
)

// Rotate makes the sealing certificate of a SHA-256 the current one and the
// former current one rotated, in one transaction. The new one must have been
// announced, so that everybody could fetch it before the first bundle bears it.
// An export whose contents name the former seal has to be out first.
func (s *Service) Rotate(ctx context.Context, certSHA256 string) (err error) {
	defer fault.Wrap(&err, "keys.Rotate")
	rule, err := s.may(ctx, "rotate", access.Object{Kind: "key"})
	if err != nil {
		return err
	}
	list, err := s.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	next := find(list, Seal, certSHA256)
	if next == nil || next.Standing != Announced && next.Standing != Current {
		return fault.New(fault.Gate, "Publish the new sealing certificate first (lerd keys publish), and rotate when agencies have had the time to fetch it.")
	}
	if next.Standing == Current {
		return nil
	}
	if n, err := s.Store.OpenExports(ctx); err != nil {
		return err
	} else if n > 0 {
		return fault.New(fault.Conflict, "%d exports are under way under the former seal. Let them finish with its key configured, then rotate.", n)
	}
	return s.Store.Commit(ctx, change.Set{Parts: s.swap(ctx, list, *next, rule)})
}

// swap gives the parts of a rotation: the former seal steps back first, since
// one seals at a time.
func (s *Service) swap(ctx context.Context, list []Key, next Key, rule string) (parts []change.Part) {
	for _, k := range list {
		if k.Purpose == Seal && k.Standing == Current {
			k.Standing, k.RotatedAt, k.Version = Rotated, s.Now().UTC(), k.Version+1
			parts = append(parts, change.Part{Event: s.event(ctx, k, "key.rotated", rule), Update: []any{&k}})
		}
	}
	next.Standing, next.Version = Current, next.Version+1
	e := s.event(ctx, next, "key.rotated", rule)
	for _, p := range parts {
		e.Causes = append(e.Causes, p.Event.ID)
	}
	return append(parts, change.Part{Event: e, Update: []any{&next}})
}
