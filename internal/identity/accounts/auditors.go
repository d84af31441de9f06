package accounts

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Change is what one person proposes about an account and another decides: auditors
// about an auditor's access, administrators about who leads the reviewers.
type Change struct {
	ID         string
	Person     identity.PersonID
	What       string // DoSuspend, DoLead
	Why        string
	ProposedBy identity.PersonID
	ProposedAt time.Time
	State      string // proposed, done, declined
	DecidedBy  identity.PersonID
	DecidedAt  time.Time
	Version    int64
	EventID    audit.EventID
}

// Digest is what the second person signs: which proposal it is, and yes or no.
func (c Change) Digest(yes bool) identity.Digest {
	word := "no"
	if yes {
		word = "yes"
	}
	return identity.DigestOf("account", "decide", string(c.Person), c.ID, word)
}

// The states of a change.
const (
	Proposed = "proposed"
	Done     = "done"
	Declined = "declined"
)

// Propose proposes that an auditor's access be taken away.
func (s *Service) Propose(ctx context.Context, id identity.PersonID, why string) (err error) {
	defer fault.Wrap(&err, "accounts.Propose(%s)", id)
	a, actor, rule, err := s.open(ctx, id, "propose")
	if err != nil {
		return err
	}
	if err := reason(why); err != nil {
		return err
	}
	if !a.Person.Active || a.Change != nil && a.Change.State == Proposed {
		return fault.New(fault.Conflict, "This account is not in use, or something is proposed already. Reload the page to see where it stands.")
	}
	c := &Change{Person: id, What: DoSuspend, Why: why, ProposedBy: actor.Person}
	return s.putForward(ctx, c, EndDigest("propose", id), s.event(ctx, "person.suspension_proposed", id, rule))
}

// putForward puts a change on record, under its proposer's passkey, for somebody else
// to decide on.
func (s *Service) putForward(ctx context.Context, c *Change, digest identity.Digest, e audit.Event) error {
	proof, err := identity.RequireProof(ctx, identity.PurposeAccount, digest)
	if err != nil {
		return err
	}
	c.ID, c.ProposedAt, c.State, c.Version = uuid.NewString(), s.now(), Proposed, 1
	part := change.Part{Event: e, Insert: []any{c}}
	change.Prove(&part, proof)
	return s.commit(ctx, PathOf(c.Person), part)
}

// Decide is the second auditor's yes or no to what the first proposed.
func (s *Service) Decide(ctx context.Context, id identity.PersonID, yes bool) (err error) {
	defer fault.Wrap(&err, "accounts.Decide(%s)", id)
	a, actor, rule, err := s.open(ctx, id, "decide")
	if err != nil {
		return err
	}
	if !a.Waits(DoSuspend) {
		return fault.New(fault.Conflict, "Nothing is proposed. Reload the page to see where the account stands.")
	}
	c := *a.Change
	if yes && c.ProposedBy == actor.Person {
		return fault.New(fault.Gate, "You proposed this. Another auditor has to decide on it.")
	}
	return s.decide(ctx, c, actor, yes, func() (change.Part, error) {
		if !yes {
			return change.Part{Event: s.event(ctx, "person.suspension_declined", id, rule)}, nil
		}
		return s.suspended(ctx, a, rule, identity.RemovedSuspended)
	})
}

// decide puts the second person's word on record, under their passkey, with what comes
// of it.
func (s *Service) decide(ctx context.Context, c Change, actor identity.Actor, yes bool, outcome func() (change.Part, error)) error {
	proof, err := identity.RequireProof(ctx, identity.PurposeAccount, c.Digest(yes))
	if err != nil {
		return err
	}
	part, err := outcome()
	if err != nil {
		return err
	}
	c.State, c.DecidedBy, c.DecidedAt, c.Version = Declined, actor.Person, s.now(), c.Version+1
	if yes {
		c.State = Done
	}
	part.Update = append(part.Update, &c)
	change.Prove(&part, proof)
	return s.commit(ctx, PathOf(c.Person), part)
}
