package tablerules

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"lerd/internal/testkit"
)

// effectsFile has steps for triggers that refuse nothing simple and are at work in no
// line of the refusals: their function serves another table there, or they refuse
// nothing and do something, which the step then looks for.
const effectsFile = "testdata/effects.jsonl"

// Effect is a line of that file. With the trigger the step ends with an exception.
type Effect struct {
	Table, Trigger string
	Given          []string `json:",omitempty"`
	Step           string
}

// TestEveryTriggerIsMissed stops each trigger that refuses none of the simple steps:
// a step that ended with an exception passes then.
func TestEveryTriggerIsMissed(t *testing.T) {
	c := connected(t)
	list, err := tables(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	line, silent := effects(t)
	if err := world(t.Context(), c, list); err != nil {
		t.Fatal(err)
	}
	for _, x := range silent {
		r, ok := line[x.ID()]
		if !ok {
			t.Errorf("trigger %s has no line in %s or %s: %s=write looks for one", x.ID(), effectsFile, refusalsFile, envWrite)
			continue
		}
		err := r.asks(t.Context(), c, nil, nil)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || !raised.MatchString(pg.Where) {
			t.Errorf("trigger %s does not stop its step: %v", x.ID(), err)
		}
		r.Trigger = ""
		if err := r.asks(t.Context(), c, nil, nil); err != nil {
			t.Errorf("SURVIVED trigger %s: without it the step is refused: %v", x.ID(), err)
		}
	}
	t.Logf("%d triggers that refuse no simple step are missed", len(silent))
}

// effects gives the steps by the triggers that they are of, and the triggers that
// need one. Where it is asked for, it seeks those that are missing.
func effects(t *testing.T) (line map[string]Refusal, silent []Trigger) {
	t.Helper()
	triggers, err1 := testkit.JSONLines[Trigger](triggersFile)
	refusals, err2 := testkit.JSONLines[Refusal](refusalsFile)
	file, err3 := testkit.JSONLines[Effect](effectsFile)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	line = map[string]Refusal{}
	for _, r := range refusals {
		line[r.Table+" "+r.Trigger] = r
	}
	for _, x := range file {
		line[x.Table+" "+x.Trigger] = Refusal{Table: x.Table, Trigger: x.Trigger, Given: x.Given, Step: x.Step}
	}
	var missing []Trigger
	for _, x := range triggers {
		if x.Step == "" {
			silent = append(silent, x)
			if _, ok := line[x.ID()]; !ok {
				missing = append(missing, x)
			}
		}
	}
	if os.Getenv(envWrite) == "" || len(missing) == 0 {
		return line, silent
	}
	for _, r := range effectsOf(t, missing) {
		line[r.Table+" "+r.Trigger] = r
		file = append(file, Effect{Table: r.Table, Trigger: r.Trigger, Given: r.Given, Step: r.Step})
	}
	slices.SortFunc(file, func(a, b Effect) int { return cmp.Compare(a.Table+" "+a.Trigger, b.Table+" "+b.Trigger) })
	if err := write(effectsFile, file); err != nil {
		t.Fatal(err)
	}
	return line, silent
}

// effectsOf seeks a step that any refusal of a trigger's function stops.
func effectsOf(t *testing.T, triggers []Trigger) (out []Refusal) {
	t.Helper()
	c := connected(t)
	all, err := rows[function](t.Context(), c, functionsSQL)
	if err != nil {
		t.Fatal(err)
	}
	s := seeking(t, all)
	for _, x := range triggers {
		x.Does += "()"
		wanted := map[string]bool{}
		for _, f := range closure(all, x.Does) {
			for _, r := range f.refusals() {
				wanted[r.ID()] = true
			}
		}
		found, err := s.seek(t.Context(), x, wanted)
		if err != nil {
			t.Fatal(err)
		}
		var best Refusal
		for _, r := range found {
			if best.Step == "" || len(r.Given)+len(r.Step) < len(best.Given)+len(best.Step) || len(r.Given)+len(r.Step) == len(best.Given)+len(best.Step) && r.Step < best.Step {
				best = r
			}
		}
		if best.Step != "" {
			out = append(out, best)
		}
	}
	return out
}
