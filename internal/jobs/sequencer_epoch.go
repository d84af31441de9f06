package jobs

import (
	"context"
	"errors"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// Epochs gives the epochs that two people's acknowledgement of a loss has begun.
type Epochs interface {
	// Epochs gives them in their order.
	Epochs(ctx context.Context) ([]audit.Epoch, error)
}

type epochs []audit.Epoch

func (s *Sequencer) begun(ctx context.Context) (epochs, error) {
	if s.Epochs == nil {
		return nil, nil
	}
	return s.Epochs.Epochs(ctx)
}

// next is the epoch that is to begin, nil if none is.
func (e epochs) next() *audit.Epoch {
	if n := len(e); n > 0 && !e[n-1].Placed {
		return &e[n-1]
	}
	return nil
}

// placed gives the epochs after the last one has begun.
func (e epochs) placed(last audit.Epoch) epochs {
	last.Placed = true
	return append(append(epochs{}, e[:len(e)-1]...), last)
}

// list is what has begun by the log's own entries.
func (e epochs) list() (out []audit.EpochBegun) {
	for _, x := range e {
		if x.Placed {
			out = append(out, x.EpochBegun)
		}
	}
	return out
}

// number is the epoch that the log's entries have reached.
func (e epochs) number() int64 {
	if begun := e.list(); len(begun) > 0 {
		return begun[len(begun)-1].Number
	}
	return 1
}

func (e epochs) origin(base string) string { return audit.EpochOrigin(base, e.number()) }

// beginEpoch gives the first entry of an epoch its place, and then everything
// that waits for one. It is refused unless what is lost now is exactly what was
// acknowledged.
func (s *Sequencer) beginEpoch(ctx context.Context, session LogSession, begun epochs, next audit.Epoch) error {
	placed, _, err := session.Head(ctx)
	if err != nil {
		return err
	}
	loss, err := s.loss(ctx, placed, begun)
	if err != nil {
		return err
	}
	if !loss.Named(next.EpochBegun) {
		return &audit.Violation{Breach: audit.BadEpoch, Index: placed, Reason: "the database says that a loss was acknowledged, and what is lost now is another one, or nothing"}
	}
	state, err := s.load(ctx, placed)
	if err != nil {
		return err
	}
	first := []audit.Pending{{ID: next.Event, Hash: next.Hash}}
	if state, err = s.place(ctx, session, state, first); err != nil {
		return err
	}
	// The words on the loss wait for their places like everything that was recorded
	// since; the epoch's first checkpoint covers them.
	for {
		pending, err := session.Pending(ctx, s.batch())
		if err != nil {
			return err
		}
		events, _ := audit.Order(pending)
		if len(events) == 0 {
			return nil
		}
		if state, err = s.place(ctx, session, state, events); err != nil {
			return err
		}
	}
}

// place makes a round's places durable.
func (s *Sequencer) place(ctx context.Context, session LogSession, at audit.TreeState, events []audit.Pending) (audit.TreeState, error) {
	state, tiles, err := audit.Grow(at, hashes(events))
	if err != nil {
		return at, err
	}
	return state, session.Append(ctx, audit.Growth{First: at.Size, Events: events, Tiles: tiles})
}

// sign signs the tree as it is placed, in its epoch.
func (s *Sequencer) sign(ctx context.Context, now standing, begun epochs) ([]byte, error) {
	signer, err := audit.EpochSigner(s.Signer, s.Trust, begun.number())
	if err != nil {
		return nil, err
	}
	next := audit.Checkpoint{Origin: signer.Name(), Size: now.state.Size, Root: now.state.Root()}
	if now.fresh {
		return audit.SignEpoch(s.Keeper, now.records, next, signer)
	}
	return audit.SignNext(ctx, s.Keeper, s.Tiles, next, s.Trust, signer)
}

// Loss gives what the log has lost against what is kept outside, nil if nothing.
// An error *audit.Violation says that something else is wrong, which nobody can
// acknowledge; one of kind fault.Unavailable, that a place is out of reach. Where
// another process is at work it waits for its turn.
func (s *Sequencer) Loss(ctx context.Context) (loss *audit.Loss, err error) {
	defer fault.Wrap(&err, "jobs.Loss")
	begun, err := s.begun(ctx)
	if err != nil || begun.next() != nil {
		return nil, err // acknowledged already
	}
	var session LogSession
	err = inTurn(ctx, func() (bool, error) {
		session, err = s.Lock(ctx)
		return session != nil, err
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	placed, _, err := session.Head(ctx)
	if err != nil {
		return nil, err
	}
	return s.loss(ctx, placed, begun)
}

// LossIn is Loss for who only reads: placed is how many entries the log has. It
// needs tiles, keeper, trust and epochs, and holds no lock, so that what a
// sequencer signs meanwhile looks like a loss: ask again before believing it.
func (s *Sequencer) LossIn(ctx context.Context, placed uint64) (loss *audit.Loss, err error) {
	defer fault.Wrap(&err, "jobs.LossIn")
	begun, err := s.begun(ctx)
	if err != nil || begun.next() != nil {
		return nil, err // acknowledged already
	}
	return s.loss(ctx, placed, begun)
}

// base is the name of the log's first epoch: whoever only reads has no signer.
func (s *Sequencer) base() string {
	if s.Signer == nil {
		return s.Trust.Log[0].Name()
	}
	return s.Signer.Name()
}

func (s *Sequencer) loss(ctx context.Context, placed uint64, begun epochs) (*audit.Loss, error) {
	records, err := s.records()
	var violation *audit.Violation
	if err != nil && (records == nil || !errors.As(err, &violation) || violation.Breach != audit.Fork) {
		return nil, err
	}
	if audit.NewestKept(records) == nil {
		if placed == 0 {
			return nil, nil
		}
		_, err := s.begin(placed, nil, records)
		return nil, err
	}
	state, err := s.load(ctx, placed)
	if err != nil {
		return nil, err
	}
	tree := audit.Checkpoint{Origin: begun.origin(s.base()), Size: placed, Root: state.Root()}
	return s.Trust.FindLoss(ctx, s.Tiles, tree, records, begun.list())
}

// Settled tells that database and keepers agree now, or gives why nothing may
// leave or be destroyed. Where another process is at work it waits for its turn.
func (s *Sequencer) Settled(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "jobs.Settled")
	return inTurn(ctx, func() (bool, error) {
		round, err := s.RunOnce(ctx)
		return !round.Idle || err != nil, holdOf(round, err)
	})
}

// turns are how often somebody asks for the log while another process has it, and
// turnWait how long they wait between: a round takes a fraction of the whole,
// unless a witness is slow.
const (
	turns    = 250
	turnWait = 20 * time.Millisecond
)

// inTurn calls step until it had the log, or failed.
func inTurn(ctx context.Context, step func() (had bool, err error)) error {
	for range turns {
		if had, err := step(); had || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(turnWait):
		}
	}
	return fault.New(fault.Unavailable, "The log is at work in another process. Try again in a moment.")
}
