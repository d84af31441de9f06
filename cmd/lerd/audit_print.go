package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"lerd/internal/audit"
	"lerd/internal/store"
	"lerd/internal/verifycli"
)

// printReport says what was looked at: a verdict is worth as much as that.
func printReport(out io.Writer, r store.AuditReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERIFIED")
	line := func(n any, what string) { fmt.Fprintf(w, "%v\t%s\n", n, what) }
	line(r.Guards, "guards of the database are in force")
	if r.Rules > 0 {
		line(r.Rules, "rules that the database itself holds are as lerd installed them")
	}
	line(r.Entries, "entries: hash, canonical form, columns, opened values, order within their streams")
	line(r.Tiles, "full hash tiles recomputed")
	line(r.Checkpoints, "published checkpoints: signature and recomputed root")
	if r.Erased > 0 {
		line(r.Erased, "of these entries can no longer be opened: erased, as the log says, when their time was over")
	}
	line(r.Pending, "events recorded a moment ago, which get their place with the next checkpoint")
	line(r.Rows, "rows of case data are what the log says, and none is missing")
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Evaluation {
		if _, err := fmt.Fprintln(out, "EVALUATION: this database says that it is an evaluation's. People and steps count in it without passkeys, so what was said of auditors is not compared. If it is meant to be in use, its owner has changed lerd_evaluation()."); err != nil {
			return err
		}
	}
	if !r.Kept {
		if _, err := fmt.Fprintln(out, "Not compared: the last signed checkpoint outside the database. A rollback to an older state would look the same."); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(out, audit.Gaps(r.Log.Gaps)); err != nil {
		return err
	}
	if err := printDoubtful(out, r.Doubtful); err != nil {
		return err
	}
	if err := verifycli.PrintClock(out, r.SetBack); err != nil {
		return err
	}
	return verifycli.PrintHead(out, r.Log.Checkpoint)
}

// casesShown is how many cases of a gap are listed.
const casesShown = 100

// printDoubtful says of which cases steps may be missing.
func printDoubtful(out io.Writer, gaps []store.GapCases) error {
	for _, g := range gaps {
		if _, err := fmt.Fprintf(out, "%d cases were open when the entries before epoch %d were lost: steps of these may be missing.\n", len(g.Cases), g.Epoch); err != nil {
			return err
		}
		for i, id := range g.Cases {
			if i == casesShown {
				_, err := fmt.Fprintf(out, "  … and %d more\n", len(g.Cases)-casesShown)
				return err
			}
			if _, err := fmt.Fprintf(out, "  case %s\n", id); err != nil {
				return err
			}
		}
	}
	return nil
}
