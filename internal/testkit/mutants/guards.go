// Package mutants takes out the gates of the product one at a time, and asks whether
// a test fails. Gates are of two sorts: conditions in Go after which a step of a case
// is refused, and what the database holds people to (exceptions in its functions,
// constraints of its tables). The catalogue of the schema would name
// every change of the second sort, and does not count: only a test that sees what
// the gate lets through does.
package mutants

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"lerd/internal/testkit/mutant"
)

// gate is one thing that can be taken out.
type gate struct {
	Name string // as sequences and notes of this run call it
	Key  string // where it is and what it says: the same in every run
	What string // where it stands now
	Out  string // statements that take it out, "" where a switch in Go does
}

const functions = `SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	JOIN pg_language l ON l.oid = p.prolang WHERE n.nspname IN ('public', 'audit') AND l.lanname = 'plpgsql' ORDER BY 1`

// raise is where a function refuses.
var raise = regexp.MustCompile(`(?i)RAISE EXCEPTION`)

// raises gives each refusal of the database's functions. Taken out, it says what it
// would have said to nobody.
func raises(ctx context.Context, c *pgx.Conn) (out []gate, err error) {
	list, err := pairs(ctx, c, functions)
	for _, f := range list {
		for i, at := range raise.FindAllStringIndex(f[1], -1) {
			said, _, _ := strings.Cut(f[1][at[1]:], "\n")
			out = append(out, gate{
				Name: fmt.Sprintf("r%d", len(out)), Key: fmt.Sprintf("%s, refusal %d:%s", f[0], i+1, said),
				Out: f[1][:at[0]] + "RAISE DEBUG" + f[1][at[1]:] + ";",
			})
		}
	}
	return out, err
}

// noting gives the functions with each refusal noted; gates are those of raises.
func noting(ctx context.Context, c *pgx.Conn) (string, error) {
	list, err := pairs(ctx, c, functions)
	var all strings.Builder
	n := 0
	for _, f := range list {
		noted := raise.ReplaceAllStringFunc(f[1], func(string) string {
			n++
			return fmt.Sprintf("PERFORM nextval('%s.r%d'); RAISE EXCEPTION", mutant.Schema, n-1)
		})
		if noted != f[1] {
			all.WriteString(noted + ";\n")
		}
	}
	return all.String(), err
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return s[:min(len(s), 120)]
}

func pairs(ctx context.Context, c *pgx.Conn, sql string) ([][2]string, error) {
	rows, err := c.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (x [2]string, err error) { err = r.Scan(&x[0], &x[1]); return x, err })
}

// notes makes every gate note what it stops.
func notes(ctx context.Context, c *pgx.Conn) (string, []gate, error) {
	var sql strings.Builder
	fmt.Fprintf(&sql, "CREATE SCHEMA %[1]s; GRANT USAGE ON SCHEMA %[1]s TO PUBLIC;\n", mutant.Schema)
	all, err := raises(ctx, c)
	if err != nil {
		return "", nil, err
	}
	for _, g := range all {
		fmt.Fprintf(&sql, "CREATE SEQUENCE %s.%s;\n", mutant.Schema, g.Name)
	}
	fmt.Fprintf(&sql, `GRANT ALL ON ALL SEQUENCES IN SCHEMA %[1]s TO PUBLIC;
`, mutant.Schema)
	functions, err := noting(ctx, c)
	sql.WriteString(functions)
	return sql.String(), all, err
}
