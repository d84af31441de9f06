package tablerules

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit"
)

const triggersFile = "testdata/triggers.jsonl"

// TestEveryTriggerRefuses leaves each trigger alone with a table and takes the step
// against it that is on file. One function serves many tables: what shows that it
// refuses at one shows nothing of the others.
func TestEveryTriggerRefuses(t *testing.T) {
	c := connected(t)
	list, err := tables(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows[Trigger](t.Context(), c, triggersSQL)
	if err != nil {
		t.Fatal(err)
	}
	file, err := testkit.JSONLines[Trigger](triggersFile)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]Trigger{}
	for _, x := range file {
		known[x.ID()] = x
	}
	var got []Trigger
	silent := 0
	for _, x := range all {
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		on := named(list, x.Table)
		old, ok := known[x.ID()]
		if ok && old.Step != "" {
			x.Step = old.Step
			x.Says, err = on.says(t.Context(), tx, x.Name, x.Step)
		} else {
			x, err = on.shown(t.Context(), tx, x)
		}
		if err != nil {
			t.Error(err)
		}
		missed(t, tx, on, x)
		tx.Rollback(t.Context())
		got = append(got, x)
		if x.Step == "" {
			silent++
		}
	}
	if os.Getenv(envWrite) != "" {
		if err := write(triggersFile, got); err != nil {
			t.Fatal(err)
		}
		file = got
	}
	if d := cmp.Diff(file, got); d != "" {
		t.Errorf("triggers do not refuse as %s says (%s=write writes it):\n%s", triggersFile, envWrite, d)
	}
	t.Logf("%d triggers, %d of them refuse none of the simple steps", len(got), silent)
}

// missed takes the trigger away and wants its step to pass.
func missed(t *testing.T, tx pgx.Tx, on table, x Trigger) {
	t.Helper()
	if x.Step == "" {
		return
	}
	if says, err := on.says(t.Context(), tx, "", x.Step); err != nil || says != "" {
		t.Errorf("SURVIVED %s: without it %q is refused: %s %v", x.ID(), x.Step, says, err)
	}
}
