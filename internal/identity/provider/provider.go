// Package provider signs the platform's own people in by the company's OpenID
// provider.
//
// Invariants:
//   - nobody comes into being by it: a provider's name for somebody counts only
//     where the server's operator has linked it to a person;
//   - code flow alone, with PKCE, state and nonce, each of one sign-in, bound to
//     the browser that began it, and used up by the first answer;
//   - a token counts with the provider's signature by a listed algorithm, for us,
//     from the configured issuer, in time, and with our nonce;
//   - it proves no step: approvals still ask for the passkey;
//   - what is wrong is never told: every failure reads the same.
//
// SPEC: OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9207, RFC 9700 §2.1.
package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
)

// Store keeps ceremonies and links.
type Store interface {
	// PutCeremony keeps a ceremony.
	PutCeremony(ctx context.Context, c passkey.Ceremony) error
	// TakeCeremony gives a ceremony and forgets it, or NotFound.
	TakeCeremony(ctx context.Context, id string) (passkey.Ceremony, error)
	// ProviderAccount gives who is linked to a provider's name, or NotFound.
	ProviderAccount(ctx context.Context, issuer, subject string) (identity.ProviderAccount, error)
}

// Config is what a Service is made of.
type Config struct {
	Store        Store
	Issuer       string // as the provider writes it
	ClientID     string
	ClientSecret string
	Redirect     string // where the provider sends the browser back to
	Now          func() time.Time
	Rand         io.Reader    // nil: crypto/rand
	Client       *http.Client // nil: one that waits ten seconds
}

// Service signs people in.
type Service struct {
	Config
	mu    sync.Mutex
	found *oidc.Provider // once it has answered
}

// algorithms are the signatures that are taken.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.EdDSA}

// New makes a Service; the provider is asked at the first sign-in.
func New(c Config) *Service {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 10 * time.Second}
	}
	return &Service{Config: c}
}

func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

// refused is the one answer to whatever is wrong.
func refused(cause error) error {
	return fault.Because(fault.SignIn, cause, "That did not sign you in.")
}

// provider reads the provider's description, once it answers.
func (s *Service) provider(ctx context.Context) (*oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	// The key set goes on with this context after the request is over.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), s.Client), s.Issuer)
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The company's sign-in cannot be reached. Please try again, or use your passkey.")
	}
	s.found = p
	return p, nil
}

func (s *Service) oauth(p *oidc.Provider) oauth2.Config {
	return oauth2.Config{ClientID: s.ClientID, ClientSecret: s.ClientSecret, RedirectURL: s.Redirect, Endpoint: p.Endpoint(), Scopes: []string{oidc.ScopeOpenID}}
}

func (s *Service) digest() identity.Digest { return identity.DigestOf("provider", s.Issuer) }

// secret derives one of a sign-in's secrets from its random seed.
func secret(c passkey.Ceremony, use string) string {
	sum := sha256.Sum256(append([]byte("lerd provider "+use+"\x00"), c.Nonce...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Begin starts a sign-in of a browser and gives the provider's address for it.
func (s *Service) Begin(ctx context.Context, browser string) (address string, err error) {
	defer fault.Wrap(&err, "provider.Begin")
	p, err := s.provider(ctx)
	if err != nil {
		return "", err
	}
	c := passkey.Ceremony{ID: uuid.NewString(), Kind: passkey.Provider, Browser: passkey.Browser(browser), Purpose: identity.PurposeSignIn, Digest: s.digest(),
		Nonce: make([]byte, 32), ExpiresAt: s.Now().UTC().Add(2 * passkey.Lifetime)}
	if _, err := io.ReadFull(s.Rand, c.Nonce); err != nil {
		return "", err
	}
	if err := s.Store.PutCeremony(system(ctx), c); err != nil {
		return "", err
	}
	conf := s.oauth(p)
	return conf.AuthCodeURL(c.ID+"."+secret(c, "state"), oidc.Nonce(secret(c, "nonce")), oauth2.S256ChallengeOption(secret(c, "verifier"))), nil
}

// Answer is what the provider sent the browser back with.
type Answer struct{ State, Code, Issuer string }

// Finish gives whom the provider's answer names. It uses the sign-in up, whatever
// comes of it.
func (s *Service) Finish(ctx context.Context, browser string, a Answer) (identity.PersonID, error) {
	who, err := s.finish(ctx, browser, a)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return "", refused(err)
	}
	return who, err
}

func (s *Service) finish(ctx context.Context, browser string, a Answer) (identity.PersonID, error) {
	c, err := s.take(ctx, browser, a)
	if err != nil {
		return "", err
	}
	p, err := s.provider(ctx)
	if err != nil {
		return "", err
	}
	ctx = oidc.ClientContext(ctx, s.Client)
	conf := s.oauth(p)
	token, err := conf.Exchange(ctx, a.Code, oauth2.VerifierOption(secret(c, "verifier")))
	if err != nil {
		return "", err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", refused(nil)
	}
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: s.ClientID, SupportedSigningAlgs: algorithms, Now: s.Now}).Verify(ctx, raw)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(secret(c, "nonce"))) != 1 || id.Subject == "" || s.Now().Sub(id.IssuedAt) > 10*time.Minute {
		return "", refused(nil)
	}
	link, err := s.Store.ProviderAccount(system(ctx), s.Issuer, id.Subject)
	return link.Person, err
}

// take uses a sign-in up, and checks that it is this browser's.
func (s *Service) take(ctx context.Context, browser string, a Answer) (passkey.Ceremony, error) {
	id, state, _ := strings.Cut(a.State, ".")
	if _, err := uuid.Parse(id); err != nil || a.Code == "" || len(a.Code) > 4096 {
		return passkey.Ceremony{}, refused(err)
	}
	c, err := s.Store.TakeCeremony(system(ctx), id)
	if err != nil {
		return c, err
	}
	switch {
	case c.Kind != passkey.Provider, c.Digest != s.digest(), !s.Now().Before(c.ExpiresAt),
		subtle.ConstantTimeCompare(c.Browser, passkey.Browser(browser)) != 1,
		subtle.ConstantTimeCompare([]byte(state), []byte(secret(c, "state"))) != 1,
		a.Issuer != "" && a.Issuer != s.Issuer:
		return c, refused(nil)
	}
	return c, nil
}
