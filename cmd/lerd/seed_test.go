package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"lerd/internal/identity"
	"lerd/internal/records/sample"
	"lerd/internal/testkit"
	"lerd/internal/testkit/seed"
)

// envKeep names the variable with a folder in which the large database's lerd stays
// for the next run, and the database with it. Whoever sets it deletes both.
const envKeep = "LERD_GROWTH_KEEP"

// largeScenario gives a scenario with n requests of others, whose events have no place
// in the log yet: settled gives it to them.
func largeScenario(t testing.TB, n int) *scenario {
	t.Helper()
	keep := os.Getenv(envKeep)
	if keep == "" {
		s := newScenario(t)
		s.seeded(n, 0)
		return s
	}
	name := fmt.Sprintf("growth_%d", n)
	dir := filepath.Join(keep, name)
	s := &scenario{t: t, ctx: context.Background(), clock: testkit.NewClock(storyNow), times: sample.StoryTimes(storyNow), log: &logText{}}
	s.must(os.MkdirAll(dir, 0o711))
	db, there := testkit.KeptPostgres(t, name)
	s.db = db
	s.begin(dir, there)
	s.invented = true
	done := filepath.Join(dir, "seeded")
	if _, err := os.Stat(done); there && err != nil {
		t.Fatalf("%s was not filled to its end: drop the database and delete the folder", dir)
	} else if err != nil {
		s.seeded(n, 0)
		s.must(os.WriteFile(done, nil, 0o600))
	}
	return s
}

// envUntil names the variable with the time, in RFC 3339, at which seeding ends with
// what is made by then.
const envUntil = "LERD_GROWTH_UNTIL"

func seedUntil() time.Time {
	at, _ := time.Parse(time.RFC3339, os.Getenv(envUntil)) // without it: zero
	return at
}

// settled places and indexes all events, and lets the planner know.
func (s *scenario) settled() {
	s.t.Helper()
	began := time.Now()
	s.sequenceAll()
	placed := time.Now()
	db := s.ownerDB()
	for took := 20_000; took == 20_000; {
		var err error
		took, err = s.consoleOf.IndexLog(s.ctx, took)
		s.must(err)
		_, err = db.Exec("VACUUM log_fresh")
		s.must(err)
	}
	indexed := time.Now()
	_, err := db.Exec("VACUUM (ANALYZE)")
	s.must(err)
	s.t.Logf("placed in %v, indexed in %v, vacuumed in %v", placed.Sub(began), indexed.Sub(placed), time.Since(indexed))
}

// seeded fills the scenario's database with n requests, of which one in 50 is of
// the story's own agency, and a part of which is open.
func (s *scenario) seeded(n int, open float64) seed.Result {
	s.t.Helper()
	s.invented = true
	asha := s.as("asha.rao")
	actor, _ := identity.From(asha)
	agency, err := s.store.AgencyByID(asha, actor.Agency)
	s.must(err)
	busy := &seed.Busy{Agency: agency, Officers: []identity.Person{{ID: actor.Person, Role: actor.Role, Agency: actor.Agency}}, OneIn: 50}
	res, err := seed.Run(s.ctx, seed.Options{URL: s.db.Superuser, Requests: n, Now: storyNow, Law: s.law, Seed: 1, Open: open, Busy: busy, Until: seedUntil()})
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

// TestLarge fills the large database and does nothing else.
func TestLarge(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(envGrowth))
	if err != nil {
		t.Skip()
	}
	largeScenario(t, n).settled()
}
