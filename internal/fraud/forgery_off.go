package fraud

import (
	"context"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// ForgeryRemoval takes a document off the register of known forgeries: somebody
// who may enter documents proposes it with a reason, counsel other than them
// agrees.
type ForgeryRemoval struct{ Removal }

// Registered is a document of the register as it is shown.
type Registered struct {
	Forgery
	Ref        string // of the request that it came with
	AgencyName string
	Removal    ForgeryRemoval // the last one, without an ID where there was none
}

// Waits tells whether somebody's proposal waits for counsel.
func (r Registered) Waits() bool { return r.Removal.waits() }

// ForgeryRemovalDigest is what counsel agrees to.
func ForgeryRemovalDigest(r ForgeryRemoval) identity.Digest {
	return r.digest("lerd forgery removal v1")
}

// ListForgeries gives the register of known forgeries, the newest first.
func (s *Service) ListForgeries(ctx context.Context) (_ []Registered, err error) {
	defer fault.Wrap(&err, "fraud.ListForgeries")
	if _, _, err := access.Enter(ctx, s.Access, "list", access.Object{Kind: "forgery"}); err != nil {
		return nil, err
	}
	return s.Forgery.Registered(ctx, "")
}

func (s *Service) registered(ctx context.Context, verb access.Verb, forgery string) (Registered, identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, verb, "forgery", "")
	if err != nil {
		return Registered{}, actor, rule, err
	}
	list, err := s.Forgery.Registered(ctx, forgery)
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "There is nothing here.")
	}
	if err != nil {
		return Registered{}, actor, rule, err
	}
	return list[0], actor, rule, nil
}

// ProposeTakeOff asks for a document to be taken off the register, where it was
// entered in error.
func (s *Service) ProposeTakeOff(ctx context.Context, forgery, why string) (err error) {
	defer fault.Wrap(&err, "fraud.ProposeTakeOff(%s)", forgery)
	f, actor, rule, err := s.registered(ctx, "mark", forgery)
	if err != nil {
		return err
	}
	if f.Waits() {
		return fault.New(fault.Conflict, "This waits for counsel already. Reload the page.")
	}
	proposed, err := s.proposed(forgery, why, actor)
	if err != nil {
		return err
	}
	r := ForgeryRemoval{proposed}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: s.takeOffEvent(ctx, r, rule), Insert: []any{&r}}}, Key: change.KeyFrom(ctx, "/forgeries")})
}

func (s *Service) takeOffEvent(ctx context.Context, r ForgeryRemoval, rule string) audit.Event {
	e := change.Event(ctx, s.now(), "forgery.removal_"+r.State, "forgery_removal:"+r.ID, r.Version)
	e.Facts["forgery"], e.Facts["rule"] = r.Of, rule
	return e
}

// DecideTakeOff is counsel's yes, with their passkey, or a no, to what somebody
// else proposed.
func (s *Service) DecideTakeOff(ctx context.Context, forgery string, agree bool) (err error) {
	defer fault.Wrap(&err, "fraud.DecideTakeOff(%s)", forgery)
	f, actor, rule, err := s.registered(ctx, "lift", forgery)
	if err != nil {
		return err
	}
	decided, err := s.decided(f.Removal.Removal, actor, agree)
	if err != nil {
		return err
	}
	r := ForgeryRemoval{decided}
	part := change.Part{Event: s.takeOffEvent(ctx, r, rule), Update: []any{&r}}
	if agree {
		proof, err := identity.RequireProof(ctx, identity.PurposeForgery, ForgeryRemovalDigest(r))
		if err != nil {
			return err
		}
		f.RemovedBy, f.RemovedAt, f.Version = actor.Person, r.DecidedAt, f.Version+1
		part.Update = append(part.Update, &f.Forgery)
		part.Event.Causes = append(part.Event.Causes, f.EventID)
		change.Prove(&part, proof)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/forgeries")})
}
