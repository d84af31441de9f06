// Package accounts brings people in and takes their access away: invitations,
// enrolment of the first passkey, suspension, vetting anew, and the two auditors
// that it takes to touch a third.
//
// Invariants:
//   - nobody registers themselves: an account begins with an invitation by
//     somebody whom the policy lets invite to that role;
//   - an invitation's code serves once, for 72 hours, and only its hash is kept;
//   - a code alone opens nothing: the account comes alive when whoever may
//     confirm it types the fingerprint of the enrolled key, as the person reads
//     it out over a channel that the platform chose;
//   - a code that is wrong, used, cancelled or over reads "not found";
//   - there is no way back but a new invitation, and after one a pause before
//     anything can be downloaded.
package accounts

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
)

// Lifetimes and limits.
const (
	CodeLife = 72 * time.Hour // of an invitation's code
	MaxTries = 5              // at typing a fingerprint
	CoolDown = 72 * time.Hour // before downloads, after somebody was vetted anew
	// ServesFor is how long an agency's people stay before their administrator has
	// to confirm that they still serve.
	ServesFor = 180 * 24 * time.Hour
)

// State is how far an invitation has come.
type State string

// The states of an invitation.
const (
	Open      State = "open"      // its code waits
	Enrolled  State = "enrolled"  // a key is registered; its fingerprint waits to be typed
	Confirmed State = "confirmed" // the account is alive
	Cancelled State = "cancelled"
)

// ID names an invitation, a lower-case UUID.
type ID string

// Invitation lets one person register their first passkey.
type Invitation struct {
	ID          ID
	Person      identity.PersonID
	Agency      identity.AgencyID
	Role        identity.Role
	Revetting   bool // the person had access before
	CodeHash    []byte
	InvitedBy   identity.PersonID // empty: the server's own command
	InvitedAt   time.Time
	ExpiresAt   time.Time
	State       State
	Passkey     identity.PasskeyID
	EnrolledAt  time.Time
	Tries       int // wrong fingerprints so far
	ConfirmedBy identity.PersonID
	ConfirmedAt time.Time
	Version     int64
	EventID     audit.EventID
}

// Takes tells whether the invitation's code may be used at now.
func (i Invitation) Takes(now time.Time) bool { return i.State == Open && now.Before(i.ExpiresAt) }

// Account is a person with what is known of their access.
type Account struct {
	Person     identity.Person
	Invitation *Invitation // the newest
	Change     *Change     // the newest that waits or was decided, of auditors
	Passkeys   int         // in use
	LastSignIn time.Time
	Provider   bool // signs in by the company's own provider too
}

// Store keeps accounts. It is asked as lerd itself, after the policy.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Account gives a person with their access, or NotFound.
	Account(ctx context.Context, id identity.PersonID) (Account, error)
	// Accounts gives the people of some roles, of one agency where it is named.
	Accounts(ctx context.Context, roles []identity.Role, agency identity.AgencyID) ([]Account, error)
	// InvitationByCode gives an invitation by its code's hash, or NotFound.
	InvitationByCode(ctx context.Context, hash []byte) (Invitation, error)
}

// Passkeys registers passkeys; *passkey.Service does.
type Passkeys interface {
	BeginRegistration(ctx context.Context, r passkey.Registration) (id string, options []byte, err error)
	FinishRegistration(ctx context.Context, r passkey.Registration, id string, answer []byte) (*identity.Passkey, error)
	InUse(ctx context.Context, person identity.PersonID) ([]identity.Passkey, error)
	All(ctx context.Context, person identity.PersonID) ([]identity.Passkey, error)
}

// Assertions knows what people signed.
type Assertions interface {
	// Assertion gives an assertion, or NotFound.
	Assertion(ctx context.Context, id identity.AssertionID) (identity.Assertion, error)
}

// Repeats knows the forms that were sent before.
type Repeats interface {
	// Repeated gives *change.Used where the key was used before with the same
	// body, a Conflict with another one, and nil for a nil or a new key.
	Repeated(ctx context.Context, key *change.Key) error
}

