package accounts

import (
	"context"
	"crypto/subtle"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
)

// takes tells whether an invitation's code may be used now.
func (s *Service) takes(i Invitation) bool { return i.Takes(s.now()) }

// registration says under which invitation a passkey is registered.
func (s *Service) registration(ctx context.Context, browser, code string, takes func(Invitation) bool) (passkey.Registration, Invitation, error) {
	hash, ok := codeHash(code)
	if !ok {
		return passkey.Registration{}, Invitation{}, nothing()
	}
	inv, err := s.Store.InvitationByCode(system(ctx), hash)
	if err != nil {
		return passkey.Registration{}, inv, err
	}
	if !takes(inv) {
		return passkey.Registration{}, inv, nothing()
	}
	a, err := s.Store.Account(system(ctx), inv.Person)
	return passkey.Registration{Person: a.Person, Browser: browser, Allowed: identity.DigestOf("enrol", string(inv.ID))}, inv, err
}

// BeginEnrolment starts the registration of the first passkey for a browser that
// brings a code. Whatever is wrong with the code is NotFound.
func (s *Service) BeginEnrolment(ctx context.Context, browser, code string) (id string, options []byte, err error) {
	defer fault.Wrap(&err, "accounts.BeginEnrolment")
	r, _, err := s.registration(ctx, browser, code, s.takes)
	if err != nil {
		return "", nil, err
	}
	return s.Passkeys.BeginRegistration(ctx, r)
}

// Enrol registers the first passkey and uses the code up. The account stays as it
// is. It gives the fingerprint that the person reads out to whoever confirms.
func (s *Service) Enrol(ctx context.Context, browser, code, id string, answer []byte) (fingerprint string, err error) {
	defer fault.Wrap(&err, "accounts.Enrol")
	again := func(i Invitation) bool { return i.State == Enrolled && string(i.Passkey) == id }
	r, inv, err := s.registration(ctx, browser, code, func(i Invitation) bool { return s.takes(i) || again(i) })
	if err != nil {
		return "", err
	}
	key, err := s.Passkeys.FinishRegistration(ctx, r, id, answer)
	if err != nil {
		return "", err
	}
	if again(inv) {
		return key.Fingerprint(), nil
	}
	inv.State, inv.Passkey, inv.EnrolledAt, inv.Version = Enrolled, key.ID, s.now(), inv.Version+1
	ctx = identity.With(ctx, identity.Actor{Person: r.Person.ID, Role: r.Person.Role, Agency: r.Person.Agency})
	e := s.event(ctx, "person.enrolled", r.Person.ID, "")
	e.Facts["passkey"], e.Facts["invitation"] = string(key.ID), string(inv.ID)
	return key.Fingerprint(), s.commit(ctx, "", change.Part{Event: e, Insert: []any{key}, Update: []any{&inv}})
}

// ConfirmDigest is what whoever confirms an enrolment agrees to: this person, by
// this very key.
func ConfirmDigest(a Account, key identity.Passkey) identity.Digest {
	return identity.DigestOf("confirm enrolment", string(a.Person.ID), string(a.Person.Role), string(key.PublicKey))
}

// Waiting gives the key whose fingerprint waits to be typed.
func (s *Service) Waiting(ctx context.Context, id identity.PersonID) (Account, identity.Passkey, error) {
	a, _, _, err := s.open(ctx, id, "invite")
	if err != nil {
		return a, identity.Passkey{}, err
	}
	return s.waiting(ctx, a)
}

func (s *Service) waiting(ctx context.Context, a Account) (Account, identity.Passkey, error) {
	keys, err := s.Passkeys.InUse(ctx, a.Person.ID)
	if err != nil {
		return a, identity.Passkey{}, err
	}
	for _, k := range keys {
		if a.Invitation != nil && a.Invitation.State == Enrolled && a.Invitation.Passkey == k.ID {
			return a, k, nil
		}
	}
	return a, identity.Passkey{}, fault.New(fault.Conflict, "No key waits to be confirmed. Reload the page to see where the account stands.")
}

