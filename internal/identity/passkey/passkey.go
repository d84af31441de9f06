// Package passkey registers passkeys and verifies what people sign with them.
//
// Invariants:
//   - the user was verified by the authenticator (PIN, finger, face), always;
//   - a challenge lies with us, serves one answer from the browser or session
//     that it was made for, and is forgotten after five minutes;
//   - what is wrong with an answer is never told: every failure reads the same,
//     and an unknown passkey takes as long as a known one;
//   - a step-up signs the digest of what is agreed to; the assertion is kept
//     whole, so that it can be verified later without us (Verify).
//
// SPEC: Web Authentication Level 3 §7.1, §7.2.
package passkey

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Store keeps passkeys and ceremonies.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// PutCeremony keeps a ceremony, and forgets some that are long over.
	PutCeremony(ctx context.Context, c Ceremony) error
	// Ceremony gives a ceremony by its id, or NotFound.
	Ceremony(ctx context.Context, id string) (Ceremony, error)
	// Passkeys gives every passkey of a person, also removed ones, oldest first,
	// each with its newest counter.
	Passkeys(ctx context.Context, person identity.PersonID) ([]identity.Passkey, error)
	// PasskeyByCredential gives a passkey by the authenticator's id for it, with
	// its newest counter, or NotFound; and the assertion that a ceremony has
	// brought already, or nil.
	PasskeyByCredential(ctx context.Context, credential []byte, ceremony string) (identity.Passkey, *identity.Assertion, error)
}

// Config is what a Service is made of.
type Config struct {
	Store  Store
	Now    func() time.Time
	Rand   io.Reader // nil: crypto/rand
	Origin string    // the public origin, https://host[:port] or http on localhost
	Name   string    // of the relying party, shown by authenticators
}

// Service does the ceremonies.
type Service struct {
	Config
	rp     *webauthn.WebAuthn
	nobody identity.Passkey // is verified against where a passkey is unknown
}

// Lifetime is how long a challenge waits for its answer.
const Lifetime = 5 * time.Minute

// New makes a Service. The relying party is the origin's host.
func New(c Config) (*Service, error) {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	u, err := url.Parse(c.Origin)
	if err != nil || u.Hostname() == "" {
		return nil, fault.Because(fault.Invalid, err, "The public origin %q is no address.", c.Origin)
	}
	rp, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: c.Name, RPOrigins: []string{c.Origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "Passkeys cannot be used on %s: a browser gives them to https and localhost only.", c.Origin)
	}
	s := &Service{Config: c, rp: rp}
	s.nobody, err = stranger()
	return s, err
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// system gives a context in which lerd itself reads.
func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

// stranger makes a key that nobody holds.
func stranger() (identity.Passkey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity.Passkey{}, err
	}
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		return identity.Passkey{}, err
	}
	cose, err := webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: point[1:33], YCoord: point[33:]})
	return identity.Passkey{Person: "00000000-0000-0000-0000-000000000000", PublicKey: cose}, err
}
