package mutants

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit"
	"lerd/internal/testkit/mutant"
)

// The variables with which somebody asks for the long run. LERD_MUTANTS takes "all",
// or a number: one gate in so many. LERD_MUTANTS_ONLY takes the beginning of names:
// g (Go), r (refusals of the database), c (its constraints).
const (
	envShare = "LERD_MUTANTS"
	envOnly  = "LERD_MUTANTS_ONLY"
	envDir   = "LERD_MUTANTS_DIR"   // a folder that is kept, with the survey in it, for a run in parts
	envTests = "LERD_MUTANTS_TESTS" // a pattern; default: what does not need a browser
)

// packages are those whose gates in Go are taken out.
var packages = []string{"internal/requests", "internal/violations", "internal/processes", "internal/fraud"}

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
	t.Logf("%d conditions in Go, %d refusals and %d constraints of the database", count['g'], count['r'], count['c'])
	if len(changed) < 20 || count['g'] < 100 || count['r'] < 300 || count['c'] < 200 {
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
			t.Errorf("%s cannot be taken out: %v", g.What, err)
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
	s := &suite{root: root, dir: t.TempDir(), tests: os.Getenv(envTests)}
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
	if err := s.survey(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tests come to %d of %d gates", len(s.took), len(s.comes), len(all))
	s.all(t, all, every)
}

// all takes out the gates, two at a time.
func (s *suite) all(t *testing.T, all []gate, every int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	killed, tried, unreached := 0, 0, 0
	turn := make(chan struct{}, 2)
	for i, g := range all {
		if i%every != 0 || !strings.Contains("grc", g.Name[:1]) || os.Getenv(envOnly) != "" && !strings.Contains(os.Getenv(envOnly), g.Name[:1]) {
			continue
		}
		if len(s.comes[g.Name]) == 0 {
			unreached++
			t.Logf("UNREACHED %s %s", g.Name, g.What)
			continue
		}
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			by, err := s.killer(t.Context(), g)
			mu.Lock()
			defer mu.Unlock()
			tried++
			switch {
			case err != nil:
				t.Errorf("%v", err)
			case by == "":
				t.Errorf("SURVIVED %s %s (asked: %s)", g.Name, g.What, strings.Join(s.comes[g.Name], " "))
			default:
				killed++
				t.Logf("killed %s by %s: %s", g.Name, by, g.What)
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d gates are missed by a test; no test of this run comes to %d more", killed, tried, unreached)
}
