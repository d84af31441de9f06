package fraud

import (
	"context"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
)

var noReason personal.Text

// reasonOf reads a reason, which must be given.
func reasonOf(field, typed string) (string, error) {
	if strings.TrimSpace(typed) == "" {
		return "", fault.Fields([]fault.Problem{{Field: field, Message: "Say why; auditors will read it."}})
	}
	return identifier.FreeText(field, typed, 2000)
}

// sameOne refuses a second word by the person who gave the first.
var sameOne = fault.New(fault.Gate, "You asked for this yourself, so somebody else has to agree.")

// ProposeLift asks, with a reason, that a containment end. Somebody else has to
// agree.
func (s *Service) ProposeLift(ctx context.Context, id, reason string) (err error) {
	defer fault.Wrap(&err, "fraud.ProposeLift(%s)", id)
	actor, rule, err := s.may(ctx, "lift", "agency", "")
	if err != nil {
		return err
	}
	c, _, err := s.Stopping.ContainmentByID(system(ctx), id)
	if err != nil {
		return err
	}
	text, err := reasonOf("why", reason)
	if err != nil {
		return err
	}
	if c.State != Complete {
		return fault.New(fault.Conflict, "This containment is not at rest, or somebody has asked to lift it already. Reload the page.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeContain, ProposeLiftDigest(id))
	if err != nil {
		return err
	}
	c.State, c.LiftBy, c.LiftReason, c.Version = Lifting, actor.Person, personal.NewText(text), c.Version+1
	return s.containmentStep(ctx, c, "containment.lift_proposed", rule, &proof)
}

// containmentStep commits a containment's next version, signed where proof is
// given.
func (s *Service) containmentStep(ctx context.Context, c Containment, kind, rule string, proof *identity.Proof, more ...change.Part) error {
	e := change.Event(ctx, s.now(), kind, StreamOf(c.ID), c.Version)
	e.Facts["rule"], e.Facts["agency"], e.Facts["officer"] = rule, string(c.Agency), string(c.Officer)
	part := change.Part{Event: e, Update: []any{&c}}
	if proof != nil {
		change.Prove(&part, *proof)
	}
	return s.Store.Commit(ctx, change.Set{Parts: append([]change.Part{part}, more...), Key: change.KeyFrom(ctx, PathOf(c.ID))})
}

// Lift is the second person's word on a containment: it ends, and who was
// stopped has again what they had before; or it stays.
func (s *Service) Lift(ctx context.Context, id string, agree bool) (err error) {
	defer fault.Wrap(&err, "fraud.Lift(%s)", id)
	actor, rule, err := s.may(ctx, "lift", "agency", "")
	if err != nil {
		return err
	}
	c, _, err := s.Stopping.ContainmentByID(system(ctx), id)
	if err != nil {
		return err
	}
	switch {
	case c.State != Lifting:
		return fault.New(fault.Conflict, "Nobody asks any more that this be lifted. Reload the page to see where it stands.")
	case c.LiftBy == actor.Person:
		return sameOne
	case !agree:
		c.State, c.LiftBy, c.LiftReason, c.Version = Complete, "", noReason, c.Version+1
		return s.containmentStep(ctx, c, "containment.lift_declined", rule, nil)
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeContain, LiftDigest(id))
	if err != nil {
		return err
	}
	agency, officer, err := s.Stopping.Subject(system(ctx), c.Agency, c.Officer)
	if err != nil {
		return err
	}
	c.State, c.LiftedBy, c.LiftedAt, c.Version = Lifted, actor.Person, s.now(), c.Version+1
	var more []change.Part
	if c.Was == "active" && (c.Officer != "" || agency.Standing == identity.Suspended) {
		more = append(more, s.standing(ctx, c, agency, officer, true))
	}
	return s.containmentStep(ctx, c, "containment.lifted", rule, &proof, more...)
}

// hold is the part that stops a case, with its entry in the register.
func (s *Service) hold(ctx context.Context, h Hold, code string, released bool) []change.Part {
	h.ID, h.PlacedAt, h.State, h.Version = newID(), s.now(), Placed, 1
	e := change.Event(ctx, h.PlacedAt, "case.held", "hold:"+h.ID, 1)
	e.Facts["request"], e.Facts["because"], e.Facts["agency"] = string(h.Request), string(h.Because), string(h.Agency)
	c := Caught{Code: code, Source: sourceOf[h.Because], SourceID: h.Source, Request: h.Request, Agency: h.Agency, Released: released}
	return []change.Part{{Event: e, Insert: []any{&h}}, s.caught(ctx, c, e.ID)}
}

var sourceOf = map[Because]string{EchoDenied: "echo", CallBackDenied: "call_back", Disowned: "disowned", Malware: "document"}

// holdOf gives a hold of a case.
func holdOf(f File, id string) (Hold, error) {
	for _, h := range f.Holds {
		if h.ID == id {
			return h, nil
		}
	}
	return Hold{}, fault.New(fault.NotFound, "There is nothing here.")
}

// HoldDigest is what the second person agrees to when a hold is lifted.
func HoldDigest(id string) identity.Digest { return identity.DigestOf("lift hold", id) }

// MoveHold asks that a hold end (by the first person, with a reason), or agrees
// or declines (by the second).
func (s *Service) MoveHold(ctx context.Context, request requests.ID, id, why string, agree bool) (err error) {
	defer fault.Wrap(&err, "fraud.MoveHold(%s)", id)
	actor, rule, err := s.may(ctx, "lift", "request", "")
	if err != nil {
		return err
	}
	file, err := s.Store.RiskFile(system(ctx), request)
	if err != nil {
		return err
	}
	h, err := holdOf(file, id)
	if err != nil {
		return err
	}
	h.Version++
	kind := ""
	var proof *identity.Proof
	switch {
	case h.State == Placed:
		text, err := reasonOf("why", why)
		if err != nil {
			return err
		}
		h.State, h.LiftBy, h.LiftReason, kind = Lifting, actor.Person, personal.NewText(text), "case.hold_lift_proposed"
	case h.State == Lifting && h.LiftBy == actor.Person:
		return sameOne
	case h.State == Lifting && agree:
		p, err := identity.RequireProof(ctx, identity.PurposeContain, HoldDigest(id))
		if err != nil {
			return err
		}
		proof = &p
		h.State, h.LiftedBy, h.LiftedAt, kind = Lifted, actor.Person, s.now(), "case.hold_lifted"
	case h.State == Lifting:
		h.State, h.LiftBy, h.LiftReason, kind = Placed, "", noReason, "case.hold_lift_declined"
	default:
		return fault.New(fault.Conflict, "This hold was lifted already.")
	}
	e := change.Event(ctx, s.now(), kind, "hold:"+h.ID, h.Version)
	e.Facts["request"], e.Facts["rule"] = string(h.Request), rule
	part := change.Part{Event: e, Update: []any{&h}}
	if proof != nil {
		change.Prove(&part, *proof)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/review/"+string(request)+"/risk")})
}
