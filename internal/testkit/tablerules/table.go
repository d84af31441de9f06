package tablerules

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// column is a column of a table.
type column struct {
	Name, Type string
	Empty      bool // it may be NULL
}

// table is a table with its rules as the database has them now.
type table struct {
	Name    string // schema and name, quoted where it has to be
	Columns []column
	Rules   []found
}

// found is a rule in the database.
type found struct {
	Sort, Name string
	Drop       string   // the statement that takes it out, "" where another rule needs it
	Expr       string   // of a condition; of a key, which rows it is about
	Columns    []string // of a condition or reference
	Self       bool     // a reference to the same table
}

const tablesSQL = `SELECT c.oid::regclass::text, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p') AND c.relname <> 'goose_db_version' ORDER BY 1`

const columnsSQL = `SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull FROM pg_attribute a
	WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = '' ORDER BY a.attnum`

// A key that stands by a constraint goes with it; references to it go too.
const rulesSQL = `
	SELECT CASE c.contype WHEN 'c' THEN 'check' ELSE 'reference' END, c.conname, format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname),
	       coalesce(pg_get_expr(c.conbin, c.conrelid), ''), (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)), c.confrelid = c.conrelid
	FROM pg_constraint c WHERE c.conrelid = $1 AND c.contype IN ('c', 'f')
	UNION ALL
	SELECT 'key', x.relname, CASE WHEN c.conname IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass) ELSE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', c.conrelid::regclass, c.conname) END,
	       coalesce(pg_get_expr(i.indpred, i.indrelid), ''), (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)), false
	FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('u', 'p', 'x')
	WHERE i.indrelid = $1 AND i.indisunique
	UNION ALL
	SELECT 'needed', a.attname, CASE WHEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = $1 AND i.indisprimary AND a.attnum = ANY (i.indkey)) THEN ''
	       ELSE format('ALTER TABLE %s ALTER %I DROP NOT NULL', a.attrelid::regclass, a.attname) END, '', ARRAY[a.attname::text], false
	FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attgenerated = '' AND a.attidentity = ''
	ORDER BY 1, 2`

// tables reads every table with its rules.
func tables(ctx context.Context, c *pgx.Conn) (out []table, err error) {
	type named struct {
		Name string
		OID  uint32
	}
	list, err := rows[named](ctx, c, tablesSQL)
	for _, n := range list {
		t := table{Name: n.Name}
		if t.Columns, err = rows[column](ctx, c, columnsSQL, n.OID); err != nil {
			return nil, err
		}
		if t.Rules, err = rows[found](ctx, c, rulesSQL, n.OID); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, err
}

func rows[T any](ctx context.Context, c *pgx.Conn, sql string, args ...any) ([]T, error) {
	r, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(r, pgx.RowToStructByPos[T])
}

// same is the UUID that every column of that type has: rows refer to each other, and
// belong to one agency and one person.
const same = "00000000-0000-4000-8000-0000000000aa"

// ordinary is what a column of a type has where a rule does not ask for more.
var ordinary = map[string]string{"uuid": same, "text": "", "timestamp with time zone": "2026-11-02 09:00:00+00", "timestamp without time zone": "2026-11-02 09:00:00",
	"date": "2026-11-02", "bigint": "1", "integer": "1", "smallint": "1", "boolean": "false", "bytea": `\x00`, "inet": "192.0.2.1", "jsonb": "{}", "xid8": "1", "uuid[]": "{}"}

// insert is the statement that adds a row with values in some of its columns.
func (t table) insert(v Values) string {
	var names, values []string
	for _, c := range t.Columns {
		names = append(names, pgx.Identifier{c.Name}.Sanitize())
		text, given := v[c.Name]
		if !given {
			x := ordinary[c.Type]
			text = &x
		}
		values = append(values, literal(text, c.Type))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.Name, strings.Join(names, ", "), strings.Join(values, ", "))
}

func literal(text *string, kind string) string {
	if text == nil {
		return "NULL::" + kind
	}
	return "'" + strings.ReplaceAll(*text, "'", "''") + "'::" + kind
}

func (t table) column(name string) column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return column{}
}

// named gives the table of a name.
func named(list []table, name string) table {
	for _, t := range list {
		if t.Name == name {
			return t
		}
	}
	return table{}
}
