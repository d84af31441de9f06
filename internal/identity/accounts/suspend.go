package accounts

import (
	"context"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// What can happen to an account that is alive.
const (
	DoSuspend = "suspend"
	DoRevet   = "revet"
)

// EndDigest is what somebody agrees to who takes access away.
func EndDigest(what string, id identity.PersonID) identity.Digest {
	return identity.DigestOf("account", what, string(id))
}

// Suspend takes a person's access away at once: their sessions end with it, and
// the way back is a new invitation. Auditors are for auditors; see Propose.
func (s *Service) Suspend(ctx context.Context, id identity.PersonID, why string) (err error) {
	defer fault.Wrap(&err, "accounts.Suspend(%s)", id)
	a, _, rule, err := s.open(ctx, id, "suspend")
	if err != nil {
		return err
	}
	if err := reason(why); err != nil {
		return err
	}
	if !a.Person.Active {
		return fault.New(fault.Conflict, "This account is not in use. Reload the page to see where it stands.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAccount, EndDigest(DoSuspend, id))
	if err != nil {
		return err
	}
	part, err := s.suspended(ctx, a, rule, identity.RemovedSuspended)
	if err != nil {
		return err
	}
	change.Prove(&part, proof)
	return s.commit(ctx, PathOf(id), part)
}

func reason(why string) error {
	if n := len([]rune(strings.TrimSpace(why))); n == 0 || n > 1000 {
		return fault.Fields([]fault.Problem{{Field: "why", Message: "Say why, in at most 1000 characters."}})
	}
	return nil
}

// suspended is the part that takes access away, keys and all.
func (s *Service) suspended(ctx context.Context, a Account, rule string, why identity.Removal) (change.Part, error) {
	p := a.Person
	p.Active, p.Version = false, p.Version+1
	e := s.event(ctx, "person.suspended", p.ID, rule)
	e.Facts["role"], e.Facts["agency"], e.Facts["because"] = string(p.Role), string(p.Agency), string(why)
	part := change.Part{Event: e, Update: []any{&p}}
	if err := s.removeKeys(ctx, &part, p.ID, why); err != nil {
		return part, err
	}
	return part, nil
}

// Revet invites a person anew, who lost their passkeys or was suspended: what
// they had is removed first, and after the new confirmation nothing can be
// downloaded for a while.
func (s *Service) Revet(ctx context.Context, id identity.PersonID) (code string, _ Invitation, err error) {
	defer fault.Wrap(&err, "accounts.Revet(%s)", id)
	a, actor, rule, err := s.open(ctx, id, "invite")
	if err != nil {
		return "", Invitation{}, err
	}
	if a.Person.Erased() {
		return "", Invitation{}, fault.New(fault.Conflict, "Who this was has been erased. Invite the person as somebody new.")
	}
	if a.Person.Role == identity.Auditor && a.Person.Active {
		return "", Invitation{}, fault.New(fault.Gate, "This auditor's access has to be taken away by two auditors first.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeInvite, EndDigest(DoRevet, id))
	if err != nil {
		return "", Invitation{}, err
	}
	parts, err := s.cleared(ctx, a, rule)
	if err != nil {
		return "", Invitation{}, err
	}
	code, inv, err := s.invitation(&a.Person, actor.Person, a.Person.Active || a.Person.Version > 1) // a first version that is not alive never was
	if err != nil {
		return "", inv, err
	}
	e := s.event(ctx, "person.invited", id, rule)
	e.Facts["role"], e.Facts["agency"], e.Facts["invitation"], e.Facts["revetting"] = string(a.Person.Role), string(a.Person.Agency), string(inv.ID), "yes"
	part := change.Part{Event: e, Insert: []any{&inv}}
	change.Prove(&part, proof)
	return code, inv, s.commit(ctx, PathOf(id), append(parts, part)...)
}

// cleared are the parts that end what a person still has: an invitation that
// waits, access, or the keys of an account that was stopped and not suspended.
func (s *Service) cleared(ctx context.Context, a Account, rule string) (parts []change.Part, err error) {
	waits := a.Invitation != nil && (a.Invitation.State == Open || a.Invitation.State == Enrolled)
	switch {
	case waits:
		part, err := s.cancelled(ctx, a, rule, "invitation.cancelled")
		return []change.Part{part}, err
	case a.Person.Active:
		part, err := s.suspended(ctx, a, rule, identity.RemovedRevetting)
		return []change.Part{part}, err
	}
	part := change.Part{Event: s.event(ctx, "passkey.removed", a.Person.ID, rule)}
	part.Event.Facts["because"] = string(identity.RemovedRevetting)
	if err := s.removeKeys(ctx, &part, a.Person.ID, identity.RemovedRevetting); err != nil || len(part.Update) == 0 {
		return nil, err
	}
	return []change.Part{part}, nil
}

// EndSessions signs a person out everywhere.
func (s *Service) EndSessions(ctx context.Context, id identity.PersonID) (err error) {
	defer fault.Wrap(&err, "accounts.EndSessions(%s)", id)
	_, _, rule, err := s.open(ctx, id, "suspend")
	if err != nil {
		return err
	}
	e := s.event(ctx, "person.signed_out", id, rule)
	return s.commit(ctx, PathOf(id), change.Part{Event: e, Insert: []any{identity.SessionsEnded{Person: id, At: e.At}}})
}
