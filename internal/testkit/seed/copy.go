package seed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"lerd/internal/change"
	"lerd/internal/store"
)

// batch is what one transaction copies in.
type batch struct {
	events, payloads [][]any
	openings         [][]any
	order            []string // of tables, as they were first written
	tables           map[string]*table
	rand             io.Reader
	requests         int
	outcomes         map[string]int
}

type table struct {
	columns []string
	rows    [][]any
	at      map[any]int // row by id: a later version takes the place of an earlier one
}

func newBatch(rand io.Reader) *batch {
	return &batch{tables: map[string]*table{}, rand: rand, outcomes: map[string]int{}}
}

// add plans a part as the store would write it.
func (b *batch) add(p change.Part) error {
	done, err := store.Plan(p, b.rand)
	if err != nil {
		return err
	}
	e := done.Event
	causes := make([]string, len(e.Causes))
	for i, c := range e.Causes {
		causes[i] = string(c)
	}
	b.events = append(b.events, []any{string(e.ID), e.Stream, e.Version, causes, e.Kind, done.Entry, e.At})
	b.payloads = append(b.payloads, []any{string(e.ID), done.Payload})
	for _, o := range done.Openings {
		b.openings = append(b.openings, []any{string(e.ID), o.Name, o.Salt[:], o.Value})
	}
	for _, r := range done.Rows {
		b.put(r.Table, r.Columns, r.Values)
	}
	return nil
}

// put adds a row, or puts it in the place of its earlier version.
func (b *batch) put(name string, columns []string, values []any) {
	t := b.tables[name]
	if t == nil {
		t = &table{columns: columns, at: map[any]int{}}
		b.tables[name], b.order = t, append(b.order, name)
	}
	if columns[0] == "id" {
		if i, ok := t.at[values[0]]; ok {
			t.rows[i] = values
			return
		}
		t.at[values[0]] = len(t.rows)
	}
	t.rows = append(t.rows, values)
}

// write copies a batch in.
func write(ctx context.Context, url string, b *batch) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
			return err
		}
		events := []string{"id", "stream", "version", "causes", "kind", "entry", "recorded_at"}
		if err := into(ctx, tx, pgx.Identifier{"audit", "event"}, events, b.events); err != nil {
			return err
		}
		if err := into(ctx, tx, pgx.Identifier{"audit", "payload"}, []string{"event_id", "body"}, b.payloads); err != nil {
			return err
		}
		if err := into(ctx, tx, pgx.Identifier{"audit", "opening"}, []string{"event_id", "name", "salt", "value"}, b.openings); err != nil {
			return err
		}
		for _, name := range b.order {
			t := b.tables[name]
			if err := into(ctx, tx, pgx.Identifier{name}, t.columns, t.rows); err != nil {
				return err
			}
		}
		return nil
	})
}

func into(ctx context.Context, tx pgx.Tx, name pgx.Identifier, columns []string, rows [][]any) error {
	_, err := tx.CopyFrom(ctx, name, columns, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("copy into %s: %w", name.Sanitize(), err)
	}
	return nil
}

// withoutTriggers runs f with all triggers off, and then puts each of them back
// into the very state in which it was.
func withoutTriggers(ctx context.Context, url string, f func() error) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	off, on, err := switches(ctx, conn)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, off); err != nil {
		return err
	}
	defer func() {
		_, back := conn.Exec(context.WithoutCancel(ctx), on)
		err = errors.Join(err, back)
	}()
	return f()
}

// switches gives the statements that switch every trigger off, and each back on
// as it was: always, or ordinarily.
func switches(ctx context.Context, conn *pgx.Conn) (off, on string, err error) {
	rows, err := conn.Query(ctx, `SELECT t.tgrelid::regclass::text, quote_ident(t.tgname), t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'audit') AND t.tgenabled <> 'D' ORDER BY 1, 2`)
	if err != nil {
		return "", "", err
	}
	defer rows.Close()
	var disable, enable strings.Builder
	for rows.Next() {
		var tab, name, how string
		if err := rows.Scan(&tab, &name, &how); err != nil {
			return "", "", err
		}
		fmt.Fprintf(&disable, "ALTER TABLE %s DISABLE TRIGGER %s;\n", tab, name)
		mode := map[string]string{"A": "ALWAYS ", "R": "REPLICA "}[how]
		fmt.Fprintf(&enable, "ALTER TABLE %s ENABLE %sTRIGGER %s;\n", tab, mode, name)
	}
	return disable.String(), enable.String(), rows.Err()
}
