package reportlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/audit"
	"lerd/internal/transparency"
	"lerd/internal/transparency/rulefile"
	"lerd/policies"
)

// Contest times a report against plain SQL aggregates over as many rows, one for
// each event, with the columns that they group by beside it and nothing else.
type Contest struct {
	Cases, Looks int
	Dir, URL     string
	Keep         bool // leave the table, so that a further contest in this folder only times
	Rounds       int  // of timing, whose medians count; 0: one
}

// Result is how long each took, the median of the rounds.
type Result struct {
	Cases               int
	Events              uint64
	Made, Fresh, Again  time.Duration // the log, the report without and with memory
	SQL                 time.Duration // counts by kind, country and process over all rows
	SQLByCase           time.Duration // the same figures as the report's largest table
	Reused, MemoryBytes int64
	FreshCPU, SQLCPU    time.Duration // processor time; of the SQL's by one process. 0 where it cannot be read
}

// String gives the result in lines.
func (r Result) String() string {
	return fmt.Sprintf("%d requests, %d events; log made in %v\nreport, reading everything: %v (%.0f events a second), %.2f × SQL, %.2f × SQL by request\nreport, %d segments remembered (%d bytes): %v, %.2f × SQL\nSQL aggregate over %d rows: %v; by request: %v\nprocessor time: report %v, SQL %v, ratio %.2f\n",
		r.Cases, r.Events, r.Made.Round(time.Millisecond), r.Fresh.Round(time.Millisecond), float64(r.Events)/r.Fresh.Seconds(), r.Fresh.Seconds()/r.SQL.Seconds(), r.Fresh.Seconds()/r.SQLByCase.Seconds(),
		r.Reused, r.MemoryBytes, r.Again.Round(time.Millisecond), r.Again.Seconds()/r.SQL.Seconds(), r.Events, r.SQL.Round(time.Millisecond), r.SQLByCase.Round(time.Millisecond),
		r.FreshCPU, r.SQLCPU, r.FreshCPU.Seconds()/r.SQLCPU.Seconds())
}

// The quarter that is reported on, and what is asked of all its rows.
const (
	sqlByKind = `SELECT kind, country, process, emergency, count(*) FROM report_rows WHERE at >= '2026-07-01' AND at < '2026-10-31' GROUP BY 1, 2, 3, 4`
	sqlByCase = `SELECT country, outcome, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FROM (
		SELECT case_id, max(country) AS country, max(kind) FILTER (WHERE kind IN ('request.export', 'request.refuse', 'request.answered', 'request.withdraw', 'request.expire')) AS outcome,
			max(extract(epoch FROM at)) - min(extract(epoch FROM at)) AS took
		FROM report_rows WHERE at >= '2026-07-01' AND at < '2026-10-31' GROUP BY case_id) x GROUP BY 1, 2`
)

// Run makes the log and the rows, unless an earlier run kept them, and times.
func (c Contest) Run(ctx context.Context) (r Result, err error) {
	r.Cases = c.Cases
	db, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return r, err
	}
	defer db.Close(ctx)
	if !c.Keep {
		defer db.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS report_rows")
	}
	began := time.Now()
	f, err := c.made(ctx, db)
	if err != nil {
		return r, err
	}
	r.Made, r.Events = time.Since(began), f.Events
	var fresh, again, kind, byCase, freshCPU, sqlCPU []time.Duration
	for range max(c.Rounds, 1) { // in turn, so that other work on the machine slows them alike
		for _, part := range []struct {
			took *[]time.Duration
			do   func() (time.Duration, error)
		}{
			{&fresh, func() (time.Duration, error) { return f.report(ctx, nil) }},
			{&freshCPU, func() (time.Duration, error) {
				return busy("self", func() error { _, err := f.report(ctx, nil); return err })
			}},
			{&sqlCPU, func() (time.Duration, error) { return alone(ctx, db, sqlByKind) }},
			{&kind, func() (time.Duration, error) { return timed(ctx, db, sqlByKind) }},
			{&again, func() (time.Duration, error) { return r.remembered(ctx, f) }},
			{&byCase, func() (time.Duration, error) { return timed(ctx, db, sqlByCase) }},
		} {
			took, err := part.do()
			if err != nil {
				return r, err
			}
			*part.took = append(*part.took, took)
		}
	}
	r.Fresh, r.Again, r.SQL, r.SQLByCase = median(fresh), median(again), median(kind), median(byCase)
	r.FreshCPU, r.SQLCPU = median(freshCPU), median(sqlCPU)
	return r, nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// remembered times a report that finds all full segments in a memory, which is
