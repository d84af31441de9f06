package web

import (
	"context"
	"errors"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// accountStep takes one step about the account of the address: seen first, so
// that what is not the reader's is not there whatever the form holds; then, where
// a purpose is given, under the passkey's proof.
func (s *Server) accountStep(c *Ctx, which, flash string, purpose identity.Purpose, digest func(accounts.Account) (identity.Digest, error), step func(ctx context.Context, id identity.PersonID) error) error {
	id, err := c.personID()
	if err != nil {
		return err
	}
	a, err := s.cfg.People.Accounts.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	ctx := c.Once()
	if purpose != "" {
		var d identity.Digest
		if d, err = digest(a); err == nil {
			ctx, err = c.Proved(purpose, d)
		}
	}
	if err == nil {
		err = step(ctx, id)
	}
	switch kind := fault.KindOf(err); {
	case err == nil, errors.As(err, new(*change.Used)):
		return c.Done(err, accounts.PathOf(id), flash)
	case kind == fault.Invalid, kind == fault.Gate, kind == fault.Conflict, kind == fault.StepUp:
		return s.showAccountPage(c, which, err)
	}
	return err
}

// end gives the digest of what somebody agrees to who changes another's access.
func end(what string) func(accounts.Account) (identity.Digest, error) {
	return func(a accounts.Account) (identity.Digest, error) { return accounts.EndDigest(what, a.Person.ID), nil }
}

func (s *Server) confirmAccount(c *Ctx) error {
	var in fingerprintInput
	wrong := c.Decode(&in)
	key := func(a accounts.Account) (identity.Digest, error) {
		_, k, err := s.cfg.People.Accounts.Waiting(c.Ctx(), a.Person.ID)
		return accounts.ConfirmDigest(a, k), err
	}
	return s.accountStep(c, "confirm", "flash.account_confirmed", identity.PurposeInvite, key, func(ctx context.Context, id identity.PersonID) error {
		if wrong != nil {
			return wrong
		}
		return s.cfg.People.Steps.Confirm(ctx, id, in.Fingerprint)
	})
}

func (s *Server) cancelAccount(c *Ctx) error {
	return s.accountStep(c, "cancel", "flash.invitation_cancelled", "", nil, s.cfg.People.Steps.Cancel)
}

func (s *Server) signOutAccount(c *Ctx) error {
	return s.accountStep(c, "sign-out", "flash.account_signed_out", "", nil, s.cfg.People.Steps.EndSessions)
}

func (s *Server) suspendAccount(c *Ctx) error {
	var in whyInput
	wrong := c.Decode(&in)
	return s.accountStep(c, "suspend", "flash.account_suspended", identity.PurposeAccount, end(accounts.DoSuspend), func(ctx context.Context, id identity.PersonID) error {
		if wrong != nil {
			return wrong
		}
		return s.cfg.People.Steps.Suspend(ctx, id, in.Why)
	})
}

// againAccount invites somebody anew, and shows the new code.
func (s *Server) againAccount(c *Ctx) error {
	var code string
	var inv accounts.Invitation
	err := s.accountStep(c, "again", "flash.code_was_shown", identity.PurposeInvite, end(accounts.DoRevet), func(ctx context.Context, id identity.PersonID) (err error) {
		code, inv, err = s.cfg.People.Steps.Revet(ctx, id)
		if err != nil {
			return err
		}
		return errShown
	})
	if !errors.Is(err, errShown) {
		return err
	}
	a, err := s.cfg.People.Accounts.View(c.Ctx(), inv.Person)
	if err != nil {
		return err
	}
	return s.showCode(c, a.Person.Name.Reveal(), code, inv)
}

// errShown says that the step is taken and has a page of its own.
var errShown = errors.New("the code is shown")

func (s *Server) proposeAccount(c *Ctx) error {
	var in whyInput
	wrong := c.Decode(&in)
	return s.accountStep(c, "propose", "flash.account_proposed", identity.PurposeAccount, end("propose"), func(ctx context.Context, id identity.PersonID) error {
		if wrong != nil {
			return wrong
		}
		return s.cfg.People.Auditors.Propose(ctx, id, in.Why)
	})
}

// decideInput is the second auditor's yes or no.
type decideInput struct {
	Yes string `form:"yes" validate:"required,oneof=yes no" label:"accounts.do.decide" input:"hidden"`
}

func (s *Server) decideAccount(c *Ctx) error {
	var in decideInput
	wrong := c.Decode(&in)
	digest := func(a accounts.Account) (identity.Digest, error) {
		if a.Change == nil {
			return identity.Digest{}, nil // the domain says that nothing is proposed
		}
		return a.Change.Digest(in.Yes == "yes"), nil
	}
	return s.accountStep(c, "decide", "flash.account_decided", identity.PurposeAccount, digest, func(ctx context.Context, id identity.PersonID) error {
		if wrong != nil {
			return wrong
		}
		return s.cfg.People.Auditors.Decide(ctx, id, in.Yes == "yes")
	})
}
