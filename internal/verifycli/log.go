package verifycli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"lerd/internal/audit"
)

// LogCheck verifies a log without its database.
type LogCheck struct {
	Trust    audit.Trust
	Pin      string // file with a checkpoint obtained earlier or elsewhere; empty for none
	Resume   string // file with the checkpoint up to which the log was verified last; rewritten; empty for none
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
	if c.Resume != "" {
		since, err := ReadPin(c.Resume, c.Trust)
		switch {
		case err == nil:
			opts.Since = &since
		case !errors.Is(err, fs.ErrNotExist): // the first time there is none
			return err
		}
	}
	report, err := audit.VerifyLog(ctx, log, nil, c.Trust, opts)
	if err != nil {
		return Verdict(err, Found(err))
	}
	kept := "No checkpoint that you kept was compared (--pin), so an older state, or another history under the same key, would not show.\n"
	if report.Pinned > 0 {
		kept = fmt.Sprintf("%d checkpoints that you kept lie on its way\n", report.Pinned)
	}
	if _, err := fmt.Fprintf(c.Out, "VERIFIED\n%d entries, %d hash tiles, %d streams\n%s", report.Entries, report.Tiles, report.Streams, kept); err != nil {
		return err
	}
	if _, err := fmt.Fprint(c.Out, audit.Gaps(report.Gaps)); err != nil {
		return err
	}
	if report.InGap > 0 {
		if _, err := fmt.Fprintf(c.Out, "%d of the checkpoints that you kept lie in a gap: what they were signed over is lost, as the log says\n", report.InGap); err != nil {
			return err
		}
	}
	if report.Since > 0 {
		if _, err := fmt.Fprintf(c.Out, "%d of the entries were verified before and are under the same hashes still; %d causes of newer ones stand among them and were not looked up\n", report.Since, report.Earlier); err != nil {
			return err
		}
	}
	if c.Resume != "" {
		file := audit.FileKeeper{Path: c.Resume}
		old, err := file.Load()
		if err != nil {
			return err
		}
		if err := file.Replace(old, report.Checkpoint.Note); err != nil {
			return err
		}
	}
	if err := PrintClock(c.Out, report.SetBack); err != nil {
		return err
	}
	return PrintHead(c.Out, report.Checkpoint)
}

// Log is the command that verifies an exported log.
type Log struct {
	Dir    string `arg:"" help:"Folder with the exported log." type:"existingdir"`
	VKey   string `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
	Pin    string `help:"File with a checkpoint obtained earlier or elsewhere, of which the log must be a continuation." type:"path"`
	Resume string `help:"File with the checkpoint up to which you have verified the log before: only what is newer is recomputed. It is written where it is not there, and renewed." type:"path"`
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
	return LogCheck{Trust: trust, Pin: c.Pin, Resume: c.Resume, Out: out, Progress: progress}.Verify(ctx, audit.DirReader(c.Dir))
}
