package web

import (
	"context"

	"lerd/internal/agencies"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// Supervisors says which officers sign for colleagues; *agencies.Service fulfils
// it.
type Supervisors interface {
	// WaitingFor gives what about an agency waits for a second person.
	WaitingFor(ctx context.Context, agency identity.AgencyID) ([]agencies.WaitingMotion, error)
	ProposeSupervisor(ctx context.Context, id identity.PersonID) error
	DecideSupervisor(ctx context.Context, agency identity.AgencyID, motion string, agree bool) error
	EndSupervisor(ctx context.Context, id identity.PersonID) error
}

// supervisorForm is what an agency's administrator can do about an officer's
// signing for colleagues: name "" where nothing can be done, or it is waited for.
func (s *Server) supervisorForm(c *Ctx, a accounts.Account) (name string, u *StepUp) {
	actor, _ := c.Actor()
	if actor.Role != identity.AgencyAdmin || a.Person.Role != identity.Officer || s.cfg.Services.Supervisors == nil {
		return "", nil
	}
	if a.Person.Supervisor {
		return "unsupervise", nil
	}
	if s.supervisorWaits(c, a.Person) {
		return "", nil
	}
	m := agencies.SupervisorMotion(a.Person)
	return "supervise", c.StepUp(m.Purpose(), m.Proposal())
}

// supervisorWaits tells whether a registrar has still to agree that an officer
// signs for colleagues.
func (s *Server) supervisorWaits(c *Ctx, p identity.Person) bool {
	if s.cfg.Services.Supervisors == nil || p.Role != identity.Officer {
		return false
	}
	actor, _ := c.Actor()
	if actor.Agency != p.Agency {
		return false
	}
	list, err := s.cfg.Services.Supervisors.WaitingFor(c.Ctx(), p.Agency)
	for _, m := range list {
		if err == nil && m.Kind == identity.SupervisorMotion && m.Subject == string(p.ID) {
			return true
		}
	}
	return false
}

func (s *Server) superviseAccount(c *Ctx) error {
	digest := func(a accounts.Account) (identity.Digest, error) {
		return agencies.SupervisorMotion(a.Person).Proposal(), nil
	}
	return s.accountStep(c, "supervise", "flash.supervisor_proposed", identity.PurposeAccount, digest, func(ctx context.Context, id identity.PersonID) error {
		return s.cfg.Services.Supervisors.ProposeSupervisor(ctx, id)
	})
}

func (s *Server) unsuperviseAccount(c *Ctx) error {
	return s.accountStep(c, "unsupervise", "flash.supervisor_ended", "", nil, func(ctx context.Context, id identity.PersonID) error {
		return s.cfg.Services.Supervisors.EndSupervisor(ctx, id)
	})
}
