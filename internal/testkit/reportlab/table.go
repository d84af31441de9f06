package reportlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lerd/internal/transparency"
)

// table is a plain table with a row for each event.
type table struct {
	name  string
	whole bool // a row has all of its event, not only the columns that are grouped by
}

// The tables of a contest. Rows of events are as large as the log's entries; the lean
// ones are the least that the figures can be counted from.
var (
	leanRows  = table{"report_rows", false}
	wholeRows = table{"report_events", true}
)

// tables gives those of a contest.
func (c Contest) tables() []table {
	if c.Lean {
		return []table{leanRows}
	}
	return []table{leanRows, wholeRows}
}

// byKind and byCase are what is asked of all rows of the quarter that is reported on.
func (t table) byKind() string {
	return fmt.Sprintf(`SELECT kind, country, process, emergency, count(*) FROM %s WHERE at >= '2026-07-01' AND at < '2026-10-31' GROUP BY 1, 2, 3, 4`, t.name)
}

func (t table) byCase() string {
	return fmt.Sprintf(`SELECT country, outcome, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FROM (
		SELECT case_id, max(country) AS country, max(kind) FILTER (WHERE kind IN ('request.export', 'request.refuse', 'request.answered', 'request.withdraw', 'request.expire')) AS outcome,
			max(extract(epoch FROM at)) - min(extract(epoch FROM at)) AS took
		FROM %s WHERE at >= '2026-07-01' AND at < '2026-10-31' GROUP BY case_id) x GROUP BY 1, 2`, t.name)
}

func (t table) columns() []string {
	c := []string{"case_id", "kind", "at", "country", "process", "emergency"}
	if t.whole {
		c = append(c, "entry")
	}
	return c
}

// make makes the table anew.
func (t table) make(ctx context.Context, db *pgx.Conn) error {
	entry := ""
	if t.whole {
		entry = ", entry bytea"
	}
	_, err := db.Exec(ctx, fmt.Sprintf(`DROP TABLE IF EXISTS %[1]s; CREATE UNLOGGED TABLE %[1]s (case_id uuid, kind text, at timestamptz, country text, process text, emergency boolean%[2]s)`, t.name, entry))
	return err
}

// rows fills the tables, each on a connection of its own.
type rows struct {
	to   []*copying
	last struct{ of, country, process string }
}

func (c Contest) newRows(ctx context.Context) (*rows, error) {
	out := &rows{}
	for _, t := range c.tables() {
		db, err := pgx.Connect(ctx, c.URL)
		if err == nil {
			err = t.make(ctx, db)
		}
		if err != nil {
			return nil, errors.Join(err, out.done())
		}
		out.to = append(out.to, copyInto(ctx, db, t))
	}
	return out, nil
}

// add gives the rows of an event; those of a case have what it began with.
func (r *rows) add(e Event) error {
	var c transparency.Count
	if e.Opening != nil {
		if err := json.Unmarshal(e.Opening.Value, &c); err != nil {
			return err
		}
	}
	if c.Received != nil {
		r.last.of, r.last.country, r.last.process = e.Stream[len("request:"):], c.Received.Country, c.Received.Process
	}
	var of any
	if r.last.of != "" {
		of = r.last.of
	}
	row := []any{of, e.Kind, e.At, r.last.country, r.last.process, c.Received != nil && c.Received.Emergency, e.Entry}
	for _, to := range r.to {
		to.in <- row[:len(to.columns())]
	}
	return nil
}

func (r *rows) done() (err error) {
	for _, to := range r.to {
		close(to.in)
		err = errors.Join(err, <-to.end)
	}
	return err
}

// copying copies rows into a table.
type copying struct {
	table
	in  chan []any
	end chan error
	row []any
}

func copyInto(ctx context.Context, db *pgx.Conn, t table) *copying {
	c := &copying{table: t, in: make(chan []any, 4096), end: make(chan error, 1)}
	go func() {
		_, err := db.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns(), c)
		if err == nil {
			_, err = db.Exec(ctx, "VACUUM ANALYZE "+t.name)
		}
		for range c.in { // a copy that failed must not stop who writes
		}
		c.end <- errors.Join(err, db.Close(context.WithoutCancel(ctx)))
	}()
	return c
}

// Next, Values and Err are what CopyFrom reads.
func (c *copying) Next() bool {
	v, ok := <-c.in
	c.row = v
	return ok
}

// Values gives the row.
func (c *copying) Values() ([]any, error) { return c.row, nil }

// Err is never anything: rows are made in memory.
func (c *copying) Err() error { return nil }