// Authorizer says whether an actor may, and by which rule.
type Authorizer interface {
	Allow(ctx context.Context, actor identity.Actor, verb access.Verb, object access.Object) (rule string, err error)
}

// Config is what a Service is made of.
type Config struct {
	Store      Store
	Passkeys   Passkeys
	Assertions Assertions
	Providers  Providers
	Access     Authorizer
	Repeats    Repeats
	Now        func() time.Time
	Rand       io.Reader // nil: crypto/rand
}

// Service takes the steps of accounts.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Service{c}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// system gives a context in which lerd itself reads and writes.
func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

// KindOf gives the kind of object that an account of a role is to the policy.
func KindOf(r identity.Role) access.Kind {
	switch r {
	case identity.Officer, identity.AgencyAdmin, identity.Auditor:
		return access.Kind(r)
	}
	return "staff"
}

// may asks the policy whether the actor may do verb to accounts of a role.
func (s *Service) may(ctx context.Context, verb access.Verb, role identity.Role, agency identity.AgencyID) (identity.Actor, string, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return actor, "", fault.New(fault.SignIn, "Please sign in.")
	}
	if !role.Known() || role.OfAgency() == (agency == "") {
		return actor, "", nothing()
	}
	rule, err := s.Access.Allow(ctx, actor, verb, access.Object{Kind: KindOf(role), Agency: agency})
	return actor, rule, err
}

// open gives an account to whom the policy lets do verb to it. One's own is not
// among them.
func (s *Service) open(ctx context.Context, id identity.PersonID, verb access.Verb) (Account, identity.Actor, string, error) {
	if _, err := uuid.Parse(string(id)); err != nil {
		return Account{}, identity.Actor{}, "", nothing()
	}
	a, err := s.Store.Account(system(ctx), id)
	if err != nil {
		return a, identity.Actor{}, "", err
	}
	actor, rule, err := s.may(ctx, verb, a.Person.Role, a.Person.Agency)
	if err == nil && actor.Person == id && verb != "list" {
		return a, actor, rule, fault.New(fault.Gate, "This is your own account. Somebody else has to do this.")
	}
	if err == nil && verb != "list" {
		err = s.Repeats.Repeated(system(ctx), change.KeyFrom(ctx, ""))
	}
	return a, actor, rule, err
}

// commit writes a set as lerd itself, under the form's key where there is one.
func (s *Service) commit(ctx context.Context, outcome string, parts ...change.Part) error {
	return s.Store.Commit(system(ctx), change.Set{Parts: parts, Key: change.KeyFrom(ctx, outcome)})
}

func (s *Service) event(ctx context.Context, kind string, person identity.PersonID, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "person:"+string(person), 0)
	e.Facts["person"] = string(person)
	if rule != "" {
		e.Facts["rule"] = rule
	}
	return e
}

func nothing() error { return fault.New(fault.NotFound, "There is nothing here.") }

// roles are what an actor may list, in the order of identity.Roles.
func (s *Service) roles(ctx context.Context, verb access.Verb) (out []identity.Role) {
	actor, _ := identity.From(ctx)
	for _, r := range identity.Roles {
		agency := actor.Agency
		if r.OfAgency() && agency == "" {
			agency = "any" // staff rights do not depend on which
		}
		if !r.OfAgency() {
			agency = ""
		}
		if _, _, err := s.may(ctx, verb, r, agency); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// Invites gives the roles to which the actor may invite.
func (s *Service) Invites(ctx context.Context) []identity.Role { return s.roles(ctx, "invite") }

// List gives the accounts that the actor may see, of their own agency where they
// belong to one.
func (s *Service) List(ctx context.Context) ([]Account, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return nil, fault.New(fault.SignIn, "Please sign in.")
	}
	roles := s.roles(ctx, "list")
	if len(roles) == 0 {
		return nil, nothing()
	}
	return s.Store.Accounts(system(ctx), roles, actor.Agency)
}

// View gives one account to whoever may list it.
func (s *Service) View(ctx context.Context, id identity.PersonID) (Account, error) {
	a, _, _, err := s.open(ctx, id, "list")
	return a, err
}
