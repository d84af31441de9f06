package reportlab

import (
	"context"
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
// each event, which have the columns that they group by: once with all of the event
// beside them, and once with nothing else.
type Contest struct {
	Cases, Looks int
	Dir, URL     string
	Lean         bool // without the rows of whole events, which are as large as the log: what is left is the harder to beat
	Keep         bool // leave the table, so that a further contest in this folder only times
	Rounds       int  // of timing, whose medians count; 0: one
}

// Result is how long each took, the median of the rounds.
type Result struct {
	Cases               int
	Events              uint64
	Made, Fresh, Again  time.Duration // the log, the report without and with memory
	SQL                 time.Duration // counts by kind, country and process over all rows of events
	SQLLean             time.Duration // the same over rows of nothing but what is grouped by
	SQLLeanByCase       time.Duration // the same figures as the report's largest table
	Reused, MemoryBytes int64
	FreshCPU, SQLCPU    time.Duration // processor time; of the SQL's over lean rows by one process. 0 where it cannot be read
}

// String gives the result in lines.
func (r Result) String() string {
	ms := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	over := func(took, of time.Duration) string {
		if of == 0 {
			return "(not timed)"
		}
		return fmt.Sprintf("%.2f", took.Seconds()/of.Seconds())
	}
	return fmt.Sprintf("%d requests, %d events; log made in %v\n", r.Cases, r.Events, ms(r.Made)) +
		fmt.Sprintf("SQL aggregate over rows of events: %v; over lean rows: %v, by request: %v\n", ms(r.SQL), ms(r.SQLLean), ms(r.SQLLeanByCase)) +
		fmt.Sprintf("report, reading everything: %v (%.0f events a second): %s × SQL; %s × over lean rows, %s by request\n",
			ms(r.Fresh), float64(r.Events)/r.Fresh.Seconds(), over(r.Fresh, r.SQL), over(r.Fresh, r.SQLLean), over(r.Fresh, r.SQLLeanByCase)) +
		fmt.Sprintf("report, %d segments remembered (%d bytes): %v: %s × SQL; %s × over lean rows\n",
			r.Reused, r.MemoryBytes, ms(r.Again), over(r.Again, r.SQL), over(r.Again, r.SQLLean)) +
		fmt.Sprintf("processor time: report %v, SQL over lean rows %v, ratio %s\n", r.FreshCPU, r.SQLCPU, over(r.FreshCPU, r.SQLCPU))
}

// Run makes the log and the rows, unless an earlier run kept them, and times.
func (c Contest) Run(ctx context.Context) (r Result, err error) {
	r.Cases = c.Cases
	db, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return r, err
	}
	defer db.Close(ctx)
	if !c.Keep {
		defer db.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS report_rows, report_events")
	}
	began := time.Now()
	f, err := c.made(ctx, db)
	if err != nil {
		return r, err
	}
	r.Made, r.Events = time.Since(began), f.Events
	var fresh, again, whole, lean, byCase, freshCPU, sqlCPU []time.Duration
	for range max(c.Rounds, 1) { // in turn, so that other work on the machine slows them alike
		for _, part := range []struct {
			took *[]time.Duration
			do   func() (time.Duration, error)
		}{
			{&fresh, func() (time.Duration, error) { return f.report(ctx, nil) }},
			{&freshCPU, func() (time.Duration, error) {
				return busy("self", func() error { _, err := f.report(ctx, nil); return err })
			}},
			{&sqlCPU, func() (time.Duration, error) { return alone(ctx, db, leanRows.byKind()) }},
			{&lean, func() (time.Duration, error) { return timed(ctx, db, leanRows.byKind()) }},
			{&whole, func() (time.Duration, error) { return c.timedWhole(ctx, db) }},
			{&again, func() (time.Duration, error) { return r.remembered(ctx, f) }},
			{&byCase, func() (time.Duration, error) { return timed(ctx, db, leanRows.byCase()) }},
		} {
			took, err := part.do()
			if err != nil {
				return r, err
			}
			*part.took = append(*part.took, took)
		}
	}
	r.Fresh, r.Again, r.FreshCPU = median(fresh), median(again), median(freshCPU)
	r.SQL, r.SQLLean, r.SQLLeanByCase, r.SQLCPU = median(whole), median(lean), median(byCase), median(sqlCPU)
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

// made gives the log, and sees to it that the tables have a row for each event.
func (c Contest) made(ctx context.Context, db *pgx.Conn) (Folder, error) {
	if f, err := Open(c.Dir); err == nil {
		for _, t := range c.tables() {
			var n uint64
			if err := db.QueryRow(ctx, `SELECT count(*) FROM `+t.name).Scan(&n); err != nil || n != f.Events {
				return f, fmt.Errorf("the folder is not empty, and %s has %d rows for its %d events: %w", t.name, n, f.Events, err)
			}
		}
		return f, nil
	}
	into, err := c.newRows(ctx)
	if err != nil {
		return Folder{}, err
	}
	quarter := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	f, err := Write(c.Dir, Size{Cases: c.Cases, Looks: c.Looks, From: quarter, To: quarter.AddDate(0, 3, 0), Seed: 1, Each: into.add})
	return f, errors.Join(err, into.done())
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

// timedWhole is 0 where there are no such rows.
func (c Contest) timedWhole(ctx context.Context, db *pgx.Conn) (time.Duration, error) {
	if c.Lean {
		return 0, nil
	}
	return timed(ctx, db, wholeRows.byKind())
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
