package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"lerd/internal/audit"
	"lerd/internal/store"
)

// progressLine rewrites one line, at most five times a second.
type progressLine struct {
	out  io.Writer
	last time.Time
}

func newProgress(out io.Writer) *progressLine { return &progressLine{out: out} }

func (p *progressLine) show(what string, done, n int64) {
	if done != n && time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last = time.Now()
	end := "\r"
	if done == n {
		end = "\n"
	}
	if n > 0 {
		fmt.Fprintf(p.out, "%s: %d of %d (%d %%)  %s", what, done, n, done*100/n, end)
		return
	}
	fmt.Fprintf(p.out, "%s: %d  %s", what, done, end)
}

// printReport says what was looked at: a verdict is worth as much as that.
func printReport(out io.Writer, r store.AuditReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERIFIED")
	line := func(n any, what string) { fmt.Fprintf(w, "%v\t%s\n", n, what) }
	line(r.Guards, "guards of the database are in force")
	line(r.Entries, "entries: hash, canonical form, columns, opened values, order within their streams")
	line(r.Tiles, "full hash tiles recomputed")
	line(r.Checkpoints, "published checkpoints: signature and recomputed root")
	line(r.Pending, "events recorded a moment ago, which get their place with the next checkpoint")
	line(r.Rows, "rows of case data are what the log says, and none is missing")
	if err := w.Flush(); err != nil {
		return err
	}
	if !r.Kept {
		if _, err := fmt.Fprintln(out, "Not compared: the last signed checkpoint outside the database. A rollback to an older state would look the same."); err != nil {
			return err
		}
	}
	return printHead(out, r.Log)
}

// printLog is the report on a log without its database.
func printLog(out io.Writer, r audit.Report) error {
	_, err := fmt.Fprintf(out, "VERIFIED\n%d entries, %d hash tiles, %d streams, %d earlier checkpoints\n", r.Entries, r.Tiles, r.Streams, r.Pinned)
	if err != nil {
		return err
	}
	return printHead(out, r)
}

func printHead(out io.Writer, r audit.Report) error {
	if r.Checkpoint.Origin == "" {
		_, err := fmt.Fprintln(out, "The log has no checkpoint yet.")
		return err
	}
	_, err := fmt.Fprintf(out, "Log %s, size %d, root %s\n", r.Checkpoint.Origin, r.Checkpoint.Size, r.Checkpoint.Root)
	return err
}
