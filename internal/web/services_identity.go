package web

import (
	"context"

	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/identity/provider"
)

// PasskeySignIn signs people in by what their browser answers.
type PasskeySignIn interface {
	// BeginSignIn starts a ceremony for a browser, known by a cookie's value.
	BeginSignIn(ctx context.Context, browser string) (id string, options []byte, err error)
	// SignInByPasskey begins a session and gives its token. Every failure is a
	// SignIn fault with the same words.
	SignInByPasskey(ctx context.Context, browser, id string, answer []byte, agent string) (token string, actor identity.Actor, err error)
}

// ProviderSignIn signs staff in by the company's OpenID provider.
type ProviderSignIn interface {
	// BeginProvider gives the provider's address for a browser's sign-in.
	BeginProvider(ctx context.Context, browser string) (address string, err error)
	// SignInByProvider begins a session for whom the provider's answer names.
	SignInByProvider(ctx context.Context, browser string, a provider.Answer, agent string) (token string, actor identity.Actor, err error)
}

// OwnSessions are the actor's own.
type OwnSessions interface {
	Sessions(ctx context.Context) ([]identity.Session, error)
	EndOne(ctx context.Context, id identity.SessionID) error
	EndOthers(ctx context.Context) error
}

// OwnPasskeys are the actor's own.
type OwnPasskeys interface {
	// EveryPasskey gives also those that were removed, oldest first.
	EveryPasskey(ctx context.Context) ([]identity.Passkey, error)
	AllowPasskey(ctx context.Context) (identity.AssertionID, error)
	BeginPasskey(ctx context.Context, allowed identity.AssertionID) (id string, options []byte, err error)
	AddPasskey(ctx context.Context, allowed identity.AssertionID, label, id string, answer []byte) error
	RemovePasskey(ctx context.Context, id identity.PasskeyID) error
}

// Enrolment registers the first passkey of whoever brings an invitation's code.
type Enrolment interface {
	BeginEnrolment(ctx context.Context, browser, code string) (id string, options []byte, err error)
	Enrol(ctx context.Context, browser, code, id string, answer []byte) (fingerprint string, err error)
}

// Accounts are the people whom the actor looks after.
type Accounts interface {
	Invites(ctx context.Context) []identity.Role
	List(ctx context.Context) ([]accounts.Account, error)
	View(ctx context.Context, id identity.PersonID) (accounts.Account, error)
	Waiting(ctx context.Context, id identity.PersonID) (accounts.Account, identity.Passkey, error)
	Invite(ctx context.Context, in accounts.Invite) (code string, inv accounts.Invitation, err error)
}

// AccountSteps are what happens to their access.
type AccountSteps interface {
	Confirm(ctx context.Context, id identity.PersonID, fingerprint string) error
	Cancel(ctx context.Context, id identity.PersonID) error
	Suspend(ctx context.Context, id identity.PersonID, why string) error
	Revet(ctx context.Context, id identity.PersonID) (code string, inv accounts.Invitation, err error)
	EndSessions(ctx context.Context, id identity.PersonID) error
}

// AuditorSteps are what two auditors do to a third.
type AuditorSteps interface {
	Propose(ctx context.Context, id identity.PersonID, why string) error
	Decide(ctx context.Context, id identity.PersonID, yes bool) error
}

// People are the services of accounts and sessions; their pages are there where
// it is given.
type People struct {
	SignIn    PasskeySignIn
	Provider  ProviderSignIn // nil where none is configured
	Sessions  OwnSessions
	Passkeys  OwnPasskeys
	Enrolment Enrolment
	Accounts  Accounts
	Steps     AccountSteps
	Auditors  AuditorSteps
	Leads     Leads
}
