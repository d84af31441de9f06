package tablerules

import (
	"context"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit"
)

const refusalsFile = "testdata/refusals.jsonl"

// TestEveryRefusalOfAFunctionIsMissed takes the step of each refusal in the functions
// of the database: it refuses, and without it the step passes.
func TestEveryRefusalOfAFunctionIsMissed(t *testing.T) {
	c := connected(t)
	list, err := tables(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows[function](t.Context(), c, functionsSQL)
	if err != nil {
		t.Fatal(err)
	}
	line := refusalsOnFile(t, all)
	if err := world(t.Context(), c, list); err != nil {
		t.Fatal(err)
	}
	alone, beside := 0, 0
	for _, f := range all {
		for _, r := range f.refusals() {
			known, ok := line[r.ID()]
			if !ok {
				t.Errorf("%s has no line in %s: %s=write go test ./internal/testkit/tablerules -run Refusal, and read what it wrote", r.ID(), refusalsFile, envWrite)
				continue
			}
			delete(line, r.ID())
			if err := known.proved(t.Context(), c, all); err != nil {
				t.Error(err)
			} else if alone++; len(known.Beside) > 0 {
				alone, beside = alone-1, beside+1
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(line)) {
		t.Errorf("%s is on file and not in the database: %s=write takes it off", id, envWrite)
	}
	if t.Logf("%d refusals are missed by a step that nothing else of its function refuses, %d by one that others refuse too", alone, beside); alone+beside < 350 {
		t.Errorf("too few: %d", alone+beside)
	}
}

// refusalsOnFile gives the lines by their IDs; where it is asked for, it seeks steps
// for refusals that have none, takes lines off that have no refusal, and writes the
// file anew.
func refusalsOnFile(t *testing.T, all []function) map[string]Refusal {
	t.Helper()
	file, err := testkit.JSONLines[Refusal](refusalsFile)
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]Refusal{}
	for _, r := range file {
		line[r.ID()] = r
	}
	if os.Getenv(envWrite) == "" {
		return line
	}
	wanted := map[string]bool{}
	for _, f := range all {
		for _, r := range f.refusals() {
			if _, ok := line[r.ID()]; !ok {
				wanted[r.ID()] = true
			}
		}
	}
	best := seeking(t, all).everywhere(t, wanted)
	var out []Refusal
	for _, f := range all {
		for _, r := range f.refusals() {
			x, found := best[r.ID()]
			if x.Of, x.Says, x.Nth = r.Of, r.Says, r.Nth; !wanted[r.ID()] {
				x, found = line[r.ID()], true
			}
			if found {
				out = append(out, x)
			}
		}
	}
	if err := write(refusalsFile, out); err != nil {
		t.Fatal(err)
	}
	line = map[string]Refusal{}
	for _, r := range out {
		line[r.ID()] = r
	}
	return line
}

// seeking prepares a database in which functions note and refuse nothing.
func seeking(t *testing.T, all []function) *seeker {
	t.Helper()
	s := &seeker{all: all}
	config, err := pgx.ParseConfig(testkit.Postgres(t).Superuser)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = s.saw
	if s.c, err = pgx.ConnectConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.c.Close(context.Background()) })
	if s.tables, err = tables(t.Context(), s.c); err != nil {
		t.Fatal(err)
	}
	if err := world(t.Context(), s.c, s.tables); err != nil {
		t.Fatal(err)
	}
	if err := s.notes(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// everywhere seeks at every trigger whose functions have a refusal that is wanted.
func (s *seeker) everywhere(t *testing.T, wanted map[string]bool) map[string]Refusal {
	t.Helper()
	triggers, err := rows[Trigger](t.Context(), s.c, triggersSQL)
	if err != nil {
		t.Fatal(err)
	}
	best, asked := map[string]Refusal{}, map[string]int{}
	for _, g := range triggers {
		g.Does += "()"
		here := map[string]bool{}
		for _, f := range closure(s.all, g.Does) {
			for _, r := range f.refusals() {
				if b, ok := best[r.ID()]; wanted[r.ID()] && (!ok || len(b.Beside) > 0) {
					here[r.ID()] = true
				}
			}
		}
		if asked[g.Does]++; len(here) == 0 || asked[g.Does] > 3 { // the function serves many tables alike
			continue
		}
		found, err := s.seek(t.Context(), g, here)
		if err != nil {
			t.Fatal(err)
		}
		for id, r := range found {
			if b, ok := best[id]; !ok || len(r.Beside) < len(b.Beside) {
				best[id] = r
			}
		}
		t.Logf("%s %s: %d refusals wanted, %d come to", g.Table, g.Name, len(here), len(found))
	}
	return best
}
