package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/store"
	"lerd/internal/transparency"
	"lerd/internal/transparency/rulefile"
	"lerd/internal/verifycli"
	"lerd/policies"
)

// reportCmd makes the public figures of a period from the audit log alone.
// docs/transparency.md has the method.
type reportCmd struct {
	Make     reportMakeCmd     `cmd:"" default:"withargs" help:"Compute a report, sign it, and write its files."`
	Openings reportOpeningsCmd `cmd:"" help:"Write the openings of the counted values of a period, for a stranger who recomputes its report."`
	Propose  reportProposeCmd  `cmd:"" help:"Compute a report and put it before counsel, who publishes it in the portal."`
}

// reportPeriod says which period and how it is counted.
type reportPeriod struct {
	applicationSource
	Quarter string `help:"The quarter, e.g. 2026Q3." xor:"period" required:""`
	Year    string `help:"The year, e.g. 2026." xor:"period" required:""`
	Interim bool   `help:"Count what there is although the books are not closed: to look at, never to publish."`
	Fresh   bool   `help:"Read the whole log anew, and remember nothing."`
	Quiet   bool   `short:"q" help:"Print no progress."`
}

func (p reportPeriod) period() (transparency.Period, error) {
	out, err := transparency.ParsePeriod(p.Quarter + p.Year)
	if err == nil && (out.Quarter == 0) != (p.Quarter == "") {
		err = fault.New(fault.Invalid, "Give a quarter with --quarter, as 2026Q3, and a year with --year, as 2026.")
	}
	return out, err
}

// counted is a book of the whole log with what a report of the period is made by.
type counted struct {
	book  *transparency.Book
	order transparency.Order
	trust audit.Trust
}

// count reads the published log of the database.
func (p reportPeriod) count(ctx context.Context, db *store.Store, progress io.Writer) (c counted, err error) {
	if c.order.Period, err = p.period(); err != nil {
		return c, err
	}
	if c.trust, err = p.trust(); err != nil {
		return c, err
	}
	if c.order.Rules, err = rulefile.Load(policies.FS); err != nil {
		return c, err
	}
	log := db.AuditReader()
	note, err := log.ReadCheckpoint(ctx)
	if err != nil {
		return c, err
	}
	signed, err := audit.OpenCheckpoint(note, c.trust)
	if err != nil {
		return c, err
	}
	c.order.Log = transparency.LogHead{Origin: signed.Origin, Size: signed.Size, Root: signed.Root}
	show := verifycli.NewProgress(progress)
	src := transparency.Source{Log: log, Checkpoint: signed.Checkpoint, Openings: db.CountOpenings(), Trust: c.trust,
		Progress: func(done, total uint64) { show.Show("counting", int64(done), int64(total)) }}
	epochs, err := db.Epochs(ctx)
	if err != nil {
		return c, err
	}
	for _, e := range epochs {
		if e.Placed {
			src.Epochs = append(src.Epochs, e.EpochBegun)
		}
	}
	if !p.Fresh {
		src.Memory = &transparency.Memory{Dir: filepath.Join(p.Dir, "counted")}
	}
	if c.book, err = transparency.Collect(ctx, src); err != nil {
		return c, err
	}
	if err := p.close(&c); err != nil {
		return c, err
	}
	return c, nil
}

// close sees to it that the log reaches over the end of the books.
func (p reportPeriod) close(c *counted) error {
	cut := c.order.Period.CutOff(c.order.Rules.CutOffDays)
	switch {
	case p.Interim:
		c.order.CutOff = c.book.End().Add(time.Second).Truncate(time.Second)
	case c.book.End().Before(cut):
		return fault.New(fault.Gate, "The books of %s close on %s, and the log reaches to %s. Wait until then, or say --interim to look at what there is.",
			c.order.Period, cut.Format(time.DateOnly), c.book.End().Format("2006-01-02 15:04 UTC"))
	}
	return nil
}

type reportMakeCmd struct {
	reportPeriod
	Out    string `help:"Folder for the files." required:"" type:"path"`
	To     string `help:"Write the openings beside them as well, for the authority or institute that verifies; that it gets them is an event of the log."`
	Config string `help:"With --to: YAML file of the portal; see docs/operations.md." env:"LERD_CONFIG" type:"path"`
}

// Run computes, signs and writes.
func (c reportMakeCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout, os.Stderr) }

func (c reportMakeCmd) run(ctx context.Context, out, progress io.Writer) error {
	if c.Quiet {
		progress = io.Discard
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	made, err := c.count(ctx, db, progress)
	if err != nil {
		return err
	}
	r, err := made.book.Make(made.order)
	if err != nil {
		return err
	}
	if err := c.write(r, made.trust.Base(r.Log.Origin)); err != nil {
		return err
	}
	if c.To != "" {
		if err := c.give(ctx, db, made, c.Out, c.To, c.Config); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "Report of %s over %d entries, root %s, in %s.\nSHA-256 of report.json: %s\nWho verifies the signature needs the key in %s.\n%s",
		r.Period, r.Log.Size, r.Log.Root, c.Out, transparency.Digest(r.Encode()), filepath.Join(c.Dir, "keys", "report.vkey"), r.Missing())
	return err
}

// write signs the report and writes its files; log is the name of its first epoch.
func (c reportMakeCmd) write(r *transparency.Report, log string) error {
	signer, err := ensureReportKey(c.Dir, log)
	if err != nil {
		return err
	}
	seal, err := r.Seal(signer)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	files := r.Files()
	files[transparency.SealName] = seal
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(c.Out, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

type reportOpeningsCmd struct {
	reportPeriod
	Out    string `help:"Folder for the file." required:"" type:"path"`
	To     string `help:"The authority or institute that gets them; that it does is an event of the log." required:""`
	Config string `help:"YAML file of the portal; see docs/operations.md." env:"LERD_CONFIG" type:"path"`
}

// Run writes the openings.
func (c reportOpeningsCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout, os.Stderr) }

func (c reportOpeningsCmd) run(ctx context.Context, out, progress io.Writer) error {
	if c.Quiet {
		progress = io.Discard
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	made, err := c.count(ctx, db, progress)
	if err != nil {
		return err
	}
	if err := c.give(ctx, db, made, c.Out, c.To, c.Config); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Openings of %s in %s. They show country, process and outcome of single cases, without any person: give them to those who verify, and do not publish them.\n",
		made.order.Period, filepath.Join(c.Out, transparency.OpeningsName))
	return err
}
