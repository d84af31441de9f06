package passkey

import (
	"context"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// maxAnswer is the size of the largest answer that is read, in bytes.
const maxAnswer = 32 << 10

// holder is a person as the library wants one: with exactly one passkey.
type holder struct{ key identity.Passkey }

// WebAuthnID gives the user handle, the 16 bytes of the person's id.
func (h holder) WebAuthnID() []byte { return handle(h.key.Person) }

// WebAuthnName is not used in assertions.
func (h holder) WebAuthnName() string { return string(h.key.Person) }

// WebAuthnDisplayName is not used in assertions.
func (h holder) WebAuthnDisplayName() string { return string(h.key.Person) }

// WebAuthnCredentials gives the one passkey.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	return []webauthn.Credential{{ID: h.key.CredentialID, PublicKey: h.key.PublicKey, Flags: webauthn.CredentialFlags{BackupEligible: h.key.BackupEligible, BackupState: h.key.BackedUp},
		Authenticator: webauthn.Authenticator{AAGUID: h.key.AAGUID}}}
}

// handle gives a person's user handle: random bytes that say nothing of them.
func handle(p identity.PersonID) []byte {
	id, err := uuid.Parse(string(p))
	if err != nil {
		return nil
	}
	return id[:]
}

// parse reads a browser's answer of at most maxAnswer bytes.
func parse(answer []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("the answer has %d bytes", len(answer))
	}
	return protocol.ParseCredentialRequestResponseBytes(answer)
}

// verify checks an answer against its ceremony and one passkey, and gives the
// row that keeps it.
// SPEC: Web Authentication Level 3 §7.2 steps 6 to 22.
func (s *Service) verify(c Ceremony, key identity.Passkey, in *protocol.ParsedCredentialAssertionData) (*identity.Assertion, error) {
	session := webauthn.SessionData{Challenge: c.challenge(), UserID: handle(key.Person), AllowedCredentialIDs: [][]byte{key.CredentialID}, UserVerification: protocol.VerificationRequired}
	if _, err := s.rp.ValidateLogin(holder{key}, session, in); err != nil {
		return nil, err
	}
	raw := in.Raw.AssertionResponse
	return &identity.Assertion{ID: identity.AssertionID(c.ID), Person: key.Person, Session: c.Session, Passkey: key.ID, Purpose: c.Purpose, Digest: c.Digest, Nonce: c.Nonce,
		ClientData: raw.ClientDataJSON, AuthenticatorData: raw.AuthenticatorData, Signature: raw.Signature,
		SignCount: int64(in.Response.AuthenticatorData.Counter), Method: identity.ByPasskey, At: s.now()}, nil
}

// counts checks that the counter goes forward. One that goes back is told in an
// event: there may be a second authenticator with the same key.
// SPEC: Web Authentication Level 3 §7.2 step 22.
func (s *Service) counts(ctx context.Context, key identity.Passkey, a *identity.Assertion) error {
	if a.SignCount > key.NewestCount || a.SignCount == 0 && key.NewestCount == 0 {
		return nil
	}
	e := change.Event(system(ctx), s.now(), "passkey.counter_went_back", "passkey:"+string(key.ID), 0)
	e.Facts["person"], e.Facts["had"], e.Facts["got"] = string(key.Person), fmt.Sprint(key.NewestCount), fmt.Sprint(a.SignCount)
	if err := s.Store.Commit(system(ctx), change.Set{Parts: []change.Part{{Event: e}}}); err != nil {
		return err
	}
	return fault.New(fault.StepUp, "The counter went back.")
}

func proofOf(a *identity.Assertion) identity.Proof {
	return identity.Proof{Assertion: a.ID, Person: a.Person, Purpose: a.Purpose, Digest: a.Digest, Method: a.Method, At: a.At, Given: a}
}
