package main

import (
	"context"
	"io"
	"os"

	"lerd/internal/verifycli"
)

// auditSampleCmd draws a sample again from a published or exported log.
type auditSampleCmd struct {
	Log  string `help:"The log's web address or its exported folder." required:""`
	VKey string `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
	ID   string `name:"sample" help:"The sample's id." required:""`
	Open string `name:"openings" help:"File with the openings of closed facts, as lerd audit openings writes it." type:"path"`
	Note string `name:"seed-note" help:"The cosigned checkpoint whose cosignatures are part of the seed, where the plan asks for them." type:"path"`
	verifycli.Witnesses
	Cases bool `help:"Print the drawn cases, one a line, with their groups."`
	Quiet bool `short:"q" help:"Print no progress."`
}

// Run draws the sample again and says whether it is the one on record.
func (c auditSampleCmd) Run() error { return c.run(context.Background(), os.Stdout, os.Stderr) }

func (c auditSampleCmd) run(ctx context.Context, out, progress io.Writer) error {
	v := verifycli.Sample{VKey: c.VKey, ID: c.ID, Open: c.Open, Note: c.Note, Witnesses: c.Witnesses, Cases: c.Cases, Quiet: c.Quiet}
	return v.CheckLog(ctx, logAt(c.Log), out, progress)
}
