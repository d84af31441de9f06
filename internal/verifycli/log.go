package verifycli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"lerd/internal/audit"
)

// LogCheck verifies a log without its database.
type LogCheck struct {
	Trust    audit.Trust
	Pin      string // file with a checkpoint obtained earlier or elsewhere; empty for none
	Out      io.Writer
	Progress io.Writer // io.Discard for none
}

// Verify recomputes the log and prints what was checked. The error is a
// Verdict, or of kind fault.Invalid where the pin is no checkpoint of the log.
func (c LogCheck) Verify(ctx context.Context, log audit.LogReader) error {
	show := NewProgress(c.Progress)
	opts := audit.VerifyOptions{Now: time.Now, Progress: func(p audit.Progress) { show.Show("verifying", int64(p.Done), int64(p.Size)) }}
	if c.Pin != "" {
		pin, err := ReadPin(c.Pin, c.Trust)
		if err != nil {
			return err
		}
		opts.Pinned = []audit.Checkpoint{pin}
	}
	report, err := audit.VerifyLog(ctx, log, nil, c.Trust, opts)
	if err != nil {
		return Verdict(err, Found(err))
	}
	if _, err := fmt.Fprintf(c.Out, "VERIFIED\n%d entries, %d hash tiles, %d streams, %d earlier checkpoints\n",
		report.Entries, report.Tiles, report.Streams, report.Pinned); err != nil {
		return err
	}
	return PrintHead(c.Out, report.Checkpoint)
}

// Log is the command that verifies an exported log.
type Log struct {
	Dir  string `arg:"" help:"Folder with the exported log." type:"existingdir"`
	VKey string `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
	Pin  string `help:"File with a checkpoint obtained earlier or elsewhere, of which the log must be a continuation." type:"path"`
	Witnesses
	Quiet bool `short:"q" help:"Print no progress."`
}

// Run verifies, prints what was checked, and fails with the first thing that
// differs.
func (c *Log) Run() error { return c.Check(context.Background(), os.Stdout, os.Stderr) }

// Check is Run with its writers.
func (c *Log) Check(ctx context.Context, out, progress io.Writer) error {
	trust, err := ReadTrust(c.VKey)
	if err != nil {
		return err
	}
	if trust, err = c.Witnesses.Add(trust); err != nil {
		return err
	}
	if c.Quiet {
		progress = io.Discard
	}
	return LogCheck{Trust: trust, Pin: c.Pin, Out: out, Progress: progress}.Verify(ctx, audit.DirReader(c.Dir))
}
