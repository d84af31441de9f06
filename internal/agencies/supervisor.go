package agencies

import (
	"context"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Motions keeps what waits for a second person.
type Motions interface {
	// Motions gives the motions about an agency that wait, the oldest first.
	Motions(ctx context.Context, agency identity.AgencyID) ([]identity.Motion, error)
	// Motion gives a motion, or NotFound.
	Motion(ctx context.Context, id string) (identity.Motion, error)
	// Person gives a person with their agency, or NotFound.
	Person(ctx context.Context, id identity.PersonID) (identity.Person, identity.Agency, error)
}

// SupervisorMotion is the motion that an agency's administrator signs who proposes
// that an officer signs for colleagues.
func SupervisorMotion(p identity.Person) identity.Motion {
	return identity.Motion{Agency: p.Agency, Kind: identity.SupervisorMotion, Subject: string(p.ID), Wanted: true}
}

// WaitingMotion is a motion with the name of whom it is about, or empty.
type WaitingMotion struct {
	identity.Motion
	Name string
}

// WaitingFor gives what waits for a second person, to registrars and to the
// agency's administrator.
func (s *Service) WaitingFor(ctx context.Context, agency identity.AgencyID) (out []WaitingMotion, err error) {
	defer fault.Wrap(&err, "agencies.WaitingFor(%s)", agency)
	if _, _, err := s.may(ctx, "list_motions", "agency", agency); err != nil {
		return nil, err
	}
	list, err := s.Motions.Motions(ctx, agency)
	for _, m := range list {
		w := WaitingMotion{Motion: m}
		if m.Kind == identity.SupervisorMotion {
			p, _, err := s.Motions.Person(ctx, identity.PersonID(m.Subject))
			if err != nil {
				return nil, err
			}
			w.Name = p.Name.Reveal()
		}
		out = append(out, w)
	}
	return out, err
}

// ProposeSupervisor is an administrator's word, with their passkey, that an
// officer is to sign for colleagues. Whoever holds the administrator's account
// alone would otherwise make both of those who sign; a registrar, who belongs to
// the platform, has to agree.
func (s *Service) ProposeSupervisor(ctx context.Context, id identity.PersonID) (err error) {
	defer fault.Wrap(&err, "agencies.ProposeSupervisor(%s)", id)
	p, rule, err := s.member(ctx, id)
	if err != nil {
		return err
	}
	waiting, err := s.Motions.Motions(ctx, p.Agency)
	switch {
	case err != nil:
		return err
	case p.Role != identity.Officer || !p.Active:
		return fault.New(fault.Conflict, "Only officers whose account is in use sign for colleagues.")
	case p.Supervisor || slices.ContainsFunc(waiting, func(m identity.Motion) bool { return m.Subject == string(id) }):
		return fault.New(fault.Conflict, "This officer signs for colleagues, or waits for a registrar to agree, already.")
	}
	m := SupervisorMotion(p)
	proof, err := identity.RequireProof(ctx, m.Purpose(), m.Proposal())
	if err != nil {
		return err
	}
	actor, _ := identity.From(ctx)
	m.ID, m.ProposedBy, m.ProposedAt, m.State, m.Version = newID[string](), actor.Person, s.now(), identity.MotionProposed, 1
	e := change.Event(ctx, s.now(), "person.supervision_proposed", "person:"+string(id), 0)
	e.Facts["person"], e.Facts["agency"], e.Facts["motion"], e.Facts["rule"] = string(id), string(p.Agency), m.ID, rule
	causes(&e, p.EventID)
	part := change.Part{Event: e, Insert: []any{&m}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, personPath(id))})
}

func personPath(id identity.PersonID) string { return "/accounts/" + string(id) }

// DecideSupervisor is a registrar's yes, with their passkey, or no to what an
// agency's administrator proposed.
func (s *Service) DecideSupervisor(ctx context.Context, agency identity.AgencyID, motion string, agree bool) (err error) {
	defer fault.Wrap(&err, "agencies.DecideSupervisor(%s)", motion)
	_, actor, rule, err := s.open(ctx, agency, "supervise")
	if err != nil {
		return err
	}
	m, err := s.Motions.Motion(ctx, motion)
	if err != nil {
		return err
	}
	switch {
	case m.Agency != agency || m.Kind != identity.SupervisorMotion:
		return fault.New(fault.NotFound, "There is nothing here.")
	case m.State != identity.MotionProposed:
		return fault.New(fault.Conflict, "This was decided already. Reload the page to see how.")
	}
	p, _, err := s.Motions.Person(ctx, identity.PersonID(m.Subject))
	if err != nil {
		return err
	}
	decided := m.Decide(actor.Person, agree, s.now())
	e := change.Event(ctx, s.now(), "person.supervision_declined", "person:"+m.Subject, 0)
	e.Facts["person"], e.Facts["agency"], e.Facts["motion"], e.Facts["rule"] = m.Subject, string(agency), m.ID, rule
	causes(&e, m.EventID, p.EventID)
	part := change.Part{Event: e, Update: []any{&decided}}
	if agree {
		proof, err := identity.RequireProof(ctx, m.Purpose(), m.Agreement())
		if err != nil {
			return err
		}
		change.Prove(&part, proof)
		part.Event.Kind = "person.supervises"
		p.Supervisor, p.Version = true, p.Version+1
		part.Update = append(part.Update, &p)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(agency))})
}

// EndSupervisor takes the right to sign for colleagues away, at once: it narrows.
func (s *Service) EndSupervisor(ctx context.Context, id identity.PersonID) (err error) {
	defer fault.Wrap(&err, "agencies.EndSupervisor(%s)", id)
	p, rule, err := s.member(ctx, id)
	if err != nil {
		return err
	}
	if !p.Supervisor {
		return fault.New(fault.Conflict, "This officer does not sign for colleagues.")
	}
	p.Supervisor = false
	return s.changed(ctx, p, "person.supervision_ended", rule, nil)
}
