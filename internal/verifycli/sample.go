package verifycli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/oversight/sampling"
	"lerd/internal/transparency"
)

// Sample is the command that draws an audit sample again from an exported log, and
// compares it with what the log says was drawn.
type Sample struct {
	Dir  string `arg:"" help:"Folder with the exported log." type:"existingdir"`
	VKey string `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
	ID   string `name:"sample" help:"The sample's id." required:""`
	Open string `name:"openings" help:"File with the openings of closed facts, as lerd audit openings writes it." type:"path"`
	Note string `name:"seed-note" help:"The cosigned checkpoint whose cosignatures are part of the seed, where the plan asks for them." type:"path"`
	Witnesses
	Cases bool `help:"Print the drawn cases, one a line, with their groups."`
	Quiet bool `short:"q" help:"Print no progress."`
}

// Run draws the sample again and says whether it is the one on record.
func (c *Sample) Run() error { return c.Check(context.Background(), os.Stdout, os.Stderr) }

// Check is Run with its writers.
func (c *Sample) Check(ctx context.Context, out, progress io.Writer) error {
	return c.CheckLog(ctx, audit.DirReader(c.Dir), out, progress)
}

// CheckLog is Check over a log that lies elsewhere.
func (c *Sample) CheckLog(ctx context.Context, log audit.LogReader, out, progress io.Writer) error {
	trust, err := ReadTrust(c.VKey)
	if err != nil {
		return err
	}
	if c.Quiet {
		progress = io.Discard
	}
	if err := (LogCheck{Trust: trust, Out: io.Discard, Progress: progress}).Verify(ctx, log); err != nil {
		return err
	}
	in, err := c.input(ctx, log, trust)
	if err != nil {
		return err
	}
	report, err := sampling.Verify(ctx, in)
	var found *sampling.Finding
	if errors.As(err, &found) {
		found.Text += c.hint(found.Breach)
	}
	if err != nil {
		return Verdict(err, found != nil)
	}
	return c.print(out, report)
}

// hint says what is most often the reason of a finding that is none of the log's.
func (c *Sample) hint(b sampling.Breach) string {
	switch {
	case b == sampling.NoPlan:
		return " The id is the one in the command that the sample's page shows, and the log has to be one that was exported after the plan."
	case b == sampling.Unopened && c.Open == "":
		return " Give the file with --openings; the operator writes it with lerd audit openings."
	case b == sampling.Unopened:
		return " Were they written before this entry? The operator writes them anew with lerd audit openings."
	}
	return ""
}

func (c *Sample) input(ctx context.Context, log audit.LogReader, trust audit.Trust) (in sampling.Input, err error) {
	text, err := log.ReadCheckpoint(ctx)
	if err != nil {
		return in, err
	}
	head, err := audit.OpenCheckpoint(text, trust)
	if err != nil {
		return in, err
	}
	in = sampling.Input{Sample: c.ID, Size: head.Size, Root: func(ctx context.Context, size uint64) (audit.Hash, error) {
		return audit.RootOf(ctx, log, head.Size, size)
	},
		Records: func(ctx context.Context, f func(uint64, audit.Record) error) error {
			return c.records(ctx, log, head.Size, f)
		}}
	if in.Trust, err = c.Witnesses.Add(trust); err != nil {
		return in, err
	}
	if c.Note != "" {
		if in.Note, err = readFile(c.Note, audit.MaxNote); err != nil {
			return in, fault.Because(fault.Invalid, err, "The checkpoint of the seed cannot be read from %s.", c.Note)
		}
	}
	return in, nil
}

// records gives the log's records, opened by the openings that were given.
func (c *Sample) records(ctx context.Context, log audit.LogReader, size uint64, f func(uint64, audit.Record) error) error {
	openings, err := os.Open(cmp.Or(c.Open, os.DevNull))
	if err != nil {
		return fault.Because(fault.Invalid, err, "The openings cannot be read from %s.", c.Open)
	}
	defer openings.Close()
	lines := transparency.ReadOpenings(openings)
	return audit.Walk(ctx, log, size, func(i uint64, e audit.Entry) error {
		r, err := audit.ParseEntry(e)
		if err != nil {
			return err
		}
		list, err := lines.From(ctx, i, i+1)
		if err != nil {
			return &sampling.Finding{Breach: sampling.BadOpening, Text: err.Error()}
		}
		for _, o := range list {
			if err := r.Open(o.ValueOpening); o.Index != i || err != nil {
				return &sampling.Finding{Breach: sampling.BadOpening, Text: fmt.Sprintf("What is given to open entry %d does not open its facts.", o.Index)}
			}
		}
		return f(i, r)
	})
}

func (c *Sample) print(out io.Writer, r sampling.Report) error {
	p := r.Plan
	word := "VERIFIED: the sample on record is the one that its seed gives"
	switch {
	case r.Waits:
		word = "VERIFIED so far: the plan holds, and its seed is not there yet"
	case !r.Recorded:
		word = "VERIFIED so far: the plan holds, and the log has no draw yet; this is what its seed gives"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nPlan: event %s, entry %d; cases from %s to before %s, by %s\n", word, r.PlanEvent, r.PlanIndex, p.From.Format("2006-01-02"), p.To.Format("2006-01-02"), strings.Join(p.Strata, ", "))
	fmt.Fprintf(&b, "Population: %d cases at %d entries, SHA-256 %s\nSeed: the root over %d entries, %s\nDrawn: %d cases, SHA-256 %s\n", p.Population, p.Tree, p.Digest, p.Seed, r.Seed, len(r.Drawn), sampling.Digest(r.Drawn))
	if c.Cases {
		for _, m := range r.Drawn {
			fmt.Fprintf(&b, "%s %s\n", m.Case, m.Stratum)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
