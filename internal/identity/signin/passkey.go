package signin

import (
	"context"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// refused is the one answer to every sign-in that fails, whatever the reason.
func refused(cause error) error {
	return fault.Because(fault.SignIn, cause, "That did not sign you in. Use the passkey that you enrolled here; if it does not work, ask whoever invited you.")
}

// admitted tells whether a person may have a session: their account is alive,
// and so is their agency's standing.
func admitted(p identity.Person, a identity.Agency) bool {
	return p.Active && (p.Agency == "" || a.Standing == identity.Verified)
}

// SignInByPasskey begins a session for whoever holds the passkey that answered
// the ceremony of this browser. The token is returned once and never stored.
func (s *Service) SignInByPasskey(ctx context.Context, browser, id string, answer []byte, agent string) (token string, _ identity.Actor, err error) {
	if s.Passkeys == nil {
		return "", identity.Actor{}, refused(nil)
	}
	proof, err := s.Passkeys.FinishSignIn(ctx, browser, id, answer)
	if err != nil {
		return "", identity.Actor{}, unlessDown(err)
	}
	return s.admit(ctx, proof.Person, start{method: identity.ByPasskey, proof: &proof, agent: agent})
}

// SignInByProvider begins a session for a person whom the company's provider has
// named. It proves no step: approvals still ask for the passkey.
func (s *Service) SignInByProvider(ctx context.Context, person identity.PersonID, agent string) (token string, _ identity.Actor, err error) {
	return s.admit(ctx, person, start{method: identity.ByProvider, agent: agent})
}

// byProvider tells whether people of a role may begin a session at the company's
// provider. Auditors may not: its administrators could be any of its people.
func byProvider(r identity.Role) bool { return r.Staff() && r != identity.Auditor }

func (s *Service) admit(ctx context.Context, id identity.PersonID, how start) (string, identity.Actor, error) {
	p, a, err := s.Directory.Person(system(ctx), id)
	if err != nil {
		return "", identity.Actor{}, unlessDown(err)
	}
	if !admitted(p, a) || how.method == identity.ByProvider && !byProvider(p.Role) {
		return "", identity.Actor{}, refused(nil)
	}
	token, actor, err := s.begin(ctx, p, how)
	if err != nil {
		return "", identity.Actor{}, unlessDown(err)
	}
	return token, actor, nil
}

// unlessDown gives the one answer, unless lerd itself is out of order.
func unlessDown(err error) error {
	if fault.KindOf(err) == fault.Unavailable {
		return err
	}
	return refused(err)
}

// recent is how many sessions their owner is shown.
const recent = 20

// Sessions gives the actor's own newest sessions, living and ended.
func (s *Service) Sessions(ctx context.Context) ([]identity.Session, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return nil, fault.New(fault.SignIn, "Please sign in.")
	}
	return s.Directory.SessionsOf(system(ctx), actor.Person, recent)
}

// EndOthers signs the actor out everywhere but here.
func (s *Service) EndOthers(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "identity.EndOthers")
	actor, ok := identity.From(ctx)
	if !ok {
		return fault.New(fault.SignIn, "Please sign in.")
	}
	now := s.Now().UTC().Truncate(time.Microsecond)
	return s.tell(ctx, now, "session.others_ended", actor.Session, identity.SessionsEnded{Person: actor.Person, Except: actor.Session, At: now})
}

// EndOne ends one of the actor's own sessions; another's is NotFound.
func (s *Service) EndOne(ctx context.Context, id identity.SessionID) (err error) {
	defer fault.Wrap(&err, "identity.EndOne(%s)", id)
	own, err := s.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, session := range own {
		if session.ID == id {
			return s.end(ctx, session)
		}
	}
	return fault.New(fault.NotFound, "There is nothing here.")
}
