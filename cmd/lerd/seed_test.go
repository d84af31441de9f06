package main

import (
	"testing"

	"lerd/internal/testkit/seed"
)

// seeded fills the scenario's database with n requests of others.
func (s *scenario) seeded(n int) seed.Result {
	s.t.Helper()
	res, err := seed.Run(s.ctx, seed.Options{URL: s.db.Superuser, Requests: n, Now: storyNow, Law: s.law, Seed: 1})
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
	res := s.seeded(1500)
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
