package requests

import (
	"context"
	"slices"
	"strconv"

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
	for _, p := range s.Law.InForce(s.now()) {
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

// ChoiceDigest is what a registrar agrees to: that this agency's choice about
// this process, after the one on file, is so.
func (s *Service) ChoiceDigest(ctx context.Context, agency identity.AgencyID, process string, wanted bool) (identity.Digest, error) {
	c, _, err := s.nextChoice(ctx, agency, process, wanted)
	return choiceDigest(*c), err
}

func choiceDigest(c CosignatureChoice) identity.Digest {
	return identity.DigestOf("lerd cosignature choice v1", string(c.Agency), c.Process, strconv.FormatBool(c.Wanted), strconv.FormatInt(c.Version, 10))
}

// nextChoice gives a choice with the version that follows the one on file, and
// whether there is one.
func (s *Service) nextChoice(ctx context.Context, agency identity.AgencyID, process string, wanted bool) (*CosignatureChoice, bool, error) {
	c := &CosignatureChoice{Agency: agency, Process: process, Wanted: wanted, Version: 1}
	was, err := s.Cosignatures.CosignatureChoiceByID(ctx, c.ID())
	if err == nil {
		c.Version = was.Version + 1
		return c, true, nil
	}
	if fault.KindOf(err) == fault.NotFound {
		err = nil
	}
	return c, false, err
}

// ChooseCosignature records whether an agency wants second signatures, for one
// process or (empty) for every one without a choice of its own. A registrar does
// so with their passkey. Where the policy requires them the choice changes
// nothing.
func (s *Service) ChooseCosignature(ctx context.Context, agency identity.AgencyID, process string, wanted bool) (err error) {
	defer fault.Wrap(&err, "requests.ChooseCosignature(%s)", agency)
	actor, rule, err := s.may(ctx, "choose_cosignature", "agency", agency)
	if err != nil {
		return err
	}
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return err
		}
	}
	if _, err := s.Agencies.AgencyByID(ctx, agency); err != nil {
		return err
	}
	if _, err := s.Law.Current(legal.ProcessID(process), s.now()); err != nil && process != "" {
		return fault.Fields([]fault.Problem{{Field: "process", Message: "There is no such legal process."}})
	}
	c, there, err := s.nextChoice(ctx, agency, process, wanted)
	if err != nil {
		return err
	}
	e := change.Event(ctx, s.now(), "agency.cosignature_chosen", "cosignature:"+string(agency), 0)
	e.Facts["agency"], e.Facts["process"], e.Facts["wanted"], e.Facts["rule"] = string(agency), process, strconv.FormatBool(wanted), rule
	part := change.Part{Event: e}
	if actor.Role != identity.System {
		proof, err := identity.RequireProof(ctx, identity.PurposeActivateAgency, choiceDigest(*c))
		if err != nil {
			return err
		}
		change.Prove(&part, proof)
	}
	if there {
		part.Update = append(part.Update, c)
	} else {
		part.Insert = append(part.Insert, c)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, ChoicesPath(agency))})
}

// ChoicesPath is where a registrar records an agency's choices.
func ChoicesPath(agency identity.AgencyID) string {
	return "/agencies/" + string(agency) + "/cosignature"
}
