package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lerd/internal/audit"
	"lerd/internal/store"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
)

// auditOpeningsCmd writes what opens the closed facts of the log, for who draws a
// sample again without lerd's database.
type auditOpeningsCmd struct {
	applicationSource
	Out    string `help:"The file." required:"" type:"path"`
	To     string `help:"The auditor, authority or institute that gets them; that it does is an event of the log." required:""`
	Config string `help:"YAML file of the portal; see docs/operations.md." env:"LERD_CONFIG" type:"path"`
}

// Run writes the openings of what is published.
func (c auditOpeningsCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c auditOpeningsCmd) run(ctx context.Context, out io.Writer) error {
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	trust, err := c.trust()
	if err != nil {
		return err
	}
	note, err := db.AuditReader().ReadCheckpoint(ctx)
	if err != nil {
		return err
	}
	signed, err := audit.OpenCheckpoint(note, trust)
	if err != nil {
		return err
	}
	head := transparency.LogHead{Origin: signed.Origin, Size: signed.Size, Root: signed.Root}
	var n int
	err = c.give(ctx, handing{dir: filepath.Dir(c.Out), name: filepath.Base(c.Out), config: c.Config, about: publishing.Handing{Log: head, To: c.To},
		write: func(f io.Writer) (_ int, err error) { n, err = writeFacts(ctx, f, db, head.Size); return n, err }})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The openings of %d of the log's %d entries, those that have closed facts, are in %s. They show country, process and urgency of single cases, without any person: give them to those who verify, and do not publish them.\n",
		n, head.Size, c.Out)
	return err
}

// writeFacts writes the openings of the closed facts of the first size entries.
func writeFacts(ctx context.Context, f io.Writer, db *store.Store, size uint64) (n int, err error) {
	w := bufio.NewWriter(f)
	for first := uint64(0); first < size; first += openingsAtOnce {
		list, err := db.FactOpenings().From(ctx, first, min(first+openingsAtOnce, size))
		if err != nil {
			return n, err
		}
		for _, o := range list {
			if _, err := w.Write(o.Line()); err != nil {
				return n, err
			}
		}
		n += len(list)
	}
	return n, w.Flush()
}
