package fraud

import (
	"context"
	"slices"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// MarkRemoval takes somebody off counsel's list: one counsel proposes it with a
// reason, another agrees.
type MarkRemoval struct{ Removal }

// Listed is somebody of counsel's list as it is shown: by kind and reason, never
// in the clear.
type Listed struct {
	Mark
	Removal MarkRemoval
}

// Waits tells whether a proposal waits for a second counsel.
func (l Listed) Waits() bool { return l.Removal.waits() }

// Marks keeps counsel's list.
type Marks interface {
	// Marks lists those who are on the list, the newest first.
	Marks(ctx context.Context) ([]Listed, error)
}

// RemovalDigest is what the second counsel agrees to.
func RemovalDigest(r MarkRemoval) identity.Digest { return r.digest("lerd mark removal v1") }

// ListMarks gives counsel the list.
func (s *Service) ListMarks(ctx context.Context) (_ []Listed, err error) {
	defer fault.Wrap(&err, "fraud.ListMarks")
	if _, _, err := s.may(ctx, "mark", "risk", ""); err != nil {
		return nil, err
	}
	return s.Lists.Marks(ctx)
}

func (s *Service) listed(ctx context.Context, mark string) (Listed, identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, "mark", "risk", "")
	if err != nil {
		return Listed{}, actor, rule, err
	}
	list, err := s.Lists.Marks(ctx)
	if err != nil {
		return Listed{}, actor, rule, err
	}
	i := slices.IndexFunc(list, func(l Listed) bool { return l.ID == mark })
	if i < 0 {
		return Listed{}, actor, rule, fault.New(fault.NotFound, "There is nothing here.")
	}
	return list[i], actor, rule, nil
}

// ProposeUnmark asks for somebody to be taken off the list.
func (s *Service) ProposeUnmark(ctx context.Context, mark, why string) (err error) {
	defer fault.Wrap(&err, "fraud.ProposeUnmark(%s)", mark)
	l, actor, rule, err := s.listed(ctx, mark)
	if err != nil {
		return err
	}
	if l.Waits() {
		return fault.New(fault.Conflict, "This waits for a second counsel already. Reload the page.")
	}
	proposed, err := s.proposed(mark, why, actor)
	if err != nil {
		return err
	}
	r := MarkRemoval{proposed}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: s.removalEvent(ctx, r, rule), Insert: []any{&r}}}, Key: change.KeyFrom(ctx, "/sensitive")})
}

func (s *Service) removalEvent(ctx context.Context, r MarkRemoval, rule string) audit.Event {
	e := change.Event(ctx, s.now(), "risk.unmark_"+r.State, "mark_removal:"+r.ID, r.Version)
	e.Facts["mark"], e.Facts["rule"] = r.Of, rule
	return e
}

// DecideUnmark is another counsel's yes, with their passkey, or a no.
func (s *Service) DecideUnmark(ctx context.Context, mark string, agree bool) (err error) {
	defer fault.Wrap(&err, "fraud.DecideUnmark(%s)", mark)
	l, actor, rule, err := s.listed(ctx, mark)
	if err != nil {
		return err
	}
	decided, err := s.decided(l.Removal.Removal, actor, agree)
	if err != nil {
		return err
	}
	r := MarkRemoval{decided}
	part := change.Part{Event: s.removalEvent(ctx, r, rule), Update: []any{&r}}
	if agree {
		proof, err := identity.RequireProof(ctx, identity.PurposeRights, RemovalDigest(r))
		if err != nil {
			return err
		}
		m := l.Mark
		m.RemovedBy, m.RemovedAt, m.Version = actor.Person, r.DecidedAt, m.Version+1
		part.Update = append(part.Update, &m)
		part.Event.Causes = append(part.Event.Causes, l.Mark.EventID)
		change.Prove(&part, proof)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/sensitive")})
}
