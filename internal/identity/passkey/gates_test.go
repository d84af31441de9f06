package passkey

import (
	"context"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

const grace = identity.PersonID("9c5b94b1-35ad-49bb-b118-8e8fc24abf80")

// signedIn gives a context of a person's session.
func signedIn(p identity.PersonID) context.Context {
	return identity.With(context.Background(), identity.Actor{Person: p, Session: "s"})
}

// answered begins a step-up of a person's and gives what the device answers.
func answered(t *testing.T, s *Service, rp virtualwebauthn.RelyingParty, auth virtualwebauthn.Authenticator, cred virtualwebauthn.Credential, p identity.PersonID) (id string, answer []byte) {
	t.Helper()
	c, err := s.start(context.Background(), Ceremony{Kind: StepUp, Person: p, Session: "s", Purpose: identity.PurposeApprove, Digest: identity.DigestOf("x")})
	if err != nil {
		t.Fatal(err)
	}
	options, err := s.requestOptions(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return c.ID, []byte(virtualwebauthn.CreateAssertionResponse(rp, auth, cred, *o))
}

// TestAStepUpIsOnesOwn: a valid answer by another person's passkey, by one that was
// removed, after the ceremony's time, or beside another answer to it, confirms nothing.
func TestAStepUpIsOnesOwn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Service, *memory)
		asks   identity.PersonID
		want   fault.Kind
	}{
		"one's own":       {func(*Service, *memory) {}, ada, ""},
		"another's":       {func(*Service, *memory) {}, grace, fault.StepUp},
		"one of no use":   {func(_ *Service, m *memory) { removed(m) }, ada, fault.StepUp},
		"too late":        {func(s *Service, _ *memory) { later(s) }, ada, fault.StepUp},
		"after another":   {func(_ *Service, m *memory) { m.used = &identity.Assertion{ID: "a", Person: ada} }, ada, fault.StepUp},
		"a session of no": {func(*Service, *memory) {}, "", fault.SignIn},
	} {
		s, m, rp, auth, cred := registered(t)
		id, answer := answered(t, s, rp, auth, cred, c.asks)
		c.change(s, m)
		ctx := signedIn(c.asks)
		if c.asks == "" {
			ctx = context.Background()
		}
		p, err := s.FinishStepUp(ctx, id, answer, identity.PurposeApprove, identity.DigestOf("x"))
		if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want || err == nil && p.Person != ada {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func removed(m *memory) {
	for id, k := range m.keys {
		k.RemovedAt = clock
		m.keys[id] = k
	}
}

func later(s *Service) { s.Now = func() time.Time { return clock.Add(Lifetime) } }

// TestAStepUpThatCannotBegin: by nobody, for no step, or without a passkey.
func TestAStepUpThatCannotBegin(t *testing.T) {
	s, _, _, _, _ := registered(t)
	for name, c := range map[string]struct {
		ctx     context.Context
		purpose identity.Purpose
		want    fault.Kind
	}{
		"well":              {signedIn(ada), identity.PurposeApprove, ""},
		"by nobody":         {context.Background(), identity.PurposeApprove, fault.SignIn},
		"for no step":       {signedIn(ada), "x", fault.NotFound},
		"without a passkey": {signedIn(grace), identity.PurposeApprove, fault.StepUp},
	} {
		if _, _, err := s.BeginStepUp(c.ctx, c.purpose, identity.DigestOf("x")); err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestACeremonyEnds: no passkey is registered after its time.
func TestACeremonyEnds(t *testing.T) {
	s, _, rp, _, _ := registered(t)
	r := Registration{Person: identity.Person{ID: ada}, Browser: "b", Allowed: identity.DigestOf("y")}
	for name, late := range map[string]bool{"in time": false, "too late": true} {
		s.Now = func() time.Time { return clock }
		id, options, err := s.BeginRegistration(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		o, err := virtualwebauthn.ParseAttestationOptions(string(options))
		if err != nil {
			t.Fatal(err)
		}
		if late {
			later(s)
		}
		other := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle(ada)})
		_, err = s.FinishRegistration(context.Background(), r, id, []byte(virtualwebauthn.CreateAttestationResponse(rp, other, newCredential(), *o)))
		if err == nil == late {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestASignInIsOfWhomThePasskeyNames: a valid answer that names somebody else, or
// nobody, signs nobody in.
func TestASignInIsOfWhomThePasskeyNames(t *testing.T) {
	for name, c := range map[string]struct {
		names identity.PersonID
		gone  bool
		want  fault.Kind
	}{"its owner": {ada, false, ""}, "another": {grace, false, fault.SignIn}, "nobody": {"", false, fault.SignIn}, "one of no use": {ada, true, fault.SignIn}} {
		s, m, rp, _, cred := registered(t)
		auth := virtualwebauthn.NewAuthenticator()
		if c.names != "" {
			auth.Options.UserHandle = handle(c.names)
		}
		id, options, err := s.BeginSignIn(context.Background(), "b")
		if err != nil {
			t.Fatal(err)
		}
		o, err := virtualwebauthn.ParseAssertionOptions(string(options))
		if err != nil {
			t.Fatal(err)
		}
		if c.gone {
			removed(m)
		}
		p, err := s.FinishSignIn(context.Background(), "b", id, []byte(virtualwebauthn.CreateAssertionResponse(rp, auth, cred, *o)))
		if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want || err == nil && p.Person != ada {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}
