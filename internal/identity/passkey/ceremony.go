package passkey

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Kind is what a ceremony is for.
type Kind string

// The kinds of ceremony.
const (
	Register Kind = "register"
	SignIn   Kind = "sign_in"
	StepUp   Kind = "step_up"
	Provider Kind = "provider" // of package provider, which keeps its sign-ins here too
)

// Ceremony is a challenge that waits for its answer. It belongs to one browser
// (by the hash of a cookie) or to one session, never to both.
type Ceremony struct {
	ID        string // a UUID; the assertion or passkey that it brings has the same
	Kind      Kind
	Person    identity.PersonID // empty at sign-in: nobody says who they are
	Session   identity.SessionID
	Browser   []byte // SHA-256 of the browser's cookie
	Purpose   identity.Purpose
	Digest    identity.Digest
	Nonce     []byte // 32 bytes
	ExpiresAt time.Time
}

// challenge is what the authenticator signs, as the browser repeats it.
func (c Ceremony) challenge() string {
	sum := identity.Challenge(c.Purpose, c.Digest, c.Nonce)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Browser gives what a ceremony keeps of a browser's cookie.
func Browser(cookie string) []byte {
	sum := sha256.Sum256([]byte("lerd ceremony\x00" + cookie))
	return sum[:]
}

// start keeps a ceremony under a fresh id and nonce.
func (s *Service) start(ctx context.Context, c Ceremony) (Ceremony, error) {
	c.ID, c.Nonce, c.ExpiresAt = uuid.NewString(), make([]byte, 32), s.now().Add(Lifetime)
	if _, err := io.ReadFull(s.Rand, c.Nonce); err != nil {
		return c, err
	}
	return c, s.Store.PutCeremony(system(ctx), c)
}

// open gives a ceremony to whom it belongs, while it lasts.
func (s *Service) open(ctx context.Context, id string, want Ceremony) (Ceremony, error) {
	if _, err := uuid.Parse(id); err != nil {
		return Ceremony{}, fault.New(fault.NotFound, "There is no such ceremony.")
	}
	c, err := s.Store.Ceremony(system(ctx), id)
	if err != nil {
		return c, err
	}
	bound := subtle.ConstantTimeCompare(c.Browser, want.Browser) == 1 && c.Session == want.Session && (len(c.Browser) > 0 || c.Session != "")
	if c.Kind != want.Kind || !bound || c.Person != want.Person || c.Purpose != want.Purpose || c.Digest != want.Digest {
		return Ceremony{}, fault.New(fault.NotFound, "There is no such ceremony.")
	}
	return c, nil
}

// requestOptions are what navigator.credentials.get is given. Without allowed
// passkeys the browser offers those that it has for us.
func (s *Service) requestOptions(c Ceremony, allowed []identity.Passkey) ([]byte, error) {
	sum := identity.Challenge(c.Purpose, c.Digest, c.Nonce)
	o := protocol.PublicKeyCredentialRequestOptions{Challenge: sum[:], Timeout: int(Lifetime.Milliseconds()),
		RelyingPartyID: s.rp.Config.RPID, UserVerification: protocol.VerificationRequired}
	for _, k := range allowed {
		o.AllowedCredentials = append(o.AllowedCredentials, descriptor(k))
	}
	return json.Marshal(o)
}

func descriptor(k identity.Passkey) protocol.CredentialDescriptor {
	d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: k.CredentialID}
	for _, t := range k.Transports {
		d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
	}
	return d
}
