package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// company is an OpenID provider that answers as it is told, also wrongly.
type company struct {
	*httptest.Server
	key, other *ecdsa.PrivateKey
	now        func() time.Time
	mu         sync.Mutex
	verifier   string                                     // the PKCE challenge of the last sign-in
	forge      func(head, claims map[string]any) *forgery // nil: as it should be
	claims     map[string]any
}

// forgery is what a wrong provider, or somebody in its place, would send.
type forgery struct {
	key      *ecdsa.PrivateKey // nil: no signature
	response map[string]any    // nil: a usual one
}

func newCompany(t *testing.T, now func() time.Time) *company {
	t.Helper()
	c := &company{now: now}
	for _, k := range []**ecdsa.PrivateKey{&c.key, &c.other} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		*k = key
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", c.describe)
	mux.HandleFunc("/keys", c.keys)
	mux.HandleFunc("/token", c.token)
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *company) describe(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]any{"issuer": c.URL, "authorization_endpoint": c.URL + "/authorize", "token_endpoint": c.URL + "/token", "jwks_uri": c.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256", "none", "HS256"}})
}

func (c *company) keys(w http.ResponseWriter, _ *http.Request) {
	point, _ := c.key.PublicKey.Bytes()
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256", "x": to64(point[1:33]), "y": to64(point[33:])}}})
}

