package web

import (
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// newPasskeyInput names a further passkey and the permission to add it.
type newPasskeyInput struct {
	Allowed string `form:"allowed" validate:"required,max=36" input:"hidden"`
	Label   string `form:"label" validate:"max=40" label:"account.passkey.label" hint:"account.passkey.label.hint" width:"medium" autocomplete:"off"`
}

// newPasskeyPage registers a further passkey.
type newPasskeyPage struct {
	Base
	Form   *Form
	StepUp *StepUp
	Send   Button
}

var newPasskeyView = newPage[newPasskeyPage]("account_passkey", "breadcrumb", "field", "error_summary", "button", "step_up")

func addDigest(p identity.PersonID) identity.Digest      { return accounts.AddDigest(p) }
func removeDigest(id identity.PasskeyID) identity.Digest { return accounts.RemoveDigest(id) }

// allowPasskey is the first half of adding a passkey: the one that the reader
// has allows it.
func (s *Server) allowPasskey(c *Ctx) error {
	actor, _ := c.Actor()
	ctx, err := c.Proved(identity.PurposeAccount, addDigest(actor.Person))
	var allowed identity.AssertionID
	if err == nil {
		allowed, err = s.cfg.People.Passkeys.AllowPasskey(ctx)
	}
	if err != nil && fault.KindOf(err) == fault.StepUp {
		return s.showOwnAccount(c, err)
	}
	return c.Done(err, accounts.AddPath(allowed), "")
}

func (s *Server) newPasskey(c *Ctx) error {
	var in newPasskeyInput
	if err := c.DecodeQuery(&in); err != nil {
		return c.SeeOther("/account", "") // without a permission the way begins there
	}
	return s.showNewPasskey(c, c.Form("/account/passkeys", in))
}

func (s *Server) showNewPasskey(c *Ctx, form *Form) error {
	u := &StepUp{Begin: "/account/passkeys/begin", Act: "create", Send: "allowed", Text: c.T("account.add.text")}
	c.asks(u)
	u.Failed = c.T("account.add.failed")
	p := newPasskeyPage{Base: c.Base("account.add"), Form: form, StepUp: u, Send: Button{Text: c.T("account.add.send")}}
	p.Crumbs = []Crumb{{c.T("account.title"), "/account"}, {c.T("account.add"), ""}}
	p.Problems = len(form.Summary) > 0
	return newPasskeyView.Show(c, p)
}

func (s *Server) beginPasskey(c *Ctx) error {
	var in newPasskeyInput
	if err := c.Decode(&in); err != nil {
		return notFound()
	}
	id, options, err := s.cfg.People.Passkeys.BeginPasskey(c.Ctx(), identity.AssertionID(in.Allowed))
	if err != nil {
		return err
	}
	return c.sendCeremony(id, options)
}

// addPasskey is the second half: the new one is registered.
func (s *Server) addPasskey(c *Ctx) error {
	var in newPasskeyInput
	err := c.Decode(&in)
	if err == nil {
		id, answer := c.answer()
		err = s.cfg.People.Passkeys.AddPasskey(c.Once(), identity.AssertionID(in.Allowed), in.Label, id, answer)
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.StepUp) {
		c.SetStatus(http.StatusUnprocessableEntity)
		return s.showNewPasskey(c, c.FormAgain("/account/passkeys", in, err))
	}
	return c.Done(err, "/account", "flash.passkey_added")
}
