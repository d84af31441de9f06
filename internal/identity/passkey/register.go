package passkey

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Registration says for whom, where, and under which permission a passkey is
// registered: the digest describes the invitation or the step-up.
type Registration struct {
	Person  identity.Person
	Browser string             // the cookie of a browser without a session
	Session identity.SessionID // or the session
	Allowed identity.Digest
}

// algorithms are the signatures that are taken, best first.
var algorithms = []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgEdDSA, webauthncose.AlgES256, webauthncose.AlgES384, webauthncose.AlgRS256}

// ceremony is what a registration's ceremony must be like.
func (r Registration) ceremony() Ceremony {
	c := Ceremony{Kind: Register, Person: r.Person.ID, Session: r.Session, Purpose: identity.PurposeAccount, Digest: r.Allowed}
	if r.Session == "" {
		c.Browser = Browser(r.Browser)
	}
	return c
}

// BeginRegistration starts a ceremony and gives the options of
// navigator.credentials.create as JSON.
func (s *Service) BeginRegistration(ctx context.Context, r Registration) (id string, options []byte, err error) {
	defer fault.Wrap(&err, "passkey.BeginRegistration")
	keys, err := s.InUse(ctx, r.Person.ID)
	if err != nil {
		return "", nil, err
	}
	c, err := s.start(ctx, r.ceremony())
	if err != nil {
		return "", nil, err
	}
	sum := identity.Challenge(c.Purpose, c.Digest, c.Nonce)
	o := protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{CredentialEntity: protocol.CredentialEntity{Name: s.Name}, ID: s.rp.Config.RPID},
		User: protocol.UserEntity{CredentialEntity: protocol.CredentialEntity{Name: r.Person.Name.Reveal()}, DisplayName: r.Person.Name.Reveal(),
			ID: protocol.URLEncodedBase64(handle(r.Person.ID))},
		Challenge: sum[:], Parameters: parameters(), Timeout: int(Lifetime.Milliseconds()),
		AuthenticatorSelection: s.rp.Config.AuthenticatorSelection, Attestation: protocol.PreferNoAttestation,
	}
	for _, k := range keys {
		o.CredentialExcludeList = append(o.CredentialExcludeList, descriptor(k))
	}
	options, err = json.Marshal(o)
	return c.ID, options, err
}

func parameters() (out []protocol.CredentialParameter) {
	for _, a := range algorithms {
		out = append(out, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a})
	}
	return out
}

// FinishRegistration verifies the answer and gives the passkey, which the caller
// commits with the step that allowed it: its id is the ceremony's, so that it is
// registered once. Every failure is a StepUp fault with the same words.
func (s *Service) FinishRegistration(ctx context.Context, r Registration, id string, answer []byte) (*identity.Passkey, error) {
	k, err := s.finishRegistration(ctx, r, id, answer)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return nil, fault.Because(fault.StepUp, err, "Your browser's answer could not be used. Nothing was changed; please open the page again and try once more.")
	}
	return k, err
}

func (s *Service) finishRegistration(ctx context.Context, r Registration, id string, answer []byte) (*identity.Passkey, error) {
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("the answer has %d bytes", len(answer))
	}
	in, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, err
	}
	c, err := s.open(ctx, id, r.ceremony())
	if err != nil {
		return nil, err
	}
	if !s.now().Before(c.ExpiresAt) {
		return nil, fault.New(fault.StepUp, "The ceremony is over.")
	}
	session := webauthn.SessionData{Challenge: c.challenge(), UserID: handle(r.Person.ID), UserVerification: protocol.VerificationRequired, CredParams: parameters()}
	got, err := s.rp.CreateCredential(holder{identity.Passkey{Person: r.Person.ID}}, session, in)
	if err != nil {
		return nil, err
	}
	return s.passkey(c, r.Person.ID, got)
}

func (s *Service) passkey(c Ceremony, person identity.PersonID, got *webauthn.Credential) (*identity.Passkey, error) {
	var head webauthncose.PublicKeyData
	if err := webauthncbor.Unmarshal(got.PublicKey, &head); err != nil {
		return nil, err
	}
	if !slices.Contains(algorithms, webauthncose.COSEAlgorithmIdentifier(head.Algorithm)) {
		return nil, fmt.Errorf("algorithm %d is not taken", head.Algorithm)
	}
	k := &identity.Passkey{ID: identity.PasskeyID(c.ID), Person: person, CredentialID: got.ID, PublicKey: got.PublicKey, Algorithm: int(head.Algorithm),
		SignCount: int64(got.Authenticator.SignCount), BackupEligible: got.Flags.BackupEligible, BackedUp: got.Flags.BackupState, CreatedAt: s.now(), Version: 1}
	if len(got.Authenticator.AAGUID) == 16 {
		k.AAGUID = got.Authenticator.AAGUID
	}
	for _, t := range got.Transport {
		if t := string(t); len(t) <= 20 && !slices.Contains(k.Transports, t) && len(k.Transports) < 8 {
			k.Transports = append(k.Transports, t)
		}
	}
	return k, nil
}
