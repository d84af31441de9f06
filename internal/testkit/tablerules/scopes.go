package tablerules

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// scopes are for whom a transaction can work; "nobody" has said nothing.
var scopes = []string{"nobody", "officer", "agency_admin", "reviewer", "counsel", "confirmer", "approver", "registrar", "administrator", "auditor", "system"}

// reader is the role that reads everything and writes nothing, whatever the scope.
const reader = "lerd_auditor"

// variants are rows of which others may be seen than of ordinary ones.
var variants = map[string][]Values{
	"error_report":        {of("serious", "true")},
	"loss_word":           {of("role", "counsel"), of("role", "auditor")},
	"recall":              {of("state", "confirmed")},
	"request":             {of("state", "awaiting_cosignature"), of("state", "redrafted")},
	"transparency_report": {of("state", "published")},
	"user_notice":         {{"error_id": nil}},
}

func of(column, value string) Values { return Values{column: &value} }

// line is what each scope does with a kind of row: "reviewer=ru" sees and changes it,
// "officer=ru/-" only that of the own agency or person, "counsel=i" adds one that it
// does not see. Who is not named does nothing.
//
//	r  sees it
//	i  adds one
//	u  changes it, also without seeing it
//	e  reaches it for a change, which is refused then: others find nothing to change
type line struct{ Of, Says string }

// guarded gives the tables under row-level security.
func guarded(ctx context.Context, c *pgx.Conn, list []table) (out []table, err error) {
	type named struct{ Name string }
	under, err := rows[named](ctx, c, `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity AND n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p')`)
	for _, t := range list {
		if slices.Contains(under, named{t.Name}) {
			out = append(out, t)
		}
	}
	return out, err
}

// bare leaves nothing but row-level security between a scope and the rows: rights
// are given, other rules and triggers go, and each table has one row. It is undone
// with the transaction.
func bare(ctx context.Context, tx pgx.Tx, list []table) error {
	for _, t := range list {
		sql := fmt.Sprintf("ALTER TABLE %[1]s DISABLE TRIGGER ALL; GRANT ALL ON %[1]s TO lerd_app, "+reader+";\n", t.Name)
		for _, r := range t.Rules {
			if r.Sort == Check {
				sql += r.Drop + ";\n"
			}
		}
		if _, err := tx.Exec(ctx, sql+t.insert(nil)); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

// lines tells for a table and each variant of its rows who does what.
func (t table) lines(ctx context.Context, tx pgx.Tx) (out []line, err error) {
	for _, v := range append([]Values{nil}, variants[t.Name]...) {
		step, err := tx.Begin(ctx)
		if err != nil {
			return nil, err
		}
		l := line{Of: t.Name}
		for column, value := range v {
			l.Of = fmt.Sprintf("%s, %s %s", t.Name, column, literal(value, "text"))
		}
		l.Of = strings.TrimSuffix(l.Of, "::text")
		_, err = step.Exec(ctx, "DELETE FROM "+t.Name+"; "+t.insert(v))
		if err == nil {
			l.Says, err = t.who(ctx, step, v)
		}
		step.Rollback(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Of, err)
		}
		out = append(out, l)
	}
	return out, nil
}

// who asks for every scope, once as the one whose row it is and once as another.
func (t table) who(ctx context.Context, tx pgx.Tx, v Values) (string, error) {
	var says []string
	for _, scope := range append(slices.Clone(scopes), reader) {
		var does [2]string
		for i, whose := range []string{same, "00000000-0000-4000-8000-0000000000cc"} {
			var err error
			if does[i], err = t.does(ctx, tx, scope, whose, v); err != nil {
				return "", err
			}
		}
		switch {
		case does[0] == "-" && does[1] == "-":
		case does[0] == does[1]:
			says = append(says, scope+"="+does[0])
		default:
			says = append(says, scope+"="+does[0]+"/"+does[1])
		}
	}
	return strings.Join(says, " "), nil
}

// does tells what one scope of one agency and person does with the row.
func (t table) does(ctx context.Context, tx pgx.Tx, scope, whose string, v Values) (string, error) {
	step, err := tx.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer step.Rollback(ctx)
	role := "lerd_app"
	if scope == reader {
		role = reader
	}
	if scope == "nobody" || scope == reader {
		scope = ""
	}
	if _, err := step.Exec(ctx, fmt.Sprintf("SET LOCAL ROLE %s; SELECT set_config('lerd.scope', '%s', true), set_config('lerd.agency', '%[3]s', true), set_config('lerd.person', '%[3]s', true)", role, scope, whose)); err != nil {
		return "", err
	}
	last, out := t.Columns[len(t.Columns)-1], ""
	value := ordinary[last.Type]
	for _, x := range []struct{ passes, refused, sql string }{
		{"r", "", "SELECT FROM " + t.Name},
		{"i", "", t.insert(v)},
		{"u", "e", fmt.Sprintf("UPDATE %s SET %s = %s", t.Name, pgx.Identifier{last.Name}.Sanitize(), literal(&value, last.Type))},
	} {
		passes, refused, err := passes(ctx, step, x.sql)
		switch {
		case err != nil:
			return "", err
		case passes:
			out += x.passes
		case refused:
			out += x.refused
		}
	}
	if out == "" {
		out = "-"
	}
	return out, nil
}

// passes tells whether row-level security lets a statement do something, or refuses
// it. A key that refuses the second of two equal rows comes after it.
func passes(ctx context.Context, tx pgx.Tx, sql string) (passes, refused bool, err error) {
	step, err := tx.Begin(ctx)
	if err != nil {
		return false, false, err
	}
	defer step.Rollback(ctx)
	tag, err := step.Exec(ctx, sql)
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return tag.RowsAffected() > 0, false, nil
	case errors.As(err, &pg) && pg.Code == "42501" && strings.Contains(pg.Message, "row-level security"):
		return false, true, nil
	case errors.As(err, &pg) && pg.Code == "23505":
		return true, false, nil
	}
	return false, false, err
}

// opened is a policy with one of its conditions replaced by "true".
type opened struct{ Table, Name, SQL string }

const openedSQL = `SELECT c.oid::regclass::text, p.polname || x.what, format('ALTER POLICY %I ON %s ' || x.sql, p.polname, c.oid::regclass)
	FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid CROSS JOIN (VALUES (' using', 'USING (true)'), (' with check', 'WITH CHECK (true)')) AS x(what, sql)
	WHERE CASE x.what WHEN ' using' THEN p.polqual IS NOT NULL AND pg_get_expr(p.polqual, p.polrelid) <> 'true' ELSE p.polwithcheck IS NOT NULL AND pg_get_expr(p.polwithcheck, p.polrelid) <> 'true' END
	UNION ALL SELECT c.oid::regclass::text, 'row-level security as a whole', format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', c.oid::regclass)
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity AND n.nspname IN ('public', 'audit')
	UNION ALL SELECT c.oid::regclass::text, p.polname || ' gone', format('DROP POLICY %I ON %s', p.polname, c.oid::regclass) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
	ORDER BY 1, 2`

// readLines and writeLines keep who does what, a line each.
func readLines(path string) ([]line, error) {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var out []line
	for l := range strings.Lines(string(text)) {
		if of, says, ok := strings.Cut(strings.TrimSuffix(l, "\n"), ": "); ok {
			out = append(out, line{of, says})
		}
	}
	return out, nil
}

func writeLines(path string, list []line) error {
	var out strings.Builder
	for _, l := range list {
		out.WriteString(l.Of + ": " + l.Says + "\n")
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}
