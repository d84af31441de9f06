package main

import (
	"testing"

	"lerd/internal/identity"
	"lerd/internal/testkit/seed"
)

// seeded fills the scenario's database with n requests, of which one in 50 is of
// the story's own agency, and a part of which is open.
func (s *scenario) seeded(n int, open float64) seed.Result {
	s.t.Helper()
	asha := s.as("asha.rao")
	actor, _ := identity.From(asha)
	agency, err := s.store.AgencyByID(asha, actor.Agency)
	s.must(err)
	busy := &seed.Busy{Agency: agency, Officers: []identity.Person{{ID: actor.Person, Role: actor.Role, Agency: actor.Agency}}, OneIn: 50}
	res, err := seed.Run(s.ctx, seed.Options{URL: s.db.Superuser, Requests: n, Now: storyNow, Law: s.law, Seed: 1, Open: open, Busy: busy})
	s.must(err)
	s.t.Logf("%d requests, %d events and %d rows in %v: %v", res.Requests, res.Events, res.Rows, res.Took, res.Outcomes)
	return res
}

// TestSeededDatabaseVerifies: what the seeder makes, lerd's own verification takes
// for lerd's own, and every trigger is back as it was.
func TestSeededDatabaseVerifies(t *testing.T) {
	s := newScenario(t)
	const triggers = "SELECT tgrelid::regclass::text || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger ORDER BY 1"
	before := s.column(triggers)
	res := s.seeded(1500, 0.01)
	if len(res.Outcomes) < 8 || res.Requests != 1500 {
		t.Errorf("made %+v", res.Outcomes)
	}
	after := s.column(triggers)
	for i := range before {
		if len(after) != len(before) || before[i] != after[i] {
			t.Fatalf("a trigger is not as it was: %q", before[i])
		}
	}
	if report := s.verifyLog(); report.Rows < int64(res.Rows-res.Outcomes["closed"]*8) {
		t.Errorf("verified %d rows, made %d", report.Rows, res.Rows)
	}
}
