package retention

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
)

// HoldDigest is what counsel agrees to who keeps a case.
func HoldDigest(id requests.ID) identity.Digest {
	return identity.DigestOf("lerd legal hold v1", string(id))
}

// LiftDigest is what the second person agrees to who lets a case go.
func LiftDigest(hold string) identity.Digest {
	return identity.DigestOf("lerd legal hold lifted v1", hold)
}

// streamOf names a hold's stream.
func streamOf(id string) string { return "legal_hold:" + id }

func reasonOf(typed string) (personal.Text, error) {
	if strings.TrimSpace(typed) == "" {
		return personal.Text{}, fault.Fields([]fault.Problem{{Field: "why", Message: "Say why; auditors will read it."}})
	}
	text, err := identifier.FreeText("why", typed, 2000)
	return personal.NewText(text), err
}

// Place keeps a case whole, with a reason and counsel's passkey, until two people
// lift it.
func (s *Service) Place(ctx context.Context, id requests.ID, why string) (h Hold, err error) {
	defer fault.Wrap(&err, "retention.Place(%s)", id)
	actor, rule, err := s.may(ctx, "hold", "retention")
	if err != nil {
		return h, err
	}
	reason, err := reasonOf(why)
	if err != nil {
		return h, err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeRetain, HoldDigest(id))
	if err != nil {
		return h, err
	}
	h = Hold{ID: uuid.NewString(), Request: id, Reason: reason, PlacedBy: actor.Person, PlacedAt: s.now(), State: Placed, Version: 1}
	e := change.Event(ctx, h.PlacedAt, "legal_hold.placed", streamOf(h.ID), 1)
	e.Facts["rule"], e.Facts["request"] = rule, string(id)
	part := change.Part{Event: e, Insert: []any{&h}}
	change.Prove(&part, proof)
	return h, s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/retention")})
}

// ProposeLift asks, with a reason, that a hold end.
func (s *Service) ProposeLift(ctx context.Context, id, why string) (err error) {
	defer fault.Wrap(&err, "retention.ProposeLift(%s)", id)
	actor, rule, err := s.may(ctx, "lift", "retention")
	if err != nil {
		return err
	}
	h, err := s.Store.LegalHold(ctx, id)
	if err != nil {
		return err
	}
	reason, err := reasonOf(why)
	if err != nil {
		return err
	}
	if h.State != Placed {
		return fault.New(fault.Conflict, "Somebody has asked to lift this hold already. Reload the page.")
	}
	h.State, h.LiftBy, h.LiftReason = Lifting, actor.Person, reason
	return s.step(ctx, h, "legal_hold.lift_proposed", rule, nil)
}

// Lift is the second person's word: the hold ends, or it stays.
func (s *Service) Lift(ctx context.Context, id string, agree bool) (err error) {
	defer fault.Wrap(&err, "retention.Lift(%s)", id)
	actor, rule, err := s.may(ctx, "lift", "retention")
	if err != nil {
		return err
	}
	h, err := s.Store.LegalHold(ctx, id)
	switch {
	case err != nil:
		return err
	case h.State != Lifting:
		return fault.New(fault.Conflict, "Nobody asks any more that this hold be lifted. Reload the page to see where it stands.")
	case h.LiftBy == actor.Person:
		return fault.New(fault.Gate, "You asked for this yourself, so somebody else has to agree.")
	case !agree:
		h.State, h.LiftBy, h.LiftReason = Placed, "", personal.Text{}
		return s.step(ctx, h, "legal_hold.lift_declined", rule, nil)
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeRetain, LiftDigest(id))
	if err != nil {
		return err
	}
	h.State, h.LiftedBy, h.LiftedAt = Lifted, actor.Person, s.now()
	return s.step(ctx, h, "legal_hold.lifted", rule, &proof)
}

func (s *Service) step(ctx context.Context, h Hold, kind, rule string, proof *identity.Proof) error {
	h.Version++
	e := change.Event(ctx, s.now(), kind, streamOf(h.ID), h.Version)
	e.Facts["rule"], e.Facts["request"] = rule, string(h.Request)
	part := change.Part{Event: e, Update: []any{&h}}
	if proof != nil {
		change.Prove(&part, *proof)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/retention")})
}
