package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Authenticator is a virtual one in a page's browser: it keeps passkeys, and
// verifies its user or not, as it is told.
type Authenticator struct {
	p  *Page
	id webauthn.AuthenticatorID
}

// Authenticator plugs a virtual authenticator in, of the kind that is built into
// phones and laptops; its user is verified and present.
func (p *Page) Authenticator() *Authenticator {
	p.t.Helper()
	p.do("enabling passkeys", call(webauthn.Enable, webauthn.EnableParams{}))
	got := run(p, "plugging an authenticator in", chromedp.Action[webauthn.AddVirtualAuthenticatorResult](func(ctx context.Context, t *chromedp.Target) (webauthn.AddVirtualAuthenticatorResult, error) {
		return cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	}))
	return &Authenticator{p, got.AuthenticatorID}
}

// VerifiesUser makes the next prompts succeed or fail to verify the user.
func (a *Authenticator) VerifiesUser(yes bool) {
	a.p.t.Helper()
	a.p.do("setting the user's verification", call(webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes}))
}

// Lies makes the next answers bear the mark of a verified user taken off, as a
// manipulated authenticator would send.
func (a *Authenticator) Lies(yes bool) {
	a.p.t.Helper()
	a.p.do("overriding the answers", call(webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: a.id, IsBadUV: &yes}))
}

// Passkeys gives how many the authenticator keeps.
func (a *Authenticator) Passkeys() int {
	a.p.t.Helper()
	got := run(a.p, "counting passkeys", chromedp.Action[webauthn.GetCredentialsResult](func(ctx context.Context, t *chromedp.Target) (webauthn.GetCredentialsResult, error) {
		return cdp.Call(ctx, t, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
	}))
	return len(got.Credentials)
}

// call makes an action of a command whose answer does not matter.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}
