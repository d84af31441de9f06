package accounts

import (
	"context"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// DoLead is the change by which a reviewer comes to lead the others.
const DoLead = "lead"

// What administrators sign who propose that somebody leads, or end it.
const (
	ProposeLead = "propose lead"
	EndLead     = "end lead"
)

// Waits tells whether a change of a kind waits for a second person.
func (a Account) Waits(what string) bool {
	return a.Change != nil && a.Change.State == Proposed && a.Change.What == what
}

// CanLead tells whether somebody may be proposed to lead the reviewers.
func (a Account) CanLead() bool {
	return a.Person.Role == identity.Reviewer && a.Person.Active && !a.Person.Supervisor && !a.Waits(DoLead)
}

// ProposeLead is an administrator's word, with their passkey, that a reviewer is to
// lead the others: who writes the texts that go out in the platform's name is not one
// administrator's choice.
func (s *Service) ProposeLead(ctx context.Context, id identity.PersonID, why string) (err error) {
	defer fault.Wrap(&err, "accounts.ProposeLead(%s)", id)
	a, actor, rule, err := s.open(ctx, id, "lead")
	if err != nil {
		return err
	}
	if err := reason(why); err != nil {
		return err
	}
	if !a.CanLead() {
		return fault.New(fault.Conflict, "Only a reviewer whose account is in use, and who does not lead yet, can be proposed. Reload the page to see where it stands.")
	}
	c := &Change{Person: id, What: DoLead, Why: why, ProposedBy: actor.Person}
	return s.putForward(ctx, c, EndDigest(ProposeLead, id), s.event(ctx, "person.lead_proposed", id, rule))
}

// DecideLead is another administrator's yes or no; who proposed it can take it back.
func (s *Service) DecideLead(ctx context.Context, id identity.PersonID, yes bool) (err error) {
	defer fault.Wrap(&err, "accounts.DecideLead(%s)", id)
	a, actor, rule, err := s.open(ctx, id, "lead")
	if err != nil {
		return err
	}
	if !a.Waits(DoLead) {
		return fault.New(fault.Conflict, "Nothing is proposed. Reload the page to see where the account stands.")
	}
	c := *a.Change
	if yes && c.ProposedBy == actor.Person {
		return fault.New(fault.Gate, "You proposed this. Another administrator has to decide on it.")
	}
	if yes && !a.Person.Active {
		return fault.New(fault.Conflict, "This account is not in use. Reload the page to see where it stands.")
	}
	return s.decide(ctx, c, actor, yes, func() (change.Part, error) {
		if !yes {
			return change.Part{Event: s.event(ctx, "person.lead_declined", id, rule)}, nil
		}
		p := a.Person
		p.Supervisor, p.Version = true, p.Version+1
		return change.Part{Event: s.event(ctx, "person.leads", id, rule), Update: []any{&p}}, nil
	})
}

// EndLead takes the lead away at once, by one administrator with their passkey: it
// narrows what somebody may do.
func (s *Service) EndLead(ctx context.Context, id identity.PersonID) (err error) {
	defer fault.Wrap(&err, "accounts.EndLead(%s)", id)
	a, _, rule, err := s.open(ctx, id, "lead")
	if err != nil {
		return err
	}
	if a.Person.Role != identity.Reviewer || !a.Person.Supervisor {
		return fault.New(fault.Conflict, "This person does not lead. Reload the page to see where the account stands.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAccount, EndDigest(EndLead, id))
	if err != nil {
		return err
	}
	p := a.Person
	p.Supervisor, p.Version = false, p.Version+1
	part := change.Part{Event: s.event(ctx, "person.lead_ended", id, rule), Update: []any{&p}}
	change.Prove(&part, proof)
	return s.commit(ctx, PathOf(id), part)
}
