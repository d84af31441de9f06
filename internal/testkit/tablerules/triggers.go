package tablerules

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Trigger is a line of the file of triggers: a trigger of a table, and the simplest
// thing that it refuses while it is the only rule there.
type Trigger struct {
	Table, Name string
	Does        string // the function that it calls
	Step        string `json:",omitempty"` // one of steps; "" where none of them is refused
	Says        string `json:",omitempty"` // what it says then, numbers and ids left out
}

// ID names a trigger.
func (x Trigger) ID() string { return x.Table + " " + x.Name }

const triggersSQL = `SELECT g.tgrelid::regclass::text, g.tgname, g.tgfoid::regproc::text, '', '' FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE NOT g.tgisinternal AND n.nspname IN ('public', 'audit') AND c.relkind IN ('r', 'p') ORDER BY 1, 2`

// steps are what is tried against a trigger, in this order.
var steps = []string{"add", "touch", "rewrite", "remove", "clear"}

// statement is a step in SQL.
func (t table) statement(step string) string {
	switch step {
	case "add":
		return t.insert(nil)
	case "remove":
		return "DELETE FROM " + t.Name
	case "clear":
		return "TRUNCATE " + t.Name + " CASCADE"
	}
	var set []string
	for _, c := range t.Columns {
		name := pgx.Identifier{c.Name}.Sanitize()
		to := map[string]string{"text": name + " || 'x'", "bigint": name + " + 1", "integer": name + " + 1", "smallint": name + " + 1", "boolean": "NOT " + name,
			"uuid": "'00000000-0000-4000-8000-0000000000bb'", "timestamp with time zone": name + " + interval '1 day'"}[c.Type]
		if step == "touch" || to == "" {
			to = name
		}
		set = append(set, name+" = "+to)
	}
	return fmt.Sprintf("UPDATE %s SET %s", t.Name, strings.Join(set, ", "))
}

// only leaves a trigger and nothing else between anybody and a table with one row.
// Without a name it leaves nothing.
func (t table) only(ctx context.Context, tx pgx.Tx, trigger string) error {
	sql := fmt.Sprintf("ALTER TABLE %s DISABLE TRIGGER ALL;\n", t.Name)
	for _, r := range t.Rules {
		if r.Drop != "" {
			sql += strings.Replace(r.Drop, "DROP CONSTRAINT ", "DROP CONSTRAINT IF EXISTS ", 1) + ";\n"
		}
	}
	sql += t.insert(nil) + ";\n"
	if trigger != "" {
		sql += fmt.Sprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s;\n", t.Name, pgx.Identifier{trigger}.Sanitize())
	}
	_, err := tx.Exec(ctx, sql)
	return err
}

// says gives what a trigger answers to a step, "" where it lets it pass.
func (t table) says(ctx context.Context, tx pgx.Tx, trigger, step string) (string, error) {
	sub, err := tx.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer sub.Rollback(ctx)
	if err := t.only(ctx, sub, trigger); err != nil {
		return "", fmt.Errorf("%s %s: clearing its way: %w", t.Name, trigger, err)
	}
	err = try(ctx, sub, t.statement(step), false)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && strings.Contains(pg.Where, " at RAISE") {
		return varying.ReplaceAllString(pg.Message, "*"), nil
	}
	return "", nil // it passes, or fails of something that is no refusal
}

// varying is what differs from run to run, or from row to row.
var varying = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d+`)

// shown finds the first step that a trigger refuses.
func (t table) shown(ctx context.Context, tx pgx.Tx, x Trigger) (Trigger, error) {
	x.Step, x.Says = "", ""
	for _, step := range steps {
		says, err := t.says(ctx, tx, x.Name, step)
		if err != nil {
			return x, err
		}
		if says != "" {
			x.Step, x.Says = step, says
			break
		}
	}
	return x, nil
}