// filled before if it is empty.
func (r *Result) remembered(ctx context.Context, f Folder) (took time.Duration, err error) {
	memory := &transparency.Memory{Dir: filepath.Join(f.Dir, "counted")}
	if _, err := os.Stat(memory.Dir); err != nil {
		if _, err := f.report(ctx, memory); err != nil {
			return 0, err
		}
	}
	took, err = f.report(ctx, memory)
	r.Reused, r.MemoryBytes = int64(memory.Reused), sizeOf(memory.Dir)
	return took, err
}

// made gives the log, and sees to it that the table has a row for each event.
func (c Contest) made(ctx context.Context, db *pgx.Conn) (Folder, error) {
	if f, err := Open(c.Dir); err == nil {
		var n uint64
		if err := db.QueryRow(ctx, `SELECT count(*) FROM report_rows`).Scan(&n); err != nil || n != f.Events {
			return f, fmt.Errorf("the folder is not empty, and the table has %d rows for its %d events: %w", n, f.Events, err)
		}
		return f, nil
	}
	rows, err := newRows(ctx, db)
	if err != nil {
		return Folder{}, err
	}
	quarter := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	f, err := Write(c.Dir, Size{Cases: c.Cases, Looks: c.Looks, From: quarter, To: quarter.AddDate(0, 3, 0), Seed: 1, Each: rows.add})
	return f, errors.Join(err, rows.done())
}

// report collects and makes the report of the quarter.
func (f Folder) report(ctx context.Context, memory *transparency.Memory) (time.Duration, error) {
	rules, err := rulefile.Load(policies.FS)
	if err != nil {
		return 0, err
	}
	open, err := f.Openings()
	if err != nil {
		return 0, err
	}
	defer open.Close()
	openings := transparency.ReadOpenings(open)
	openings.Skip = true
	began := time.Now()
	b, err := transparency.Collect(ctx, transparency.Source{Log: audit.DirReader(f.LogDir()), Checkpoint: f.Checkpoint, Openings: openings, Memory: memory})
	if err != nil {
		return 0, err
	}
	r, err := b.Make(transparency.Order{Period: transparency.Period{Year: 2026, Quarter: 3}, Rules: rules,
		Log: transparency.LogHead{Origin: f.Checkpoint.Origin, Size: f.Checkpoint.Size, Root: f.Checkpoint.Root}})
	if err != nil {
		return 0, err
	}
	if n := r.Table("received_by_country").Cell(transparency.Everything, "total"); n == nil || *n == 0 {
		return 0, fmt.Errorf("the report counts nothing")
	}
	return time.Since(began), nil
}

// timed runs a query to its end.
func timed(ctx context.Context, db *pgx.Conn, query string) (time.Duration, error) {
	began := time.Now()
	rows, err := db.Query(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return time.Since(began), rows.Err()
}

func sizeOf(dir string) (n int64) {
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// sqlRows copies a row for each event into a plain table.
type sqlRows struct {
	ctx  context.Context
	in   chan []any
	end  chan error
	row  []any
	last struct{ of, country, process string }
}

func newRows(ctx context.Context, db *pgx.Conn) (*sqlRows, error) {
	_, err := db.Exec(ctx, `DROP TABLE IF EXISTS report_rows; CREATE UNLOGGED TABLE report_rows (case_id uuid, kind text, at timestamptz, country text, process text, emergency boolean)`)
	if err != nil {
		return nil, err
	}
	r := &sqlRows{ctx: ctx, in: make(chan []any, 4096), end: make(chan error, 1)}
	go func() {
		_, err := db.CopyFrom(ctx, pgx.Identifier{"report_rows"}, []string{"case_id", "kind", "at", "country", "process", "emergency"}, r)
		if err == nil {
			_, err = db.Exec(ctx, "VACUUM ANALYZE report_rows")
		}
		for range r.in { // a copy that failed must not stop who writes
		}
		r.end <- err
	}()
	return r, nil
}

// add gives the row of an event; those of a case have what it began with.
func (r *sqlRows) add(e Event) error {
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
	r.in <- []any{of, e.Kind, e.At, r.last.country, r.last.process, c.Received != nil && c.Received.Emergency}
	return nil
}

func (r *sqlRows) done() error {
	close(r.in)
	return <-r.end
}

// Next, Values and Err are what CopyFrom reads.
func (r *sqlRows) Next() bool {
	v, ok := <-r.in
	r.row = v
	return ok
}

// Values gives the row.
func (r *sqlRows) Values() ([]any, error) { return r.row, nil }

// Err is never anything: rows are made in memory.
func (r *sqlRows) Err() error { return nil }
