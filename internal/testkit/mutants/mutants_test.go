package mutants

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit"
	"lerd/internal/testkit/mutant"
)

// The variables with which somebody asks for the long run. LERD_MUTANTS takes "all",
// or a number: one gate in so many. LERD_MUTANTS_ONLY takes the beginning of names:
// g (Go), r (refusals of the database).
const (
	envShare = "LERD_MUTANTS"
	envOnly  = "LERD_MUTANTS_ONLY"
	envDir   = "LERD_MUTANTS_DIR"   // a folder that is kept, with what was found in it: a run that was stopped goes on
	envTests = "LERD_MUTANTS_TESTS" // a pattern of stories; default: all
)

// ours are the gates of the sources and of a migrated database, with what makes the
// second sort be noted.
func ours(t *testing.T) (changed map[string][]byte, all []gate, sql string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	changed = map[string][]byte{}
	for _, p := range packages {
		files, gates, err := goGates(filepath.Join(root, p), len(all))
		if err != nil {
			t.Fatal(err)
		}
		for name, src := range files {
			changed[name] = src
		}
		all = append(all, gates...)
	}
	d := testkit.Postgres(t)
	c, err := pgx.Connect(t.Context(), d.Superuser)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	sql, more, err := notes(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("what notes the gates is no SQL: %v", err)
	}
	return changed, append(all, more...), sql
}

// TestGatesAreFound: the program finds gates of each sort, each can be taken out, and
// nothing else is changed with it.
func TestGatesAreFound(t *testing.T) {
	changed, all, _ := ours(t)
	count := map[byte]int{}
	for _, g := range all {
		count[g.Name[0]]++
	}
	t.Logf("%d conditions in Go, %d refusals of the database", count['g'], count['r'])
	if len(changed) < 20 || count['g'] < 100 || count['r'] < 300 {
		t.Errorf("too few: %v in %d files", count, len(changed))
	}
	d := testkit.Postgres(t)
	c, err := pgx.Connect(t.Context(), d.Superuser)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for i, g := range all {
		if g.Out == "" || i%10 != 0 {
			continue
		}
		tx, err := c.Begin(t.Context())
		if err == nil {
			_, err = tx.Exec(t.Context(), g.Out)
			tx.Rollback(t.Context())
		}
		if err != nil {
			t.Errorf("%s cannot be taken out: %v", g.Key, err)
		}
	}
}

// TestEveryGateIsMissed takes out each gate that a test comes to, one at a time, and
// reports those that nothing misses, and those that no test comes to. It takes
// hours; see docs/workflow-legal.md.
func TestEveryGateIsMissed(t *testing.T) {
	share := os.Getenv(envShare)
	if share == "" {
		t.Log("not asked for: set " + envShare)
		return
	}
	every, err := strconv.Atoi(share)
	if err != nil {
		every = 1
	}
	if os.Getenv(mutant.EnvSQL) != "" {
		t.Fatal("this run is itself a mutant")
	}
	changed, all, sql := ours(t)
	root, _ := filepath.Abs("../../..")
	s := &suite{root: root, dir: t.TempDir(), tests: cmp.Or(os.Getenv(envTests), ".")}
	if kept := os.Getenv(envDir); kept != "" {
		s.dir = kept
	}
	blind, err := s.blind()
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(changed, blind)
	if err := s.build(changed); err != nil {
		t.Fatal(err)
	}
	if err := s.survey(t.Context(), all, sql); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tests come to %d of %d gates", len(s.took), len(s.comes), len(all))
	s.all(t, all, every)
}

// all takes out the gates, one at a time, and counts by sort what became of them.
func (s *suite) all(t *testing.T, all []gate, every int) {
	known, err := s.known()
	if err != nil {
		t.Fatal(err)
	}
	why, err := reasons("testdata/equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for i, g := range all {
		if only := os.Getenv(envOnly); i%every != 0 || only != "" && !strings.Contains(only, g.Name[:1]) {
			continue
		}
		r, ok := known[g.Key]
		if !ok {
			if r, err = s.try(t.Context(), g, why[g.Key]); err != nil {
				t.Fatal(err)
			}
		}
		count[g.Name[:1]+" "+r.Outcome]++
		switch r.Outcome {
		case survived:
			t.Errorf("SURVIVED %s (%s; asked: %s)", g.Key, g.What, r.By)
		default:
			t.Logf("%s %s (%s) %s %s", r.Outcome, g.Key, g.What, r.By, r.Says)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%s: %d", k, count[k])
	}
}
