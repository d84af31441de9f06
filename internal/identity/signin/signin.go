// Package signin begins and ends sessions, and registers people.
//
// Invariants:
//   - a token is given out once and only its hash is kept;
//   - a session ends with the person's or the agency's standing;
//   - the development sign-in answers "not found" unless it was switched on.
package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"time"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Store keeps agencies, people and sessions.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// PersonBySignIn gives an active person by what they sign in as, or NotFound.
	PersonBySignIn(ctx context.Context, signIn string) (identity.Person, error)
	// People lists everybody who can sign in, by role and name.
	People(ctx context.Context) ([]identity.Person, error)
	// Session gives a session with its person and agency by the token's hash, or
	// NotFound.
	Session(ctx context.Context, tokenHash []byte) (identity.Session, identity.Person, identity.Agency, error)
	// PutSession adds a session, or moves its SeenAt and EndedAt.
	PutSession(ctx context.Context, s identity.Session) error
}

// Directory keeps what a sign-in by passkey or provider needs beside the session.
type Directory interface {
	// Person gives a person with their agency (zero for staff), or NotFound.
	Person(ctx context.Context, id identity.PersonID) (identity.Person, identity.Agency, error)
	// SessionsOf gives a person's newest sessions, living and ended, newest first.
	SessionsOf(ctx context.Context, person identity.PersonID, limit int) ([]identity.Session, error)
}

// Passkeys verifies what a browser answers at sign-in; *passkey.Service does.
type Passkeys interface {
	FinishSignIn(ctx context.Context, browser, id string, answer []byte) (identity.Proof, error)
}

// Config is what a Service is made of.
type Config struct {
	Store     Store
	Directory Directory
	Passkeys  Passkeys // nil: nobody signs in with one
	Now       func() time.Time
	Rand      io.Reader // nil: crypto/rand
	// Development allows signing in by name alone. It is for evaluation on one
	// machine, and lerd refuses to start with it anywhere else.
	Development bool
}

// Service signs people in and out.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Service{c}
}

// system gives a context in which lerd itself acts.
func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

// Invite adds a person and tells of it.
func (s *Service) Invite(ctx context.Context, p *identity.Person) error {
	p.Version, p.Active = 1, true
	e := change.Event(ctx, s.Now(), "person.invited", "person:"+string(p.ID), 1)
	e.Facts["role"], e.Facts["agency"] = string(p.Role), string(p.Agency)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{p}}}})
}

// People lists who can sign in; only the development sign-in shows them.
func (s *Service) People(ctx context.Context) ([]identity.Person, error) {
	if !s.Development {
		return nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	return s.Store.People(system(ctx))
}

// SignInForDevelopment begins a session of a sample person. It is refused
// outside evaluation. The token is returned once and never stored.
func (s *Service) SignInForDevelopment(ctx context.Context, signIn string) (token string, _ identity.Actor, err error) {
	defer fault.Wrap(&err, "identity.SignIn")
	if !s.Development {
		return "", identity.Actor{}, fault.New(fault.NotFound, "There is nothing here.")
	}
	p, err := s.Store.PersonBySignIn(system(ctx), signIn)
	if err != nil {
		return "", identity.Actor{}, fault.New(fault.Invalid, "Nobody signs in under this name. Choose one from the list.")
	}
	return s.begin(ctx, p, start{method: identity.ByDevelopment})
}

// start says how a session begins.
type start struct {
	method identity.Method
	proof  *identity.Proof // of a sign-in by passkey
	agent  string          // the browser's User-Agent
}

func (s *Service) begin(ctx context.Context, p identity.Person, how start) (string, identity.Actor, error) {
	var raw [32]byte
	if _, err := io.ReadFull(s.Rand, raw[:]); err != nil {
		return "", identity.Actor{}, err
	}
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	hash := sha256.Sum256([]byte(token))
	now := s.Now().UTC().Truncate(time.Microsecond)
	session := identity.Session{ID: identity.SessionID(uuid.NewString()), TokenHash: hash[:], Person: p.ID, Role: p.Role, Method: how.method, CreatedAt: now, SeenAt: now, EndsAt: now.Add(identity.AbsoluteLimit), Device: Device(how.agent)}
	actor := actorOf(p, session)
	ctx = identity.With(ctx, actor)
	e := change.Event(ctx, now, "session.started", "session:"+string(session.ID), 1)
	e.Facts["method"], e.Facts["role"], e.Facts["agency"] = string(how.method), string(p.Role), string(p.Agency)
	part := change.Part{Event: e, Insert: []any{&session}}
	if how.proof != nil {
		change.Prove(&part, *how.proof)
	}
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}}); err != nil {
		return "", identity.Actor{}, err
	}
	return token, actor, nil
}

func actorOf(p identity.Person, s identity.Session) identity.Actor {
	return identity.Actor{Person: p.ID, Name: p.Name, Pseudonym: p.Pseudonym, Role: s.Role, Agency: p.Agency, Unit: p.Unit, Supervisor: p.Supervisor, Session: s.ID, Method: s.Method, DownloadFrom: p.DownloadFrom}
}

// Authenticate gives who holds a token, or a SignIn fault where the session has
// ended, the person has left, changed role, or the agency is suspended. A session
// that an evaluation began ends with it: nobody showed a passkey for it.
func (s *Service) Authenticate(ctx context.Context, token string) (_ identity.Actor, err error) {
	defer fault.Wrap(&err, "identity.Authenticate")
	ended := fault.New(fault.SignIn, "Your session has ended. Please sign in again.")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 32 {
		return identity.Actor{}, ended
	}
	hash := sha256.Sum256([]byte(token))
	session, p, agency, err := s.Store.Session(system(ctx), hash[:])
	if fault.KindOf(err) == fault.NotFound {
		return identity.Actor{}, ended
	}
	if err != nil {
		return identity.Actor{}, err
	}
	now := s.Now().UTC()
	if session.Method == identity.ByDevelopment && !s.Development || !session.Alive(now) || p.Role != session.Role || !admitted(p, agency) {
		return identity.Actor{}, ended
	}
	if now.Sub(session.SeenAt) > time.Minute {
		session.SeenAt = now.Truncate(time.Microsecond)
		if err := s.Store.PutSession(system(ctx), session); err != nil {
			return identity.Actor{}, err
		}
	}
	return actorOf(p, session), nil
}

// SignOut ends the session of a token, with its event. One that has ended stays
// ended, and is no fault.
func (s *Service) SignOut(ctx context.Context, token string) (err error) {
	defer fault.Wrap(&err, "identity.SignOut")
	hash := sha256.Sum256([]byte(token))
	session, _, _, err := s.Store.Session(system(ctx), hash[:])
	if err != nil {
		return err
	}
	return s.end(ctx, session)
}

// end ends a session with its event; one that has ended stays as it is.
func (s *Service) end(ctx context.Context, session identity.Session) error {
	if !session.EndedAt.IsZero() {
		return nil
	}
	session.EndedAt = s.Now().UTC().Truncate(time.Microsecond)
	e := change.Event(ctx, session.EndedAt, "session.ended", "session:"+string(session.ID), 0)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&session}}}})
}

// tell writes an event about a session, with what it does beside it.
func (s *Service) tell(ctx context.Context, at time.Time, kind string, id identity.SessionID, beside ...any) error {
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: change.Event(ctx, at, kind, "session:"+string(id), 0), Insert: beside}}})
}
