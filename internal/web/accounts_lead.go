package web

import (
	"context"

	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// Leads says who leads the reviewers; *accounts.Service fulfils it.
type Leads interface {
	ProposeLead(ctx context.Context, id identity.PersonID, why string) error
	DecideLead(ctx context.Context, id identity.PersonID, yes bool) error
	EndLead(ctx context.Context, id identity.PersonID) error
}

// leadReason is why somebody is to lead the reviewers.
type leadReason struct {
	Why string `form:"why" validate:"required,max=1000" label:"accounts.lead.why" hint:"accounts.lead.why.hint" input:"textarea" rows:"3"`
}

// leadForms are what an administrator can do about a reviewer's leading the others.
// Each answer has a form of its own, so that it is what the passkey signs.
func (s *Server) leadForms(c *Ctx, a accounts.Account, add func(name string, in any, fields []string, u *StepUp, buttons ...Button)) {
	actor, _ := c.Actor()
	id := a.Person.ID
	button := func(name, kind string) Button {
		return Button{Text: c.T("accounts.do." + name + ".button"), Kind: kind}
	}
	switch {
	case actor.Role != identity.Administrator || a.Person.Role != identity.Reviewer || s.cfg.People.Leads == nil:
	case a.CanLead():
		add("lead", leadReason{}, []string{"why"}, c.StepUp(identity.PurposeAccount, accounts.EndDigest(accounts.ProposeLead, id)), button("lead", "secondary"))
	case a.Waits(accounts.DoLead):
		if a.Change.ProposedBy != actor.Person {
			add("lead-agree", struct{}{}, nil, c.StepUp(identity.PurposeAccount, a.Change.Digest(true)), button("lead-agree", "primary"))
		}
		add("lead-decline", struct{}{}, nil, c.StepUp(identity.PurposeAccount, a.Change.Digest(false)), button("lead-decline", "secondary"))
	case a.Person.Supervisor:
		add("lead-end", struct{}{}, nil, c.StepUp(identity.PurposeAccount, accounts.EndDigest(accounts.EndLead, id)), button("lead-end", "danger"))
	}
}

// leadWords say how it stands with a reviewer's leading; nothing of anybody else.
func (c *Ctx) leadWords(a accounts.Account) (words string) {
	switch {
	case a.Waits(accounts.DoLead):
		return c.T("accounts.lead.waits")
	case a.Person.Role == identity.Reviewer && a.Person.Supervisor:
		return c.T("yes")
	}
	return ""
}

func (s *Server) proposeLead(c *Ctx) error {
	var in leadReason
	wrong := c.Decode(&in)
	return s.accountStep(c, "lead", "flash.lead_proposed", identity.PurposeAccount, end(accounts.ProposeLead), func(ctx context.Context, id identity.PersonID) error {
		if wrong != nil {
			return wrong
		}
		return s.cfg.People.Leads.ProposeLead(ctx, id, in.Why)
	})
}

func (s *Server) agreeLead(c *Ctx) error { return s.decideLead(c, "lead-agree", true) }

func (s *Server) declineLead(c *Ctx) error { return s.decideLead(c, "lead-decline", false) }

func (s *Server) decideLead(c *Ctx, which string, yes bool) error {
	digest := func(a accounts.Account) (identity.Digest, error) {
		if a.Change == nil {
			return identity.Digest{}, nil // the domain says that nothing is proposed
		}
		return a.Change.Digest(yes), nil
	}
	return s.accountStep(c, which, "flash.account_decided", identity.PurposeAccount, digest, func(ctx context.Context, id identity.PersonID) error {
		return s.cfg.People.Leads.DecideLead(ctx, id, yes)
	})
}

func (s *Server) endLead(c *Ctx) error {
	return s.accountStep(c, "lead-end", "flash.lead_ended", identity.PurposeAccount, end(accounts.EndLead), func(ctx context.Context, id identity.PersonID) error {
		return s.cfg.People.Leads.EndLead(ctx, id)
	})
}
