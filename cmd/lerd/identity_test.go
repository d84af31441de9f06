package main

import (
	"testing"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// TestAnAssertionServesOneStep writes what people agreed to beside the step, and
// lets the log be verified over it.
func TestAnAssertionServesOneStep(t *testing.T) {
	s := newScenario(t)
	ctx, digest := s.as("asha.rao"), identity.DigestOf("unit", "North")
	actor, _ := identity.From(ctx)
	proof, err := identity.RequireProof(ctx, identity.PurposeInvite, digest)
	s.must(err)
	step := func(agency identity.AgencyID) error {
		u := &identity.Unit{ID: identity.UnitID(uuid.NewString()), Agency: agency, Name: "Unit " + uuid.NewString(), Active: true, Version: 1}
		part := change.Part{Event: change.Event(ctx, s.clock.Now(), "unit.added", "unit:"+string(u.ID), 1), Insert: []any{u}}
		change.Prove(&part, proof)
		return s.store.Commit(ctx, change.Set{Parts: []change.Part{part}})
	}
	if err := step(identity.AgencyID(uuid.NewString())); err == nil {
		t.Fatal("a unit of a foreign agency")
	}
	s.must(step(actor.Agency))
	if err := step(actor.Agency); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the same assertion again: %v", err)
	}
	if got := s.column("SELECT count(*)::text FROM unit WHERE name LIKE 'Unit %'"); got[0] != "1" {
		t.Errorf("%s units", got[0])
	}
	s.sequenceAll()
	s.verifyLog()
}