// Confirm brings an account alive: whoever may invite to the role types the
// fingerprint as the person reads it out. Of anybody but an agency's officer it has
// to be another than the inviter. The fifth wrong fingerprint ends the invitation.
func (s *Service) Confirm(ctx context.Context, id identity.PersonID, typed string) (err error) {
	defer fault.Wrap(&err, "accounts.Confirm(%s)", id)
	a, actor, rule, err := s.open(ctx, id, "invite")
	if err != nil {
		return err
	}
	a, key, err := s.waiting(ctx, a)
	if err != nil {
		return err
	}
	if a.Person.Role != identity.Officer && a.Invitation.InvitedBy == actor.Person {
		return fault.New(fault.Gate, "You invited this person. Somebody else with your role has to confirm them.")
	}
	if a.Person.Role == identity.Auditor && a.Invitation.InvitedBy == "" {
		return fault.New(fault.Gate, "The server invited this auditor, and nobody confirms them here. Cancel the invitation; two auditors bring in a third.")
	}
	if !same(typed, key) {
		return s.wrongFingerprint(ctx, a, rule)
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeInvite, ConfirmDigest(a, key))
	if err != nil {
		return err
	}
	return s.confirm(ctx, a, actor.Person, rule, &proof)
}

// ConfirmFromServer is the operator's own command for the first administrators
// and auditors.
func (s *Service) ConfirmFromServer(ctx context.Context, id identity.PersonID, typed string) (err error) {
	defer fault.Wrap(&err, "accounts.ConfirmFromServer(%s)", id)
	a, err := s.Store.Account(system(ctx), id)
	if err != nil {
		return err
	}
	if err := s.serverMay(ctx, a.Person.Role); err != nil {
		return err
	}
	a, key, err := s.waiting(ctx, a)
	if err != nil {
		return err
	}
	if !same(typed, key) {
		return s.wrongFingerprint(system(ctx), a, "server")
	}
	return s.confirm(system(ctx), a, "", "server", nil)
}

func same(typed string, key identity.Passkey) bool {
	want := strings.ReplaceAll(key.Fingerprint(), "-", "")
	return subtle.ConstantTimeCompare([]byte(plainFingerprint(typed)), []byte(want)) == 1
}

func (s *Service) confirm(ctx context.Context, a Account, by identity.PersonID, rule string, proof *identity.Proof) error {
	inv, p := *a.Invitation, a.Person
	inv.State, inv.ConfirmedBy, inv.ConfirmedAt, inv.Version = Confirmed, by, s.now(), inv.Version+1
	p.Active, p.Version = true, p.Version+1
	if inv.Revetting {
		p.DownloadFrom = s.now().Add(CoolDown)
	}
	e := s.event(ctx, "person.confirmed", p.ID, rule)
	e.Facts["role"], e.Facts["agency"], e.Facts["invitation"], e.Facts["passkey"] = string(p.Role), string(p.Agency), string(inv.ID), string(inv.Passkey)
	part := change.Part{Event: e, Update: []any{&inv, &p}}
	if proof != nil {
		change.Prove(&part, *proof)
	}
	return s.commit(ctx, PathOf(p.ID), part)
}

// wrongFingerprint counts a try; the last one ends the invitation and its key.
func (s *Service) wrongFingerprint(ctx context.Context, a Account, rule string) error {
	if a.Invitation.Tries+1 >= MaxTries {
		part, err := s.cancelled(ctx, a, rule, "invitation.given_up")
		if err != nil {
			return err
		}
		part.Update[0].(*Invitation).Tries++
		if err := s.Store.Commit(system(ctx), change.Set{Parts: []change.Part{part}}); err != nil {
			return err
		}
		return fault.New(fault.Gate, "That was the fifth wrong fingerprint. The invitation has ended and its key is removed; begin anew, and find out who has the code.")
	}
	inv := *a.Invitation
	inv.Tries, inv.Version = inv.Tries+1, inv.Version+1
	e := s.event(ctx, "invitation.fingerprint_wrong", a.Person.ID, rule)
	e.Facts["invitation"] = string(inv.ID)
	if err := s.Store.Commit(system(ctx), change.Set{Parts: []change.Part{{Event: e, Update: []any{&inv}}}}); err != nil {
		return err
	}
	return fault.Fields([]fault.Problem{{Field: "fingerprint", Message: "This is not the fingerprint of the key that was enrolled. Ask the person to read it out again; if it still differs, cancel the invitation: somebody else used the code."}})
}
