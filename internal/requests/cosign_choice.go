package requests

import (
	"context"
	"slices"
	"strconv"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// ChoiceLine says of one process, or ("") of every one without a choice of its
// own, what an agency chose about second signatures, and what follows from it.
type ChoiceLine struct {
	Process            string
	Title              string // English
	Chosen             *bool  // nil: nothing of its own
	Routine, Emergency bool   // whether a second signature is wanted
	// RoutineRequired and EmergencyRequired: the policy requires it, whatever was
	// chosen.
	RoutineRequired, EmergencyRequired bool
}

// CosignatureChoices gives what an agency chose, for registrars and for the
// agency's administrator: the line of every process first, then each in force
// which the agency's country can use.
func (s *Service) CosignatureChoices(ctx context.Context, agency identity.AgencyID) (out []ChoiceLine, err error) {
	defer fault.Wrap(&err, "requests.CosignatureChoices(%s)", agency)
	if _, _, err := s.may(ctx, "view_cosignature", "agency", agency); err != nil {
		return nil, err
	}
	a, err := s.Agencies.AgencyByID(ctx, agency)
	if err != nil {
		return nil, err
	}
	list, err := s.Cosignatures.CosignatureChoices(ctx, agency)
	if err != nil {
		return nil, err
	}
	chosen := map[string]*bool{}
	for i := range list {
		chosen[list[i].Process] = &list[i].Wanted
	}
	out = append(out, s.choiceLine("", "", chosen))
	law, err := s.lawNow(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range law.InForce(s.now()) {
		if (p.Kind == legal.Disclosure || p.Kind == legal.Preservation) && (len(p.Countries) == 0 || slices.Contains(p.Countries, a.Country)) {
			out = append(out, s.choiceLine(string(p.ID), p.Title, chosen))
		}
	}
	return out, nil
}

func (s *Service) choiceLine(process, title string, chosen map[string]*bool) ChoiceLine {
	rule, counts := s.Law.Cosign(legal.ProcessID(process)), chosen[process]
	if counts == nil {
		counts = chosen[""]
	}
	return ChoiceLine{Process: process, Title: title, Chosen: chosen[process], Routine: rule.Routine.Wanted(counts), Emergency: rule.Emergency.Wanted(counts),
		RoutineRequired: rule.Routine == legal.CosignRequired, EmergencyRequired: rule.Emergency == legal.CosignRequired}
}

// ChoiceMotion is the motion that a registrar signs who proposes an agency's
// choice.
func ChoiceMotion(agency identity.AgencyID, process string, wanted bool) identity.Motion {
	return identity.Motion{Agency: agency, Kind: identity.CosignatureMotion, Subject: process, Wanted: wanted}
}

// ChoiceMotions gives the choices that wait for a second registrar.
func (s *Service) ChoiceMotions(ctx context.Context, agency identity.AgencyID) (out []identity.Motion, err error) {
	defer fault.Wrap(&err, "requests.ChoiceMotions(%s)", agency)
	if _, _, err := s.may(ctx, "choose_cosignature", "agency", agency); err != nil {
		return nil, err
	}
	all, err := s.Motions.Motions(ctx, agency)
	for _, m := range all {
		if m.Kind == identity.CosignatureMotion {
			out = append(out, m)
		}
	}
	return out, err
}

// mayChoose asks the policy, and ends a form that was sent before with its first
// outcome.
func (s *Service) mayChoose(ctx context.Context, agency identity.AgencyID, process string) (identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, "choose_cosignature", "agency", agency)
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	if err == nil {
		_, err = s.Agencies.AgencyByID(ctx, agency)
	}
	if err != nil {
		return actor, rule, err
	}
	if _, err := s.current(ctx, process); err != nil && process != "" {
		return actor, rule, fault.Fields([]fault.Problem{{Field: "process", Message: "There is no such legal process."}})
	}
	return actor, rule, nil
}

// ProposeChoice is a registrar's word that an agency wants its requests signed
// once or twice, for one process or (empty) for every one without a choice of its
// own. Nothing changes before another registrar agrees.
func (s *Service) ProposeChoice(ctx context.Context, agency identity.AgencyID, process string, wanted bool) (err error) {
	defer fault.Wrap(&err, "requests.ProposeChoice(%s)", agency)
	actor, rule, err := s.mayChoose(ctx, agency, process)
	if err != nil {
		return err
	}
	m := ChoiceMotion(agency, process, wanted)
	waiting, err := s.ChoiceMotions(ctx, agency)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(waiting, func(w identity.Motion) bool { return w.Subject == process }) {
		return fault.New(fault.Conflict, "A choice for this process waits for another registrar already. It is decided first.")
	}
	proof, err := identity.RequireProof(ctx, m.Purpose(), m.Proposal())
	if err != nil {
		return err
	}
	m.ID, m.ProposedBy, m.ProposedAt, m.State, m.Version = newID[string](), actor.Person, s.now(), identity.MotionProposed, 1
	part := change.Part{Event: s.choiceEvent(ctx, "agency.cosignature_proposed", m, rule), Insert: []any{&m}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, ChoicesPath(agency))})
}

