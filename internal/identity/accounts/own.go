package accounts

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
)

// allowance is how long after it was allowed a passkey may be added.
const allowance = 10 * time.Minute

// EveryPasskey gives the actor's own passkeys, also those that were removed.
func (s *Service) EveryPasskey(ctx context.Context) ([]identity.Passkey, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return nil, fault.New(fault.SignIn, "Please sign in.")
	}
	return s.Passkeys.All(ctx, actor.Person)
}

func (s *Service) ownPasskeys(ctx context.Context) ([]identity.Passkey, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return nil, fault.New(fault.SignIn, "Please sign in.")
	}
	return s.Passkeys.InUse(ctx, actor.Person)
}

// AddDigest is what people agree to before they add a passkey of their own.
func AddDigest(p identity.PersonID) identity.Digest {
	return identity.DigestOf("add passkey", string(p))
}

// RemoveDigest is what people agree to before they remove one.
func RemoveDigest(id identity.PasskeyID) identity.Digest {
	return identity.DigestOf("remove passkey", string(id))
}

// AllowPasskey records that the actor, by a passkey that they have, lets another
// be added; it gives the permission, which serves one addition for ten minutes.
func (s *Service) AllowPasskey(ctx context.Context) (_ identity.AssertionID, err error) {
	defer fault.Wrap(&err, "accounts.AllowPasskey")
	actor, _ := identity.From(ctx)
	proof, err := identity.RequireProof(ctx, identity.PurposeAccount, AddDigest(actor.Person))
	if err != nil {
		return "", err
	}
	part := change.Part{Event: s.event(ctx, "passkey.addition_allowed", actor.Person, "")}
	change.Prove(&part, proof)
	return proof.Assertion, s.commit(ctx, AddPath(proof.Assertion), part)
}

// AddPath is where a permission to add a passkey is used.
func AddPath(allowed identity.AssertionID) string {
	return "/account/passkeys/new?allowed=" + string(allowed)
}

// addition says under which permission a passkey is added.
func (s *Service) addition(ctx context.Context, allowed identity.AssertionID) (passkey.Registration, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return passkey.Registration{}, fault.New(fault.SignIn, "Please sign in.")
	}
	if _, err := uuid.Parse(string(allowed)); err != nil {
		return passkey.Registration{}, nothing()
	}
	a, err := s.Assertions.Assertion(system(ctx), allowed)
	if err != nil {
		return passkey.Registration{}, err
	}
	if a.Person != actor.Person || a.Session != actor.Session || a.Purpose != identity.PurposeAccount || a.Digest != AddDigest(actor.Person) || s.now().Sub(a.At) > allowance {
		return passkey.Registration{}, nothing()
	}
	account, err := s.Store.Account(system(ctx), actor.Person)
	return passkey.Registration{Person: account.Person, Session: actor.Session, Allowed: identity.DigestOf("add", string(allowed))}, err
}

// BeginPasskey starts the registration of a further passkey under a permission.
func (s *Service) BeginPasskey(ctx context.Context, allowed identity.AssertionID) (id string, options []byte, err error) {
	defer fault.Wrap(&err, "accounts.BeginPasskey")
	r, err := s.addition(ctx, allowed)
	if err != nil {
		return "", nil, err
	}
	return s.Passkeys.BeginRegistration(ctx, r)
}

// AddPasskey registers a further passkey of the actor's own. Its id comes from
// the permission, which therefore serves once.
func (s *Service) AddPasskey(ctx context.Context, allowed identity.AssertionID, label, id string, answer []byte) (err error) {
	defer fault.Wrap(&err, "accounts.AddPasskey")
	r, err := s.addition(ctx, allowed)
	if err != nil {
		return err
	}
	key, err := s.Passkeys.FinishRegistration(ctx, r, id, answer)
	if err != nil {
		return err
	}
	key.ID = passkeyOf(allowed)
	key.Label = short(label)
	e := s.event(ctx, "passkey.added", r.Person.ID, "")
	e.Facts["passkey"], e.Facts["assertion"] = string(key.ID), string(allowed)
	return s.commit(ctx, "/account", change.Part{Event: e, Insert: []any{key}})
}

// passkeyOf names the passkey that a permission serves for, a UUID of version 8;
// the database comes to the same one (passkey_id_of).
func passkeyOf(allowed identity.AssertionID) identity.PasskeyID {
	sum := sha256.Sum256([]byte("lerd passkey " + string(allowed)))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return identity.PasskeyID(id.String())
}

// short keeps a label to 40 characters of one line.
func short(label string) string {
	r := []rune(strings.Join(strings.Fields(label), " "))
	return string(r[:min(len(r), 40)])
}

// RemovePasskey takes one of the actor's own passkeys out of use, and ends their
// other sessions. The last one stays: without it there is no way back in.
func (s *Service) RemovePasskey(ctx context.Context, id identity.PasskeyID) (err error) {
	defer fault.Wrap(&err, "accounts.RemovePasskey(%s)", id)
	if err := s.Repeats.Repeated(system(ctx), change.KeyFrom(ctx, "")); err != nil {
		return err
	}
	keys, err := s.ownPasskeys(ctx)
	if err != nil {
		return err
	}
	actor, _ := identity.From(ctx)
	for _, k := range keys {
		if k.ID == id {
			return s.remove(ctx, actor, k, len(keys))
		}
	}
	return nothing()
}

func (s *Service) remove(ctx context.Context, actor identity.Actor, k identity.Passkey, there int) error {
	if there < 2 {
		return fault.New(fault.Gate, "This is your last passkey. Add another first; without one you could not sign in any more.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAccount, RemoveDigest(k.ID))
	if err != nil {
		return err
	}
	k.RemovedAt, k.RemovedWhy, k.Version = s.now(), identity.RemovedByOwner, k.Version+1
	e := s.event(ctx, "passkey.removed", actor.Person, "")
	e.Facts["passkey"] = string(k.ID)
	part := change.Part{Event: e, Update: []any{&k}, Insert: []any{identity.SessionsEnded{Person: actor.Person, Except: actor.Session, At: k.RemovedAt}}}
	change.Prove(&part, proof)
	return s.commit(ctx, "/account", part)
}
