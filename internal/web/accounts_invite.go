package web

import (
	"errors"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// inviteInput is whom somebody invites. It is confirmed on a second page, since
// what the passkey signs has to be known before.
type inviteInput struct {
	Name   string `form:"name" validate:"required,max=120" label:"accounts.name" hint:"accounts.name.hint" width:"medium" autocomplete:"off"`
	Role   string `form:"role" validate:"required,max=20" label:"accounts.role" input:"radios"`
	Agency string `form:"agency" validate:"omitempty,uuid" label:"accounts.agency" hint:"accounts.agency.hint" input:"code" autocomplete:"off"`
	Sure   string `form:"sure" validate:"max=3" input:"hidden"`
}

// invitePage asks whom, and then for the passkey.
type invitePage struct {
	Base
	Form   *Form
	Asks   bool // the first page, with the fields
	Agency bool // the reader has to say which agency
	Facts  []Fact
	Said   []Field // what the first page was told, carried along
	StepUp *StepUp
	Send   Button
}

// codePage shows an invitation's code, once.
type codePage struct {
	Base
	Code    string
	Enrol   string // address of the enrolment
	Until   When
	Invited string
	Account string
}

var (
	inviteView = newPage[invitePage]("accounts_new", "breadcrumb", "field", "error_summary", "button", "step_up", "facts", "cell", "badge", "when", "digest")
	codeView   = newPage[codePage]("accounts_code", "breadcrumb", "when")
)

func (s *Server) newAccount(c *Ctx) error {
	return s.showInvite(c, c.Form("/accounts", inviteInput{}), nil)
}

// showInvite asks for the fields, or where in is given for the passkey over them.
func (s *Server) showInvite(c *Ctx, form *Form, in *inviteInput) error {
	actor, _ := c.Actor()
	p := invitePage{Base: c.Base("accounts.invite"), Form: form, Asks: in == nil, Agency: actor.Role == identity.Registrar, Send: Button{Text: c.T("accounts.invite.next")}}
	p.Crumbs = []Crumb{{c.T("accounts.title"), "/accounts"}, {c.T("accounts.invite"), ""}}
	p.Problems = len(form.Summary) > 0
	var roles []Option
	for _, r := range s.cfg.People.Accounts.Invites(c.Ctx()) {
		roles = append(roles, Option{Value: string(r), Text: c.T("role." + string(r)), Hint: c.T("sign_in.does." + string(r))})
	}
	form.Options("role", roles)
	if role := form.fields["role"]; len(roles) == 1 && role.Value == "" {
		role.Value = roles[0].Value
		form.fields["role"] = role
	}
	if in != nil {
		f := facts{c: c}
		f.text("accounts.name", in.Name)
		f.text("accounts.role", c.T("role."+in.Role))
		p.Facts, p.Send = f.list, Button{Text: c.T("accounts.invite.send")}
		p.Said = []Field{{Name: "name", Value: in.Name}, {Name: "role", Value: in.Role}, {Name: "agency", Value: in.Agency}, {Name: "sure", Value: "yes"}}
		p.StepUp = c.StepUp(identity.PurposeInvite, in.invite(actor).Digest())
	}
	return inviteView.Show(c, p)
}

// invite is what the form asks for, of the reader's own agency where they have
// one.
func (in inviteInput) invite(actor identity.Actor) accounts.Invite {
	agency := identity.AgencyID(in.Agency)
	if actor.Agency != "" {
		agency = actor.Agency
	}
	return accounts.Invite{Name: in.Name, Role: identity.Role(in.Role), Agency: agency}
}

func (s *Server) inviteAccount(c *Ctx) error {
	var in inviteInput
	actor, _ := c.Actor()
	if err := c.Decode(&in); err != nil {
		return s.showInvite(c, c.FormAgain("/accounts", in, err), nil)
	}
	if in.Sure != "yes" {
		if !slices.Contains(s.cfg.People.Accounts.Invites(c.Ctx()), identity.Role(in.Role)) {
			return fault.New(fault.NotFound, "There is nothing here.")
		}
		in.Sure = "yes"
		return s.showInvite(c, c.Form("/accounts", in), &in)
	}
	ctx, err := c.Proved(identity.PurposeInvite, in.invite(actor).Digest())
	var code string
	var inv accounts.Invitation
	if err == nil {
		code, inv, err = s.cfg.People.Accounts.Invite(ctx, in.invite(actor))
	}
	var used *change.Used
	switch {
	case errors.As(err, &used):
		return c.SeeOther(used.Outcome, "flash.code_was_shown")
	case err != nil && fault.KindOf(err) == fault.StepUp:
		return s.showInvite(c, c.FormAgain("/accounts", in, err), &in)
	case err != nil && fault.KindOf(err) == fault.Invalid:
		return s.showInvite(c, c.FormAgain("/accounts", in, err), nil)
	case err != nil:
		return err
	}
	return s.showCode(c, in.Name, code, inv)
}

// showCode shows a code to whoever invited, for the only time.
func (s *Server) showCode(c *Ctx, name, code string, inv accounts.Invitation) error {
	p := codePage{Base: c.Base("accounts.code.title"), Code: code, Enrol: s.cfg.PublicOrigin + "/enrol", Invited: name, Account: accounts.PathOf(inv.Person)}
	p.Until = p.When(inv.ExpiresAt)
	p.Crumbs = []Crumb{{c.T("accounts.title"), "/accounts"}, {c.T("accounts.code.title"), ""}}
	return codeView.Show(c, p)
}
