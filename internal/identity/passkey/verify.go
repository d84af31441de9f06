package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Verifier checks kept assertions with nothing but themselves and the public key:
// whoever exports both needs no lerd.
type Verifier struct {
	RPID    string   // the public origin's host
	Origins []string // the origins at which people signed
}

// clientData is what the browser put together.
// SPEC: Web Authentication Level 3 §5.8.1.
type clientData struct {
	Type        string `json:"type"`
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin"`
}

func broken(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// Verify tells whether an assertion is what it says: its person's key signed, at
// one of the origins and with the user verified, the challenge of this purpose,
// digest and nonce. The error says what is wrong.
// SPEC: Web Authentication Level 3 §7.2 steps 7 to 21.
func (v Verifier) Verify(a identity.Assertion, key identity.Passkey) error {
	switch {
	case a.Method != identity.ByPasskey:
		return broken("Assertion %s was given in an evaluation, without a passkey.", a.ID)
	case key.ID != a.Passkey || key.Person != a.Person:
		return broken("Assertion %s names a passkey that is not this one.", a.ID)
	}
	if err := v.verifyClient(a); err != nil {
		return err
	}
	if err := v.verifyAuthenticator(a); err != nil {
		return err
	}
	public, err := webauthncose.ParsePublicKey(key.PublicKey)
	if err != nil {
		return broken("Passkey %s is no key.", key.ID)
	}
	hash := sha256.Sum256(a.ClientData)
	if ok, err := webauthncose.VerifySignature(public, append(slices.Clone(a.AuthenticatorData), hash[:]...), a.Signature); err != nil || !ok {
		return broken("Assertion %s is not signed by its passkey.", a.ID)
	}
	return nil
}

func (v Verifier) verifyClient(a identity.Assertion) error {
	var c clientData
	if err := json.Unmarshal(a.ClientData, &c); err != nil {
		return broken("Assertion %s has client data that cannot be read.", a.ID)
	}
	want := identity.Challenge(a.Purpose, a.Digest, a.Nonce)
	switch {
	case c.Type != "webauthn.get":
		return broken("Assertion %s is no assertion.", a.ID)
	case c.Challenge != base64.RawURLEncoding.EncodeToString(want[:]):
		return broken("Assertion %s answers another challenge than that of its purpose, digest and nonce.", a.ID)
	case !slices.Contains(v.Origins, c.Origin) || c.CrossOrigin:
		return broken("Assertion %s was given at another origin.", a.ID)
	}
	return nil
}

func (v Verifier) verifyAuthenticator(a identity.Assertion) error {
	var data protocol.AuthenticatorData
	if err := data.Unmarshal(a.AuthenticatorData); err != nil {
		return broken("Assertion %s has authenticator data that cannot be read.", a.ID)
	}
	site := sha256.Sum256([]byte(v.RPID))
	switch {
	case !bytes.Equal(data.RPIDHash, site[:]):
		return broken("Assertion %s was given to another site.", a.ID)
	case !data.Flags.UserPresent() || !data.Flags.UserVerified():
		return broken("Assertion %s was given without verifying its user.", a.ID)
	case int64(data.Counter) != a.SignCount:
		return broken("Assertion %s has another counter than its row.", a.ID)
	}
	return nil
}
