package passkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// memory is a store that keeps everything in maps.
type memory struct {
	ceremonies map[string]Ceremony
	keys       map[string]identity.Passkey
	events     []string
	used       *identity.Assertion // that every ceremony has brought already
}

func (m *memory) Commit(_ context.Context, set change.Set) error {
	for _, p := range set.Parts {
		m.events = append(m.events, p.Event.Kind)
	}
	return nil
}

func (m *memory) PutCeremony(_ context.Context, c Ceremony) error {
	m.ceremonies[c.ID] = c
	return nil
}

func (m *memory) Ceremony(_ context.Context, id string) (Ceremony, error) {
	c, ok := m.ceremonies[id]
	if !ok {
		return c, fault.New(fault.NotFound, "There is nothing here.")
	}
	return c, nil
}

func (m *memory) Passkeys(_ context.Context, person identity.PersonID) (out []identity.Passkey, _ error) {
	for _, k := range m.keys {
		if k.Person == person {
			out = append(out, k)
		}
	}
	return out, nil
}

func (m *memory) PasskeyByCredential(_ context.Context, credential []byte, _ string) (identity.Passkey, *identity.Assertion, error) {
	k, ok := m.keys[string(credential)]
	if !ok {
		return k, nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	return k, m.used, nil
}

const ada = identity.PersonID("7d444840-9dc0-11d1-b245-5ffdce74fad2")

var clock = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// wholeKey is the size of a P-256 key as COSE has it, with coordinates of 32 bytes: the
// library cuts leading zeroes of one, of one key in 128.
const wholeKey = 77

func newCredential() virtualwebauthn.Credential {
	cred := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(cred.Key.AttestationData()) != wholeKey {
		cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return cred
}

// registered gives a service with one passkey, and the device that has it.
func registered(t testing.TB) (*Service, *memory, virtualwebauthn.RelyingParty, virtualwebauthn.Authenticator, virtualwebauthn.Credential) {
	t.Helper()
	m := &memory{ceremonies: map[string]Ceremony{}, keys: map[string]identity.Passkey{}}
	s, err := New(Config{Store: m, Now: func() time.Time { return clock }, Origin: "https://requests.example.org", Name: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	rp := virtualwebauthn.RelyingParty{ID: "requests.example.org", Name: "Example", Origin: "https://requests.example.org"}
	auth, cred := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle(ada)}), newCredential()
	r := Registration{Person: identity.Person{ID: ada}, Browser: "b", Allowed: identity.DigestOf("x")}
	id, options, err := s.BeginRegistration(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.FinishRegistration(context.Background(), r, id, []byte(virtualwebauthn.CreateAttestationResponse(rp, auth, cred, *o)))
	if err != nil {
		t.Fatal(err)
	}
	m.keys[string(k.CredentialID)] = *k
	return s, m, rp, auth, cred
}

func TestTheOptionsAskForWhatWeNeed(t *testing.T) {
	s, _, _, _, _ := registered(t)
	_, options, err := s.BeginRegistration(context.Background(), Registration{Person: identity.Person{ID: ada}, Browser: "b"})
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		RP                     struct{ ID string }
		Attestation            string
		ExcludeCredentials     []any
		AuthenticatorSelection struct{ ResidentKey, UserVerification string }
		User                   struct{ ID string }
	}
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	if o.RP.ID != "requests.example.org" || o.Attestation != "none" && o.Attestation != "" || o.AuthenticatorSelection.ResidentKey != "required" || o.AuthenticatorSelection.UserVerification != "required" || len(o.ExcludeCredentials) != 1 ||
		o.User.ID != base64.RawURLEncoding.EncodeToString(handle(ada)) {
		t.Errorf("%s", options)
	}
	_, options, err = s.BeginSignIn(context.Background(), "b")
	if err != nil || strings.Contains(string(options), "allowCredentials") || !strings.Contains(string(options), `"userVerification":"required"`) {
		t.Errorf("%s %v: sign-in names passkeys, or asks for no verification", options, err)
	}
}

func TestPasskeysNeedAName(t *testing.T) {
	for _, origin := range []string{"https://192.0.2.7", "http://127.0.0.1:8443", "https://[2001:db8::1]", ""} {
		if _, err := New(Config{Origin: origin, Name: "x"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// TestAnUnknownPasskeyIsVerifiedToo compares the fastest of many tries; the
// unknown one is verified against a key that nobody holds.
func TestAnUnknownPasskeyIsVerifiedToo(t *testing.T) {
	s, m, rp, auth, cred := registered(t)
	wrong := newCredential()
	spent := func(known bool) time.Duration {
		forged := wrong
		if known {
			forged.ID = cred.ID
		} else if _, there := m.keys[string(wrong.ID)]; there {
			t.Fatal("the unknown passkey is known")
		}
		best := time.Hour
		for range 60 {
			id, options, err := s.BeginSignIn(context.Background(), "b")
			if err != nil {
				t.Fatal(err)
			}
			o, err := virtualwebauthn.ParseAssertionOptions(string(options))
			if err != nil {
				t.Fatal(err)
			}
			answer := []byte(virtualwebauthn.CreateAssertionResponse(rp, auth, forged, *o))
			begun := time.Now()
			_, err = s.FinishSignIn(context.Background(), "b", id, answer)
			best = min(best, time.Since(begun))
			if fault.KindOf(err) != fault.SignIn {
				t.Fatal(err)
			}
		}
		return best
	}
	known, unknown := spent(true), spent(false)
	if unknown < known/2 || known < unknown/2 {
		t.Errorf("a known passkey with a wrong signature takes %s, an unknown one %s", known, unknown)
	}
	t.Logf("known %s, unknown %s", known, unknown)
}

func FuzzAnswer(f *testing.F) {
	s, _, rp, auth, cred := registered(f)
	id, options, err := s.BeginSignIn(context.Background(), "b")
	if err != nil {
		f.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		f.Fatal(err)
	}
	good := virtualwebauthn.CreateAssertionResponse(rp, auth, cred, *o)
	f.Add(good)
	f.Add(strings.Replace(good, `"type"`, `"typ"`, 1))
	for _, seed := range []string{"", "{}", "[]", "null", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, `{"response":{"authenticatorData":"AAAA"}}`} {
		f.Add(seed)
	}
	r := Registration{Person: identity.Person{ID: ada}, Browser: "b", Allowed: identity.DigestOf("x")}
	f.Fuzz(func(t *testing.T, answer string) {
		p, err := s.FinishSignIn(context.Background(), "b", id, []byte(answer))
		if err == nil && p.Person != ada {
			t.Errorf("%q signs in %q", answer, p.Person)
		}
		if err != nil && fault.KindOf(err) != fault.SignIn {
			t.Errorf("%q: %v", answer, err)
		}
		if _, err := s.FinishRegistration(context.Background(), r, id, []byte(answer)); fault.KindOf(err) != fault.StepUp {
			t.Errorf("%q registers: %v", answer, err)
		}
	})
}

// FuzzKept feeds the later verification.
func FuzzKept(f *testing.F) {
	f.Add([]byte(`{"type":"webauthn.get"}`), []byte("x"), []byte("y"), []byte("z"))
	f.Fuzz(func(t *testing.T, client, data, signature, key []byte) {
		a := identity.Assertion{ID: "a", Person: ada, Passkey: "k", Purpose: "submit", Nonce: make([]byte, 32), ClientData: client, AuthenticatorData: data, Signature: signature, Method: identity.ByPasskey}
		if err := (Verifier{RPID: "x", Origins: []string{"https://x"}}).Verify(a, identity.Passkey{ID: "k", Person: ada, PublicKey: key}); err == nil {
			t.Error("noise verifies")
		}
	})
}
