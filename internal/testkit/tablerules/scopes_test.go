package tablerules

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

const scopesFile = "testdata/scopes.txt"

// stripped gives the tables under row-level security with nothing else in the way, in
// a transaction that is undone.
func stripped(t *testing.T) (*pgx.Conn, pgx.Tx, []table) {
	t.Helper()
	c := connected(t)
	list, err := tables(t.Context(), c)
	if err == nil {
		list, err = guarded(t.Context(), c, list)
	}
	if err != nil {
		t.Fatal(err)
	}
	tx, err := c.Begin(t.Context())
	if err == nil {
		err = bare(t.Context(), tx, list)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, tx, list
}

// TestWhoSeesWhat asks for every table and every scope whether row-level security
// alone lets it see, add and change a row, its own and another's. The file says what
// is meant; whoever changes a policy changes it with it, and is read.
func TestWhoSeesWhat(t *testing.T) {
	_, tx, list := stripped(t)
	var got []line
	for _, x := range list {
		lines, err := x.lines(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, lines...)
	}
	if os.Getenv(envWrite) != "" {
		if err := writeLines(scopesFile, got); err != nil {
			t.Fatal(err)
		}
	}
	want, err := readLines(scopesFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("who sees what is not as %s says (%s=write writes it):\n%s", scopesFile, envWrite, d)
	}
	if len(got) < 100 {
		t.Errorf("only %d kinds of rows", len(got))
	}
}

// TestEveryPolicyIsMissed opens each policy, takes it away, and takes row-level security
// off each table: somebody must do more or less than the file says.
func TestEveryPolicyIsMissed(t *testing.T) {
	c, tx, list := stripped(t)
	want, why := said(t, scopesFile), said(t, "testdata/equivalent.txt")
	all, err := rows[opened](t.Context(), c, openedSQL)
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]table{}
	for _, x := range list {
		table[x.Name] = x
	}
	missed := 0
	for _, o := range all {
		step, err := tx.Begin(t.Context())
		if err == nil {
			_, err = step.Exec(t.Context(), o.SQL)
		}
		if err != nil {
			t.Fatalf("%s on %s: %v", o.Name, o.Table, err)
		}
		lines, err := table[o.Table].lines(t.Context(), step)
		step.Rollback(t.Context())
		if err != nil {
			t.Fatalf("%s on %s: %v", o.Name, o.Table, err)
		}
		same := true
		for _, l := range lines {
			same = same && want[l.Of] == l.Says
		}
		key := o.Name + " on " + o.Table
		switch {
		case same && why[key] == "":
			t.Errorf("SURVIVED %s", key)
		case !same && why[key] != "":
			t.Errorf("%s is on file as one that changes nothing, and is missed", key)
		case !same:
			missed++
		}
	}
	t.Logf("%d of %d are missed, %d change nothing", missed, len(all), len(why))
	if len(all) < 400 {
		t.Errorf("only %d", len(all))
	}
}

// said reads a file of lines by what they are about.
func said(t *testing.T, path string) map[string]string {
	t.Helper()
	list, err := readLines(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range list {
		out[l.Of] = l.Says
	}
	return out
}
