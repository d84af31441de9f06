package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/violations"
	"lerd/policies"
)

// findingsCmd brings findings of the moderation system, on the server.
type findingsCmd struct {
	Import   findingsImportCmd   `cmd:"" help:"Bring in a CSV file of findings; says what is wrong row by row, and takes the others."`
	Template findingsTemplateCmd `cmd:"" help:"Print a file with the heading and one invented row."`
}

type findingsTemplateCmd struct{}

// Run prints the template.
func (findingsTemplateCmd) Run() error {
	_, err := os.Stdout.Write(violations.Template())
	return err
}

type findingsImportCmd struct {
	keysSource
	File string `arg:"" help:"CSV file: reference,account_id,rule,evidence,appeal." type:"existingfile"`
}

// Run brings the file in.
func (c findingsImportCmd) Run(ctx context.Context) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	db, rules, cfg, done, err := c.ruled(ctx)
	if err != nil {
		return err
	}
	defer done()
	law, err := legal.Load(policies.FS)
	if err != nil {
		return err
	}
	source, err := openRecords(ctx, cfg)
	if err != nil {
		return err
	}
	defer source.Close()
	s := violations.New(violations.Config{Store: db, Imports: db, Access: rules, Law: law, Source: guarded(cfg, source, db, time.Now), Repeats: db, Now: time.Now})
	return bringFile(ctx, s, f, os.Stdout)
}

// bringFile brings a file in and prints what came of it; rows that were not taken
// are a fault of the command.
func bringFile(ctx context.Context, s *violations.Service, in io.Reader, out io.Writer) error {
	rows, faults, err := violations.ReadCSV(in)
	if err != nil {
		return err
	}
	im, err := s.Bring(identity.With(ctx, identity.SystemActor()), violations.Delivery{How: violations.ByFile, Rows: rows, Faults: faults})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rows: %d taken, %d known already, %d not taken.\n", im.Total, im.Accepted, im.Known, len(im.Faults))
	for _, x := range im.Faults {
		fmt.Fprintf(out, "row %d, %s: %s\n", x.Row, x.Field, x.Message)
	}
	if len(im.Faults) > 0 {
		return fault.New(fault.Invalid, "%d rows were not taken. Mend them and bring the same file once more.", len(im.Faults))
	}
	return nil
}
