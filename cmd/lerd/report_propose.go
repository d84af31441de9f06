package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
)

type reportProposeCmd struct {
	reportPeriod
	Config string `help:"YAML file of the portal; see docs/operations.md." env:"LERD_CONFIG" type:"path"`
	Why    string `help:"Why a further edition is needed: method, late_event or rules. Needed where one of the period is published." enum:",method,late_event,rules" default:""`
}

// Run computes the report and puts it before counsel.
func (c reportProposeCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout, os.Stderr) }

func (c reportProposeCmd) run(ctx context.Context, out, progress io.Writer) error {
	if c.Quiet {
		progress = io.Discard
	}
	cfg, err := loadConfig(c.Config, os.Getenv)
	if err != nil {
		return err
	}
	cfg.Dir = c.Dir
	db, _, done, err := keysSource{Config: c.Config, Dir: c.Dir}.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	s, err := c.publisher(ctx, cfg, db)
	if err != nil {
		return err
	}
	made, err := c.count(ctx, db, progress)
	if err != nil {
		return err
	}
	r, err := propose(identity.With(ctx, identity.SystemActor()), proposing{s, made, c.Dir, c.Why})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Edition %d of %s waits for counsel. SHA-256 of report.json: %s\n", r.Edition, r.Period, r.Digest)
	return err
}

type proposing struct {
	service *publishing.Service
	made    counted
	dir     string
	why     string
}

// propose makes the next edition of the period.
func propose(ctx context.Context, p proposing) (publishing.Report, error) {
	o := p.made.order
	o.Edition = 1
	last, err := p.service.PublicOne(ctx, o.Period.String(), 0)
	switch {
	case err == nil:
		if p.why == "" {
			return last, fault.New(fault.Invalid, "Edition %d of %s is published. Say with --why what is wrong with it.", last.Edition, last.Period)
		}
		o.Edition, o.Digest, o.Why = last.Edition+1, last.Digest, p.why
		if o.Before, err = p.service.Figures(ctx, last); err != nil {
			return last, err
		}
	case fault.KindOf(err) != fault.NotFound:
		return last, err
	}
	if err := p.addsUp(ctx); err != nil {
		return publishing.Report{}, err
	}
	r, err := p.made.book.Make(o)
	if err != nil {
		return publishing.Report{}, err
	}
	signer, err := ensureReportKey(p.dir, p.made.trust.Base(r.Log.Origin))
	if err != nil {
		return publishing.Report{}, err
	}
	seal, err := r.Seal(signer)
	if err != nil {
		return publishing.Report{}, err
	}
	return p.service.Propose(ctx, publishing.Proposal{Report: r, Seal: seal})
}

// addsUp refuses a year that would say, less its published quarters, what one of these
// withholds: for example because an event of it was recorded late.
func (p proposing) addsUp(ctx context.Context) error {
	o := p.made.order
	if o.Period.Quarter != 0 {
		return nil
	}
	for _, q := range o.Period.Quarters() {
		r, err := p.service.PublicOne(ctx, q.String(), 0)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		figures, err := p.service.Figures(ctx, r)
		if err != nil {
			return err
		}
		switch table, err := p.made.book.Unlike(o, figures); {
		case err != nil:
			return err
		case table != "":
			return fault.New(fault.Gate, "Counted now, %s of %s is not what was published: the year, less its published quarters, would show single cases. It cannot be published.", table, q)
		}
	}
	return nil
}

// reportVKey gives the verifier key of the public reports, which the portal publishes.
func reportVKey(dir, log string) (string, error) {
	if _, err := ensureReportKey(dir, log); err != nil {
		return "", err
	}
	vkey, err := os.ReadFile(filepath.Join(dir, "keys", "report.vkey"))
	return firstLine(string(vkey)), err
}

// ensureReportKey reads the key that signs reports, keys/report.key, or makes it
// together with keys/report.vkey, which is to be handed out.
func ensureReportKey(dir, log string) (note.Signer, error) {
	return ensureKey(dir, "report", transparency.KeyName(log))
}