func to64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token answers the exchange of a code, where the verifier is that of the sign-in.
func (c *company) token(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if r.FormValue("code") != "good" || to64(sum[:]) != c.verifier {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	head, claims := map[string]any{"alg": "ES256", "kid": "k1", "typ": "JWT"}, map[string]any{}
	for name, value := range c.claims {
		claims[name] = value
	}
	f := &forgery{key: c.key}
	if c.forge != nil {
		f = c.forge(head, claims)
	}
	response := f.response
	if response == nil {
		response = map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": sign(f.key, head, claims)}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(response)
}

func sign(key *ecdsa.PrivateKey, head, claims map[string]any) string {
	h, _ := json.Marshal(head)
	b, _ := json.Marshal(claims)
	text := to64(h) + "." + to64(b)
	if key == nil {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + to64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// goTo begins a sign-in at the company; it gives what the provider would be told.
func (p *portal) goTo(v *visitor, c *company) url.Values {
	p.t.Helper()
	got := p.ask(v, "POST", "/sign-in/provider", nil, "idempotency_key="+uuid.NewString())
	_, address, ok := strings.Cut(got.header.Get("Refresh"), "url=")
	if got.status != http.StatusOK || !ok {
		p.t.Fatalf("the way to the provider: %d", got.status)
	}
	q := mustURL(address).Query()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verifier = q.Get("code_challenge")
	now := c.now()
	c.claims = map[string]any{"iss": c.URL, "aud": q.Get("client_id"), "sub": "ada@company", "nonce": q.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	return q
}

// back comes back from the provider.
func (p *portal) back(v *visitor, state, code, iss string) reply {
	p.t.Helper()
	q := url.Values{"state": {state}, "code": {code}, "iss": {iss}}
	page, err := v.get(p.ctx, "/sign-in/provider/back?"+q.Encode())
	p.must(err)
	values, _ := formOn(page.root, "/sign-in/provider/back")
	return p.ask(v, "POST", "/sign-in/provider/back", nil, values.Encode())
}

// TestStaffSignInByTheCompany signs in by a provider and tries every forged answer.
// SPEC: OpenID Connect Core 1.0 §3.1.3.7; OWASP ASVS 5.0 V10.5.
func TestStaffSignInByTheCompany(t *testing.T) {
	s := newScenarioOf(t, true)
	c := newCompany(t, s.clock.Now)
	s.cfg.OIDC = oidcConfig{Issuer: c.URL, ClientID: "lerd"}
	p := s.openForReal()
	ada := p.bring("Ada First", identity.Administrator)
	p.bring("Bo Second", identity.Administrator)
	adaID := identity.PersonID(p.column("SELECT id::text FROM person WHERE name = 'Ada First'")[0])

	v := newVisitor(p.base)
	if got := p.back(v, p.goTo(v, c).Get("state"), "good", c.URL); got.status != http.StatusUnauthorized {
		t.Errorf("somebody whom the provider knows and we do not: %d", got.status)
	}
	if n := p.column("SELECT count(*)::text FROM person")[0]; n != "2" {
		t.Errorf("%s people: the provider made one", n)
	}
	p.must(p.accounts.LinkFromServer(p.ctx, adaID, c.URL, "ada@company"))
	if got := p.back(v, p.goTo(v, c).Get("state"), "good", c.URL); got.status != http.StatusSeeOther {
		t.Fatalf("the right answer: %d", got.status)
	}
	if got, err := v.get(p.ctx, "/account"); err != nil || !strings.Contains(string(got.body), "by your company&#39;s sign-in") {
		t.Errorf("the account does not say how the session was begun: %v", err)
	}
	p.providerProvesNoStep(v, ada)

	refused := p.trySignIn(newVisitor(p.base), p.stranger())
	for name, try := range p.forgedAnswers(c) {
		v := newVisitor(p.base)
		got := try(v)
		c.mu.Lock()
		c.forge = nil
		c.mu.Unlock()
		if got.status != http.StatusUnauthorized || plainReply(got) != plainReply(refused) {
			t.Errorf("%s: %d, or otherwise than other failures", name, got.status)
		}
	}
	p.must(p.accounts.UnlinkFromServer(p.ctx, adaID, c.URL, "ada@company"))
	if got := p.back(v, p.goTo(v, c).Get("state"), "good", ""); got.status != http.StatusUnauthorized {
		t.Errorf("a link that was taken away: %d", got.status)
	}
	c.Close()
	fresh := newVisitor(p.base)
	if got := p.trySignIn(fresh, ada); got.status != http.StatusSeeOther {
		t.Errorf("without the provider the passkey signs in no more: %d", got.status)
	}
}

// providerProvesNoStep takes a step that asks for the passkey, first without it.
func (p *portal) providerProvesNoStep(v *visitor, ada *device) {
	p.t.Helper()
	if got := p.send(v, "/accounts", "", "", "name", "Rhea", "role", "reviewer", "sure", "yes"); got.status != http.StatusUnauthorized {
		p.t.Errorf("a session by the provider takes a step without a passkey: %d", got.status)
	}
	p.inviteBy(v, ada, "Rhea Viewer", identity.Reviewer, "")
}

// forgedAnswers are the ways in which an answer can be wrong.
func (p *portal) forgedAnswers(c *company) map[string]func(v *visitor) reply {
	forged := func(change func(head, claims map[string]any) *forgery) func(v *visitor) reply {
		return func(v *visitor) reply {
			state := p.goTo(v, c).Get("state")
			c.mu.Lock()
			c.forge = change
			c.mu.Unlock()
			return p.back(v, state, "good", c.URL)
		}
	}
	claim := func(name string, value any) func(v *visitor) reply {
		return forged(func(_, claims map[string]any) *forgery { claims[name] = value; return &forgery{key: c.key} })
	}
	return map[string]func(v *visitor) reply{
		"no signature (alg none)": forged(func(head, _ map[string]any) *forgery { head["alg"] = "none"; return &forgery{} }),
		"a symmetric signature":   forged(func(head, _ map[string]any) *forgery { head["alg"] = "HS256"; return &forgery{key: c.key} }),
		"another key":             forged(func(_, _ map[string]any) *forgery { return &forgery{key: c.other} }),
		"an unknown key id":       forged(func(head, _ map[string]any) *forgery { head["kid"] = "k2"; return &forgery{key: c.other} }),
		"no token": forged(func(_, _ map[string]any) *forgery {
			return &forgery{response: map[string]any{"access_token": "x", "token_type": "Bearer"}}
		}),
		"a token that is no token": forged(func(_, _ map[string]any) *forgery {
			return &forgery{response: map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": "a.b.c"}}
		}),
		"another audience":          claim("aud", "somebody-else"),
		"another issuer":            claim("iss", "https://evil.example"),
		"another nonce":             claim("nonce", "x"),
		"no nonce":                  claim("nonce", ""),
		"an expired token":          claim("exp", c.now().Add(-time.Minute).Unix()),
		"a token of an hour ago":    claim("iat", c.now().Add(-time.Hour).Unix()),
		"another subject":           claim("sub", "mallory@company"),
		"no subject":                claim("sub", ""),
		"a wrong code":              func(v *visitor) reply { return p.back(v, p.goTo(v, c).Get("state"), "bad", c.URL) },
		"no code":                   func(v *visitor) reply { return p.back(v, p.goTo(v, c).Get("state"), "", c.URL) },
		"another state":             func(v *visitor) reply { return p.back(v, p.goTo(v, c).Get("state")+"x", "good", c.URL) },
		"no state":                  func(v *visitor) reply { return p.back(v, "", "good", c.URL) },
		"another provider's answer": func(v *visitor) reply { return p.back(v, p.goTo(v, c).Get("state"), "good", "https://evil.example") },
		"another browser's sign-in": func(v *visitor) reply {
			state := p.goTo(newVisitor(p.base), c).Get("state")
			p.begin(v, "/sign-in/begin")
			return p.back(v, state, "good", c.URL)
		},
		"the same answer again": func(v *visitor) reply {
			state := p.goTo(v, c).Get("state")
			if got := p.back(v, state, "good", c.URL); got.status != http.StatusSeeOther {
				p.t.Errorf("the first time: %d", got.status)
			}
			again := newVisitor(p.base)
			return p.back(again, state, "good", c.URL)
		},
		"after ten minutes": func(v *visitor) reply {
			state := p.goTo(v, c).Get("state")
			p.clock.Advance(10 * time.Minute)
			return p.back(v, state, "good", c.URL)
		},
	}
}

// TestOnlyStaffIsLinked refuses links of an agency's people.
func TestOnlyStaffIsLinked(t *testing.T) {
	s := newScenario(t)
	if err := s.accounts.LinkFromServer(s.ctx, identity.PersonID(s.personID("asha.rao")), "https://id.example", "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an officer is linked to the company's provider: %v", err)
	}
	s.must(s.accounts.LinkFromServer(s.ctx, identity.PersonID(s.personID("rita.lind")), "https://id.example", "x"))
	if err := s.accounts.LinkFromServer(s.ctx, identity.PersonID(s.personID("omar.haddad")), "https://id.example", "x"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("one name at the provider is two people: %v", err)
	}
}
