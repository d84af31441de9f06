package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/jobs"
	"lerd/internal/oversight"
	"lerd/internal/store"
)

// auditLossCmd says how the log stands against what is kept outside the database.
type auditLossCmd struct {
	auditSource
	Config string `help:"The server's configuration file, whose keeper.folder and keeper.url are asked beside the data folder." env:"LERD_CONFIG" type:"path"`
}

// Run prints what is lost, who has acknowledged it and what is still needed. It
// fails while something is lost that the log does not go on without, and where that
// cannot be told.
func (c auditLossCmd) Run() error { return c.run(context.Background(), os.Getenv, os.Stdout) }

func (c auditLossCmd) run(ctx context.Context, env func(string) string, out io.Writer) error {
	trust, err := c.trust()
	if err != nil {
		return err
	}
	places, err := c.places(trust, env)
	if err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	s, err := standing(ctx, db, places)
	var wrong *audit.Violation
	if errors.As(err, &wrong) {
		return fmt.Errorf("UNCLEAR: nobody can acknowledge this: %w", err)
	}
	if err != nil {
		return err
	}
	return s.print(out, trust)
}

// places are those of the configuration; without one, the data folder alone.
func (c auditLossCmd) places(trust audit.Trust, env func(string) string) (audit.Places, error) {
	cfg := &config{Dir: c.Dir}
	if c.Config != "" {
		loaded, err := loadConfig(c.Config, env)
		if err != nil {
			return audit.Places{}, err
		}
		cfg = &loaded
	}
	return cfg.places(trust, time.Now), nil
}

// lossStanding is how the log stands against what is kept outside the database.
type lossStanding struct {
	loss    *audit.Loss // nil: nothing is lost that is not acknowledged
	words   []oversight.LossWord
	epochs  []audit.Epoch // which acknowledged losses began
	entries uint64
	places  int
}

// standing compares as the sequencer does, and changes nothing. A loss is looked
// for twice: what is signed between two looks is none.
func standing(ctx context.Context, db *store.Store, places audit.Places) (s lossStanding, err error) {
	s.places = len(places.List)
	finder := &jobs.Sequencer{Tiles: db.AuditSequence().Tiles(), Keeper: places, Trust: places.Trust, Epochs: db}
	for range 2 {
		if s.entries, err = db.AuditReader().Placed(ctx); err != nil {
			return s, err
		}
		if s.loss, err = finder.LossIn(ctx, s.entries); err != nil || s.loss == nil {
			break
		}
	}
	if err != nil {
		return s, err
	}
	if s.epochs, err = db.Epochs(ctx); err != nil || s.loss == nil {
		return s, err
	}
	s.words, err = db.Console().LossWords(identity.With(ctx, identity.SystemActor()), s.loss.Digest())
	return s, err
}

// print says how it stands. What is lost and not yet acknowledged is an error.
func (s lossStanding) print(out io.Writer, trust audit.Trust) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if s.loss == nil {
		fmt.Fprintf(w, "NOTHING LOST\n%d\tentries continue every checkpoint that is kept outside the database (places asked: %d)\n", s.entries, s.places)
	} else if err := s.lost(w, trust); err != nil {
		return err
	}
	for _, e := range s.epochs {
		state := "the log goes on under it"
		if !e.Placed {
			state = "acknowledged by two; it begins with the sequencer's next round"
		}
		fmt.Fprintf(w, "epoch %d\tbegan after %d entries under %s, %s: %s\n", e.Number, e.Size, e.Origin, e.At.UTC().Format(time.RFC3339), state)
	}
	if err := w.Flush(); err != nil || s.loss == nil {
		return err
	}
	return fault.New(fault.Conflict, "The log has lost entries. Needed still: %s, at %s, by passkey and with a reason.", s.needed(), oversight.PathOfLoss)
}

// lost says what two people would acknowledge, or one has.
func (s lossStanding) lost(w io.Writer, trust audit.Trust) error {
	l := s.loss
	fmt.Fprintf(w, "LOST\t%s: %s\n", l.Breach, l.Reason)
	fmt.Fprintf(w, "here\t%d entries, root %s, under %s\n", l.Tree.Size, l.Tree.Root, l.Tree.Origin)
	for _, k := range l.Kept {
		c, err := audit.OpenCheckpoint(k.Note, audit.Trust{Log: trust.Log})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "kept\t%d entries, root %s, under %s: in %s\n", c.Size, c.Root, c.Origin, k.Place)
		if c.Size > l.Tree.Size {
			fmt.Fprintf(w, "missing\tentries %d to %d\n", l.Tree.Size, c.Size-1)
		}
	}
	for _, k := range l.Agrees {
		fmt.Fprintf(w, "agrees\t%s\n", k.Place)
	}
	fmt.Fprintf(w, "goes on\tas epoch %d under %s\ndigest\t%s\n", l.Number, l.Origin, l.Digest())
	for _, said := range s.words {
		fmt.Fprintf(w, "said\tby %s (person %s), %s, event %s\n", said.Role, said.Person, said.At.UTC().Format(time.RFC3339), said.EventID)
	}
	return nil
}

// needed names the roles whose word is missing.
func (s lossStanding) needed() string {
	var need []string
	for _, role := range audit.LossRoles {
		if !slices.ContainsFunc(s.words, func(w oversight.LossWord) bool { return string(w.Role) == role }) {
			need = append(need, "the word of one "+role)
		}
	}
	return strings.Join(need, " and ")
}
