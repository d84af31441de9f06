package mutants

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lerd/internal/testkit"
	"lerd/internal/testkit/mutant"
)

// visit is what one test did while no gate was out: a line of survey.jsonl.
type visit struct {
	Test    string   // package and name
	Seconds float64  // that it took
	Passed  bool     // one that fails with every gate in place shows nothing
	Gates   []string // keys of those that stopped something, sorted
}

// survey runs every test once, each in a process of its own, and learns which gates
// each comes to. What an earlier run in the same folder learned is taken from there.
func (s *suite) survey(ctx context.Context, all []gate, sql string) error {
	notes, path := filepath.Join(s.dir, "notes.sql"), filepath.Join(s.dir, "survey.jsonl")
	if err := os.WriteFile(notes, []byte(sql), 0o600); err != nil {
		return err
	}
	known, err := testkit.JSONLines[visit](path)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, v := range known {
		done[v.Test] = true
	}
	tests, err := s.list(ctx)
	if err != nil {
		return err
	}
	key := map[string]string{}
	for _, g := range all {
		key[g.Name] = g.Key
	}
	for _, t := range tests {
		if done[t] {
			continue
		}
		v, err := s.visit(ctx, t, notes, key)
		if err == nil {
			err = addLine(path, v)
		}
		if err != nil {
			return err
		}
		known = append(known, v)
	}
	s.learn(known)
	return nil
}

// visit runs one test with every gate noted.
func (s *suite) visit(ctx context.Context, test, notes string, key map[string]string) (visit, error) {
	hits := filepath.Join(s.dir, "hits")
	if err := os.RemoveAll(hits); err != nil {
		return visit{}, err
	}
	began := time.Now()
	_, err := s.run(ctx, test, 4*time.Minute, mutant.EnvHits+"="+hits, mutant.EnvSQL+"="+notes)
	v := visit{Test: test, Seconds: time.Since(began).Seconds(), Passed: err == nil}
	if ctx.Err() != nil {
		return v, ctx.Err()
	}
	text, err := os.ReadFile(hits)
	if err != nil && !os.IsNotExist(err) {
		return v, err
	}
	for line := range strings.Lines(string(text)) {
		_, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		v.Gates = append(v.Gates, cmp.Or(key[name], name))
	}
	slices.Sort(v.Gates)
	v.Gates = slices.Compact(v.Gates)
	return v, nil
}

// learn puts the tests of each gate in order, the fastest first.
func (s *suite) learn(visits []visit) {
	s.comes, s.took = map[string][]string{}, map[string]time.Duration{}
	for _, v := range visits {
		if !v.Passed {
			continue
		}
		s.took[v.Test] = time.Duration(v.Seconds * float64(time.Second))
		for _, g := range v.Gates {
			s.comes[g] = append(s.comes[g], v.Test)
		}
	}
	for _, tests := range s.comes {
		slices.SortFunc(tests, func(a, b string) int { return cmp.Compare(s.took[a], s.took[b]) })
	}
}

// addLine appends a value to a file with one on each line.
func addLine(path string, x any) error {
	line, err := json.Marshal(x)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(append(line, '\n'))
	return err
}
