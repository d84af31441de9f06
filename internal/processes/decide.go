package processes

import (
	"context"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// TakeUp puts a proposal that the server's command filed into somebody's name:
// from here on a second person can put it in force.
func (s *Service) TakeUp(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "processes.TakeUp(%s)", id)
	p, actor, rule, err := s.open(ctx, id, "propose")
	if err != nil {
		return err
	}
	if p.State != Filed {
		return moved(p)
	}
	p.State, p.By, p.Version = Proposed, actor.Person, p.Version+1
	part := change.Part{Event: s.about(ctx, "process.taken_up", p, rule), Update: []any{&p}}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(id))})
}

// Withdraw ends a proposal. Whoever may propose may do it, with a reason.
func (s *Service) Withdraw(ctx context.Context, id, why string) (err error) {
	defer fault.Wrap(&err, "processes.Withdraw(%s)", id)
	p, actor, rule, err := s.open(ctx, id, "propose")
	if err != nil {
		return err
	}
	if !p.Open() {
		return moved(p)
	}
	note, err := readWhy(why, "Say why it is withdrawn.")
	if err != nil {
		return err
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Note, p.Version = Withdrawn, actor.Person, s.now(), note, p.Version+1
	part := change.Part{Event: s.about(ctx, "process.withdrawn", p, rule), Update: []any{&p}}
	tell(&part, "why", note)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(id))})
}

func moved(p Proposal) error {
	return fault.New(fault.Conflict, "This step is no longer possible: the proposal is now %q. Reload the page.", map[string]string{
		Filed: "filed, and not taken up", Proposed: "proposed", Withdrawn: "withdrawn", InForce: "put in force"}[p.State])
}

// PutInForce is the second person's step. From the proposal's day on new cases
// are pinned to its version; cases that are pinned already stay where they are.
func (s *Service) PutInForce(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "processes.PutInForce(%s)", id)
	p, actor, rule, err := s.open(ctx, id, "put_in_force")
	if err != nil {
		return err
	}
	if p.State != Proposed {
		return moved(p)
	}
	if p.By == actor.Person {
		return fault.New(fault.Gate, "You proposed this yourself. Somebody else has to compare it and put it in force.")
	}
	law, err := s.Book.Law(ctx)
	if err != nil {
		return err
	}
	if err := s.stillFits(law, p); err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposePutInForce, Digest(p))
	if err != nil {
		return err
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Version = InForce, actor.Person, s.now(), p.Version+1
	v := Version{ID: uuid.NewString(), Process: p.Process, Number: p.Number, Digest: p.Digest, BodySHA256: sha(p.Body), Day: p.Day, Zone: p.Zone,
		Body: p.Body, Cases: p.Cases, Proposal: p.ID, By: actor.Person, At: p.DecidedAt}
	part := change.Part{Event: s.about(ctx, "process.put_in_force", p, rule), Update: []any{&p}, Insert: []any{&v}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(id))})
}

// stillFits examines a proposal once more, as it would be put in force now.
func (s *Service) stillFits(law *legal.Registry, p Proposal) error {
	if err := basis(law, p); err != nil {
		return err
	}
	again, err := s.read(law, Input{Body: p.Body, Cases: p.Cases})
	if err == nil && (again.Digest != p.Digest || again.BaseDigest != p.BaseDigest) {
		err = fault.New(fault.Conflict, "The proposal does not give the digest that its event holds.")
	}
	if fault.KindOf(err) == fault.Invalid {
		return fault.Because(fault.Gate, err, "It cannot be put in force any more: %s", firstProblem(err))
	}
	return err
}

func firstProblem(err error) string {
	if list := fault.ProblemsOf(err); len(list) > 0 {
		return list[0].Message
	}
	return fault.Message(err)
}

// basis tells whether a proposal is still written upon the newest version.
func basis(law *legal.Registry, p Proposal) error {
	newest, err := law.Newest(p.Process)
	if err != nil {
		return err
	}
	if newest.Version != p.Number-1 || newest.Pin().Digest != p.BaseDigest {
		return fault.New(fault.Conflict, "Its basis has moved on: version %d of %s was put in force after this was written. Write it anew upon that version, and withdraw this one.", newest.Version, p.Process)
	}
	return nil
}
