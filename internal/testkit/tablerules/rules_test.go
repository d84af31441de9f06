package tablerules

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit"
)

// envWrite asks for lines for rules that have none, to be read before they are kept.
const envWrite = "LERD_TABLE_RULES"

const file = "testdata/rules.jsonl"

// connected gives the superuser's session on a database of the test's own.
func connected(t *testing.T) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), testkit.Postgres(t).Superuser)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// onFile gives a database, its tables, and the rules that are on file.
func onFile(t *testing.T) (*pgx.Conn, []table, []Rule) {
	t.Helper()
	c := connected(t)
	list, err := tables(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := testkit.JSONLines[Rule](file)
	if err != nil {
		t.Fatal(err)
	}
	return c, list, rules
}

// TestEveryRuleOfATableRefuses shows each rule a row that it takes and one that it
// refuses, with nothing else there to refuse in its place.
func TestEveryRuleOfATableRefuses(t *testing.T) {
	c, list, rules := onFile(t)
	if os.Getenv(envWrite) != "" {
		rules = written(t, c, list, rules)
	}
	missing, gone := differ(list, rules)
	for _, id := range missing {
		t.Errorf("%s has no line in %s: %s=write go test ./internal/testkit/tablerules, and read what it wrote", id, file, envWrite)
	}
	for _, id := range gone {
		t.Errorf("%s is on file and not in the database: %s=write takes it off", id, envWrite)
	}
	count := map[string]int{}
	each(t, c, list, rules, func(tx pgx.Tx, x table, r Rule, _ found) {
		count[r.Sort]++
		if err := x.prove(t.Context(), tx, r); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%v", count)
	if count[Check] < 400 || count[Key] < 200 || count[Reference] < 200 || count[Needed] < 1000 {
		t.Errorf("too few: %v", count)
	}
}

// TestEveryRuleOfATableIsMissed takes out each rule and wants its proof to fail.
func TestEveryRuleOfATableIsMissed(t *testing.T) {
	c, list, rules := onFile(t)
	killed, fixed := map[string]int{}, 0
	each(t, c, list, rules, func(tx pgx.Tx, x table, r Rule, f found) {
		if f.Drop == "" { // of a primary key, which goes as a whole
			fixed++
			return
		}
		if err := x.missed(t.Context(), tx, r, f.Drop); err != nil {
			t.Error(err)
			return
		}
		killed[r.Sort]++
	})
	t.Logf("missed: %v; %d columns are needed by their primary key", killed, fixed)
}

// each gives every rule on file with its table, in one transaction that is undone.
func each(t *testing.T, c *pgx.Conn, list []table, rules []Rule, do func(pgx.Tx, table, Rule, found)) {
	t.Helper()
	line := map[string]Rule{}
	for _, r := range rules {
		line[r.ID()] = r
	}
	for _, x := range list {
		tx, err := c.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range x.Rules {
			if r, ok := line[Rule{Sort: f.Sort, Table: x.Name, Name: f.Name}.ID()]; ok {
				do(tx, x, r, f)
			}
		}
		tx.Rollback(t.Context())
	}
}

// written adds lines for rules without one and takes off those without a rule.
func written(t *testing.T, c *pgx.Conn, list []table, rules []Rule) []Rule {
	t.Helper()
	line := map[string]Rule{}
	for _, r := range rules {
		line[r.ID()] = r
	}
	var out []Rule
	for _, x := range list {
		for _, f := range x.Rules {
			r, ok := line[Rule{Sort: f.Sort, Table: x.Name, Name: f.Name}.ID()]
			var err error
			if !ok {
				r, err = x.propose(t.Context(), c, f)
			}
			if err != nil {
				t.Error(strings.TrimSpace(err.Error()))
				continue
			}
			out = append(out, r)
		}
	}
	if err := write(file, out); err != nil {
		t.Fatal(err)
	}
	return out
}