func (s *Service) choiceEvent(ctx context.Context, kind string, m identity.Motion, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "cosignature:"+string(m.Agency), 0)
	e.Facts["agency"], e.Facts["process"], e.Facts["wanted"], e.Facts["rule"] = string(m.Agency), m.Subject, strconv.FormatBool(m.Wanted), rule
	if m.ID != "" {
		e.Facts["motion"] = m.ID
	}
	if m.EventID != "" {
		e.Causes = append(e.Causes, m.EventID)
	}
	return e
}

// DecideChoice is another registrar's yes, with their passkey, or a no, which also
// who proposed it can say.
func (s *Service) DecideChoice(ctx context.Context, agency identity.AgencyID, id string, agree bool) (err error) {
	defer fault.Wrap(&err, "requests.DecideChoice(%s)", agency)
	actor, rule, err := s.mayChoose(ctx, agency, "")
	if err != nil {
		return err
	}
	m, err := s.Motions.Motion(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case m.Agency != agency || m.Kind != identity.CosignatureMotion:
		return fault.New(fault.NotFound, "There is nothing here.")
	case m.State != identity.MotionProposed:
		return fault.New(fault.Conflict, "This was decided already. Reload the page to see how.")
	case agree && m.ProposedBy == actor.Person:
		return fault.New(fault.Gate, "You proposed this. Another registrar has to agree.")
	}
	kind, decided := "agency.cosignature_declined", m.Decide(actor.Person, agree, s.now())
	if agree {
		kind = "agency.cosignature_chosen"
	}
	part := change.Part{Event: s.choiceEvent(ctx, kind, m, rule), Update: []any{&decided}}
	if agree {
		proof, err := identity.RequireProof(ctx, m.Purpose(), m.Agreement())
		if err != nil {
			return err
		}
		change.Prove(&part, proof)
		if err := s.putChoice(ctx, &part, agency, m.Subject, m.Wanted); err != nil {
			return err
		}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, ChoicesPath(agency))})
}

// putChoice puts a choice, with the version that follows the one on file, into a
// part.
func (s *Service) putChoice(ctx context.Context, part *change.Part, agency identity.AgencyID, process string, wanted bool) error {
	c := &CosignatureChoice{Agency: agency, Process: process, Wanted: wanted, Version: 1}
	was, err := s.Cosignatures.CosignatureChoiceByID(ctx, c.ID())
	switch {
	case err == nil:
		c.Version = was.Version + 1
		part.Update = append(part.Update, c)
	case fault.KindOf(err) == fault.NotFound:
		part.Insert = append(part.Insert, c)
	default:
		return err
	}
	return nil
}

// ChooseCosignature records a choice as lerd itself, for an evaluation's invented
// agencies: elsewhere the database refuses what two registrars did not agree to.
func (s *Service) ChooseCosignature(ctx context.Context, agency identity.AgencyID, process string, wanted bool) (err error) {
	defer fault.Wrap(&err, "requests.ChooseCosignature(%s)", agency)
	actor, rule, err := s.mayChoose(ctx, agency, process)
	if err != nil {
		return err
	}
	if actor.Role != identity.System {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	part := change.Part{Event: s.choiceEvent(ctx, "agency.cosignature_chosen", ChoiceMotion(agency, process, wanted), rule)}
	if err := s.putChoice(ctx, &part, agency, process, wanted); err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

// ChoicesPath is where registrars look after an agency's choices.
func ChoicesPath(agency identity.AgencyID) string {
	return "/agencies/" + string(agency) + "/cosignature"
}
