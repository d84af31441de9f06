package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"lerd/internal/export"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/store"
)

// bundleTraceCmd finds out for whom a leaked copy was sealed, and who fetched it.
type bundleTraceCmd struct {
	keysSource
	What string `arg:"" help:"A file or folder that turned up: an encrypted bundle, a container, an extracted CSV, JSON or PDF, or a mark or record id read off a page or picture."`
}

// Run prints what is known of each copy that was recognised.
func (c bundleTraceCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c bundleTraceCmd) run(ctx context.Context, out io.Writer) error {
	clues, err := c.clues()
	if err != nil {
		return err
	}
	s, ctx, done, err := c.cases(ctx)
	if err != nil {
		return err
	}
	defer done()
	found, err := s.Trace(ctx, clues)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fault.New(fault.NotFound, "Nothing in it is a mark or a digest of a bundle that left. A copy that was typed out without its record ids cannot be traced.")
	}
	for _, t := range found {
		printTraced(out, t)
	}
	return nil
}

// cases opens lerd's database as the application, and gives a context in which
// lerd acts.
func (c bundleTraceCmd) cases(ctx context.Context) (*requests.Service, context.Context, func(), error) {
	k, _, ctx, done, err := c.open(ctx)
	if err != nil {
		return nil, ctx, nil, err
	}
	db, ok := k.Store.(*store.Store)
	if !ok {
		done()
		return nil, ctx, nil, fault.New(fault.Internal, "the keys are not in lerd's database")
	}
	return requests.New(requests.Config{Store: db, After: db, Access: k.Access}), ctx, done, nil
}

// clues reads a file, or takes the argument for a mark or a record id.
func (c bundleTraceCmd) clues() (requests.Clues, error) {
	if _, err := os.Stat(c.What); err != nil {
		word := strings.ToUpper(strings.TrimSpace(c.What))
		word = word[strings.LastIndexByte(word, '-')+1:]
		// SPEC: Crockford's base 32 reads I and L as 1, and O as 0.
		word = strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(word)
		return requests.Clues{Marks: map[string]bool{word: true}}, nil
	}
	found, err := export.FindClues(c.What)
	return requests.Clues(found), err
}

func printTraced(out io.Writer, t requests.Traced) {
	stamp := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	fmt.Fprintf(out, "%s, copy %d, mark %s (recognised by its %s)\n", t.Release.Ref, t.Ordinal(), t.Mark, t.By)
	fmt.Fprintf(out, "  case      %s of %s\n", t.Case.Request.Ref, t.Case.Agency.Name)
	fmt.Fprintf(out, "  sealed    %s\n", stamp(t.Release.ExportedAt))
	for _, g := range t.Grants {
		fmt.Fprintf(out, "  granted   to %s (%s), grant %d, %s, %s\n", t.Case.Named(g.Officer), g.Officer, g.Ordinal, g.Reason, stamp(g.From))
	}
	for _, r := range t.Receipts {
		fmt.Fprintf(out, "  fetched   by %s, %s, %s, %d of %d octets\n", t.Case.Named(r.Officer), stamp(r.BegunAt), r.State, r.Bytes, r.Total)
	}
	if len(t.Receipts) == 0 {
		fmt.Fprintln(out, "  fetched   by nobody: look for it where the bundle is kept")
	}
}
