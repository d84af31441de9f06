package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// TestAFallenGroundIsNoEmptyAnswer lets the finding of a confirmed case fall before
// its records are read. The agency must not read "no data held": data are held, and
// nothing was looked for.
func TestAFallenGroundIsNoEmptyAnswer(t *testing.T) {
	for name, fall := range map[string]func(s *scenario, f requests.FindingID){
		"overturned":     func(s *scenario, f requests.FindingID) { s.fellFinding(f, violations.Overturned, "overturned") },
		"appeal pending": func(s *scenario, f requests.FindingID) { s.fellFinding(f, violations.Confirmed, "pending") },
		"expired":        func(s *scenario, _ requests.FindingID) { s.clock.Advance(200 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t)
			id := s.submit("IN/94/2026/741").ID
			s.review(id)
			s.jobs()
			s.confirm()
			s.must(s.cases.Settle(s.system_(), id))
			fall(s, s.load(id).Asks[0].Finding)
			s.clock.Advance(48 * time.Hour) // after it an answer without data may be given
			err := s.cases.Prepare(s.system_(), id)
			if fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "no decision to produce meets a confirmed finding") {
				t.Errorf("prepared: %v", err)
			}
			if c := s.load(id); c.Request.State != requests.Confirmed || c.Release != nil {
				t.Errorf("the case is %s, with the release %v", c.Request.State, c.Release)
			}
		})
	}
}

// TestTheDatabaseKeepsASample plans, changes and draws samples by SQL, as the owner:
// each gate is heard in its own words.
func TestTheDatabaseKeepsASample(t *testing.T) {
	s := newScenario(t)
	for _, n := range []string{"941", "942", "943"} {
		s.submit("IN/94/2026/" + n)
	}
	s.indexed()
	id, err := s.oversight.PlanSample(s.as("ines.moreau"), s.plan())
	s.must(err)
	stream := "sample:" + id
	var a attacker
	for _, x := range s.attackers(t) {
		if x.as == "owner" { // whom no right keeps from it
			a = x
		}
	}
	type column = map[string]string
	const columns = "id, ref, planned_by, planned_at, from_at, to_at, strata, each, percent, population_tree, population, population_sha256, seed_tree, quorum, plan_event, state, seed_note, seed_root, seed, drawn, drawn_sha256, drawn_at, version, event_id"
	plan := func(change column) string {
		values := []string{}
		for _, c := range strings.Split(columns, ", ") {
			v, ok := map[string]string{"id": "gen_random_uuid()", "ref": "'AS-2026-9999999999'", "plan_event": "$EVENT", "event_id": "$EVENT",
				"seed_tree": "(SELECT coalesce(max(index), 0) + 50 FROM audit.leaf)"}[c]
			if x, changed := change[c]; changed {
				v, ok = x, true
			}
			if !ok {
				v = c
			}
			values = append(values, v)
		}
		return fmt.Sprintf("INSERT INTO audit_sample (%s) SELECT %s FROM audit_sample WHERE id = '%s'", columns, strings.Join(values, ", "), id)
	}
	word := s.gave("ines.moreau", identity.PurposeAudit, identity.Digest{})
	other := func(change column) error {
		return a.try("sample:00000000-0000-4000-8000-000000000077", word, plan(change))
	}
	s.must(other(nil)) // what is refused below is sound but for one thing
	for name, x := range map[string]struct {
		change  column
		because string
	}{
		"drawn from the first":               {column{"state": "'drawn'"}, "an auditor plans it"},
		"a later version":                    {column{"version": "2"}, "an auditor plans it"},
		"another's event":                    {column{"plan_event": "plan_event"}, "an auditor plans it"},
		"planned by a reviewer":              {column{"planned_by": "'" + s.personID("rita.lind") + "'"}, "an auditor plans it"},
		"a seed that is there already":       {column{"seed_tree": "2", "population_tree": "1"}, "its seed is of the log as it will be"},
		"the seed of the next leaf but none": {column{"seed_tree": "(SELECT max(index) + 1 FROM audit.leaf)"}, "its seed is of the log as it will be"},
		"a population of the future":         {column{"population_tree": "(SELECT max(index) + 2 FROM audit.leaf)"}, "its seed is of the log as it will be"},
	} {
		a.refused(name, other(x.change), x.because)
	}
	step := func(of, set string, by int) error {
		return a.try("sample:"+of, fmt.Sprintf("UPDATE audit_sample SET %s, version = version + %d, event_id = $EVENT WHERE id = '%s'", set, by, of))
	}
	const draw = "state = 'drawn', seed = repeat('0', 64), seed_root = repeat('0', 64), seed_note = 'x', drawn = 2, drawn_sha256 = repeat('0', 64), drawn_at = planned_at + interval '1 hour'"
	a.refused("another seed", step(id, "seed_tree = seed_tree + 1", 1), "a plan does not change")
	a.refused("a version left out", step(id, "state = 'void'", 2), "a plan does not change")
	a.refused("more of each", step(id, "each = each + 1", 1), "a plan does not change")
	a.refused("drawn before its seed", step(id, draw, 1), "the checkpoint of its seed is not there yet")
	a.refused("a case before the draw", a.try(stream, fmt.Sprintf("INSERT INTO audit_sample_case SELECT gen_random_uuid(), sample_id, case_id, stratum, false, $EVENT FROM audit_sample_member WHERE sample_id = '%s' LIMIT 1", id)), "cases come with its draw")
	a.refused("a member added later", a.try(stream, fmt.Sprintf("INSERT INTO audit_sample_member SELECT sample_id, gen_random_uuid(), stratum, always FROM audit_sample_member WHERE sample_id = '%s' LIMIT 1", id)), "its population is fixed with its plan")
	// A plan whose event came late: others took the places before its seed.
	late := "00000000-0000-4000-8000-000000000078"
	for range 3 {
		s.must(a.try(stream, "SELECT 1"))
	}
	s.must(a.try("sample:"+late, word, plan(column{"id": "'" + late + "'", "ref": "'AS-2026-9999999998'", "seed_tree": "(SELECT max(index) + 2 FROM audit.leaf)"})))
	s.sequenceAll()
	a.refused("drawn by a seed that its planner could know", step(late, draw, 1), "its plan does not stand before its seed")
	for range 8 {
		s.must(a.try(stream, "SELECT 1"))
	}
	s.sequenceAll()
	s.must(step(id, draw, 1))
	a.refused("drawn twice", step(id, "seed = repeat('1', 64)", 1), "a plan does not change, and is drawn once")
}
