package tablerules

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Codes of SQLSTATE with which a rule of each sort refuses.
var refusal = map[string]string{Check: "23514", Key: "23505", Reference: "23503", Needed: "23502"}

// errTaken is of a row that a rule should have refused.
var errTaken = errors.New("it takes a row that it should refuse")

// alone takes everything out of the way of a rule that could refuse in its place:
// the table's triggers, and its other rules.
func (t table) alone(ctx context.Context, tx pgx.Tx, sort, name string) error {
	triggers := "ALL"
	if sort == Reference {
		triggers = "USER"
	}
	sql := fmt.Sprintf("ALTER TABLE %s DISABLE TRIGGER %s; ALTER TABLE %s DISABLE ROW LEVEL SECURITY;\n", t.Name, triggers, t.Name)
	for _, r := range t.Rules {
		inTheWay := r.Sort == Check || r.Sort == sort && sort != Needed || sort == Check || r.Sort == Needed && sort == Key
		if r.Drop == "" || !inTheWay || r.Sort == sort && r.Name == name {
			continue
		}
		sql += strings.Replace(r.Drop, "DROP CONSTRAINT ", "DROP CONSTRAINT IF EXISTS ", 1) + ";\n" // a reference goes with the key of its own table
	}
	_, err := tx.Exec(ctx, sql)
	return err
}

// prove asks the database whether a rule takes and refuses what it should. The
// transaction is as before afterwards.
func (t table) prove(ctx context.Context, tx pgx.Tx, r Rule) error {
	step, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	defer step.Rollback(ctx)
	if err := t.alone(ctx, step, r.Sort, r.Name); err != nil {
		return fmt.Errorf("%s: clearing its way: %w", r.ID(), err)
	}
	if r.Sort != Reference {
		if err := try(ctx, step, t.insert(r.Takes), r.Sort == Key); err != nil {
			return fmt.Errorf("%s: it refuses a row that it should take: %w", r.ID(), err)
		}
	}
	return r.refused(try(ctx, step, t.insert(r.Refuses), false))
}

// refused wants the rule's own refusal.
func (r Rule) refused(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w", r.ID(), errTaken)
	case !errors.As(err, &pg) || pg.Code != refusal[r.Sort] || r.Sort == Needed && pg.ColumnName != r.Name || r.Sort != Needed && pg.ConstraintName != r.Name:
		return fmt.Errorf("%s: something else refuses: %w", r.ID(), err)
	}
	return nil
}

// try runs a statement, and keeps what it did only if told so.
func try(ctx context.Context, tx pgx.Tx, sql string, keep bool) error {
	step, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	defer step.Rollback(ctx)
	if _, err := step.Exec(ctx, sql); err != nil {
		return err
	}
	if _, err := step.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return err
	}
	if keep {
		return step.Commit(ctx)
	}
	return nil
}

// missed takes a rule out by its statement and asks again: nil where the row goes
// through now, and so the proof fails.
func (t table) missed(ctx context.Context, tx pgx.Tx, r Rule, drop string) error {
	step, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	defer step.Rollback(ctx)
	if _, err := step.Exec(ctx, drop); err != nil {
		return fmt.Errorf("%s cannot be taken out: %w", r.ID(), err)
	}
	without := t
	without.Rules = nil
	for _, x := range t.Rules {
		if x.Sort != r.Sort || x.Name != r.Name {
			without.Rules = append(without.Rules, x)
		}
	}
	if err := without.prove(ctx, step, r); !errors.Is(err, errTaken) {
		return fmt.Errorf("SURVIVED %s: %w", r.ID(), err)
	}
	return nil
}
