package passkey

import (
	"bytes"
	"context"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// signInDigest is what is signed at sign-in: that it is one, and where.
func (s *Service) signInDigest() identity.Digest { return identity.DigestOf("sign in", s.Origin) }

// BeginSignIn starts a ceremony for a browser of which nothing is known but its
// cookie. Nobody says who they are: the browser offers the passkeys it has.
func (s *Service) BeginSignIn(ctx context.Context, browser string) (id string, options []byte, err error) {
	defer fault.Wrap(&err, "passkey.BeginSignIn")
	c, err := s.start(ctx, Ceremony{Kind: SignIn, Browser: Browser(browser), Purpose: identity.PurposeSignIn, Digest: s.signInDigest()})
	if err != nil {
		return "", nil, err
	}
	options, err = s.requestOptions(c, nil)
	return c.ID, options, err
}

// FinishSignIn verifies the answer and gives whose passkey it is. The proof has
// to be committed with the session that it begins. Every failure is a SignIn
// fault with the same words.
func (s *Service) FinishSignIn(ctx context.Context, browser, id string, answer []byte) (identity.Proof, error) {
	p, err := s.finishSignIn(ctx, browser, id, answer)
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return identity.Proof{}, fault.Because(fault.SignIn, err, "That did not sign you in.")
	}
	return p, err
}

func (s *Service) finishSignIn(ctx context.Context, browser, id string, answer []byte) (identity.Proof, error) {
	in, err := parse(answer)
	if err != nil {
		return identity.Proof{}, err
	}
	c, err := s.open(ctx, id, Ceremony{Kind: SignIn, Browser: Browser(browser), Purpose: identity.PurposeSignIn, Digest: s.signInDigest()})
	if err != nil {
		return identity.Proof{}, err
	}
	key, used, err := s.Store.PasskeyByCredential(system(ctx), in.RawID, c.ID)
	known := err == nil && key.InUse() && used == nil && s.now().Before(c.ExpiresAt)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return identity.Proof{}, err
	}
	checked := key
	if !known { // as much work as for a passkey that is known
		checked = s.nobody
		checked.CredentialID = in.RawID
		in.Response.UserHandle = handle(checked.Person)
	}
	a, err := s.verify(c, checked, in)
	switch {
	case err != nil:
		return identity.Proof{}, err
	case !known || !bytes.Equal(in.Response.UserHandle, handle(key.Person)):
		return identity.Proof{}, fault.New(fault.SignIn, "That did not sign you in.")
	}
	if err := s.counts(ctx, key, a); err != nil {
		return identity.Proof{}, err
	}
	return proofOf(a), nil
}
