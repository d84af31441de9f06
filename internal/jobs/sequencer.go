// Package jobs is what time makes happen: sequencing the audit log, deadlines,
// expiry, notices, erasure.
//
// Invariants:
//   - every job may run on every replica at once: the database elects one;
//   - RunOnce does what is due now and returns; it can be repeated after any
//     failure and at any point of it.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// LogSession is the audit log's database in the hands of the one sequencer that
// there may be at a time.
type LogSession interface {
	// Head gives the number of placed events and the newest published
	// checkpoint, nil if there is none.
	Head(ctx context.Context) (placed uint64, published []byte, err error)
	// Pending gives committed events without a place, at most limit, with all
	// reasons of each one placed or committed.
	Pending(ctx context.Context, limit int) ([]audit.Pending, error)
	// Append makes places and tiles durable, all or none, before it returns. It
	// refuses a round that does not begin where the last one ended.
	Append(ctx context.Context, g audit.Growth) error
	// Publish shows a signed checkpoint over all placed events to readers. It
	// may be repeated.
	Publish(ctx context.Context, c audit.SignedCheckpoint) error
	// Close lets the next session begin.
	Close() error
}

// Receipts gives the proof of an event once a published checkpoint covers it,
// and fault.NotFound before that.
type Receipts interface {
	Proof(ctx context.Context, id audit.EventID) ([]byte, error)
}

// Sequencer gives recorded events their place in the log and signs the log.
type Sequencer struct {
	Lock     func(ctx context.Context) (LogSession, error) // nil session: another process has it
	Tiles    audit.TileReader                              // the tree as it is placed
	Receipts Receipts
	Keeper   audit.Keeper // the last signed checkpoint, outside the database
	Signer   note.Signer
	Trust    audit.Trust
	Batch    int // events a round at most; 0 for 20,000
	Log      *slog.Logger

	mu     sync.Mutex
	agreed *agreement
}

// agreement is what the last round left: as long as database and keeper still
// say the same, the tree need not be read and compared again.
type agreement struct {
	state           audit.TreeState
	published, kept string
}

// Round says what one run did.
type Round struct {
	Idle   bool   // another process sequences
	Placed int    // events that got a place
	Held   int    // events whose reasons are not there; more than 0 needs a look
	Size   uint64 // the published size
}

const defaultBatch = 20_000

// RunOnce places what is pending, up to Batch events, and publishes the log
// with a signed checkpoint. A *audit.Violation is an incident: database and
// keeper contradict each other, nothing was placed, nothing will be signed, and
// a person must look.
func (s *Sequencer) RunOnce(ctx context.Context) (round Round, err error) {
	defer fault.Wrap(&err, "jobs.Sequencer")
	s.mu.Lock()
	defer s.mu.Unlock()
	session, err := s.Lock(ctx)
	if err != nil || session == nil {
		return Round{Idle: true}, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	round, err = s.round(ctx, session)
	if err == nil {
		return round, nil
	}
	s.agreed = nil // what became durable is unknown: read everything anew
	// A session that was lost on the way, and with it the lock, may have met the
	// work of its successor: what it found wrong is no incident then.
	var violation *audit.Violation
	if _, _, lost := session.Head(ctx); lost != nil && errors.As(err, &violation) {
		return Round{}, fault.Because(fault.Unavailable, lost, "The connection to the database was lost.")
	}
	return Round{}, err
}

// round takes the durable steps. Each one may be lost, or done and reported
// lost; the prose between them says what the next round finds then.
func (s *Sequencer) round(ctx context.Context, session LogSession) (Round, error) {
	// Database and keeper must agree before anything is added: a restored
	// backup would otherwise grow beside its lost tail.
	now, err := s.agree(ctx, session)
	if err != nil {
		return Round{}, err
	}
	pending, err := session.Pending(ctx, s.batch())
	if err != nil {
		return Round{}, err
	}
	events, held := audit.Order(pending)
	round := Round{Placed: len(events), Held: len(held), Size: now.state.Size}
	if s.report(ctx, held); len(events) > 0 {
		state, tiles, err := audit.Grow(now.state, hashes(events))
		if err != nil {
			return Round{}, err
		}
		// 1. Places and tiles become durable. Lost: the events are pending again.
		// Done and reported lost: the next round finds a tree larger than its
		// checkpoint, and goes on with 2.
		if err := session.Append(ctx, audit.Growth{First: now.state.Size, Events: events, Tiles: tiles}); err != nil {
			return Round{}, err
		}
		now.state = state
	}
	if round.Size = now.state.Size; len(events) == 0 && now.signed {
		return round, nil
	}
	// 2. The keeper takes the signed checkpoint, by compare-and-swap. Only what
	// is durable is ever signed. Lost: nobody has seen the signature; the next
	// round signs again. Done and reported lost, or dead before 3: the keeper
	// is ahead of what is published; the next round publishes what it holds.
	next := audit.Checkpoint{Origin: s.Signer.Name(), Size: now.state.Size, Root: now.state.Root()}
	kept, err := audit.SignNext(ctx, s.Keeper, s.Tiles, next, s.Trust, s.Signer)
	if err != nil {
		return Round{}, err
	}
	signed, err := audit.OpenCheckpoint(kept, s.Trust)
	if err != nil {
		return Round{}, err
	}
	// 3. Readers may see it. Never before 2: a checkpoint that somebody has seen
	// and the keeper has not could be contradicted after a restore. Lost: the
	// next round publishes it. Done and reported lost: repeating changes nothing.
	if err := session.Publish(ctx, signed); err != nil {
		return Round{}, err
	}
	s.agreed = &agreement{now.state, string(kept), string(kept)}
	return round, nil
}

// standing is the tree as the database has it, and whether the published
// checkpoint covers all of it.
type standing struct {
	state  audit.TreeState
	signed bool
}

// agree compares the database with its own published checkpoint and with what
// the keeper last saw signed.
func (s *Sequencer) agree(ctx context.Context, session LogSession) (standing, error) {
	placed, published, err := session.Head(ctx)
	if err != nil {
		return standing{}, err
	}
	kept, err := s.Keeper.Load()
	if err != nil {
		return standing{}, fmt.Errorf("reading the last signed checkpoint: %w", err)
	}
	if a := s.agreed; a != nil && a.state.Size == placed && a.published == string(published) && a.kept == string(kept) {
		return standing{a.state, true}, nil
	}
	if kept == nil {
		return s.begin(placed, published)
	}
	state, err := s.load(ctx, placed)
	if err != nil {
		return standing{}, err
	}
	tree := audit.Checkpoint{Origin: s.Signer.Name(), Size: placed, Root: state.Root()}
	last, err := s.mayGrow(ctx, "keeper", kept, tree)
	if err != nil || published == nil {
		return standing{state: state}, err
	}
	shown, err := s.mayGrow(ctx, "database", published, tree)
	return standing{state, shown == tree && last == tree}, err
}

// begin starts a log where there is none at all. With anything in the database
// a missing keeper is an incident: removing it must not make lerd forget.
func (s *Sequencer) begin(placed uint64, published []byte) (standing, error) {
	if placed > 0 || published != nil {
		return standing{}, &audit.Violation{Breach: audit.Rollback, Index: placed, Reason: "the log has entries, and the record of the last signed checkpoint outside the database is missing: " +
			"put back that file, or the newest checkpoint that an auditor or a witness holds"}
	}
	_, err := audit.SignFirst(s.Keeper, s.Signer)
	return standing{}, err
}

// load rebuilds the tree from its tiles; what is missing there is a breach.
func (s *Sequencer) load(ctx context.Context, size uint64) (audit.TreeState, error) {
	state, err := audit.LoadState(ctx, s.Tiles, size)
	if isMissing(err) {
		return state, &audit.Violation{Breach: audit.Missing, Index: size, Reason: "hashes of the log are missing in the database", Err: err}
	}
	return state, err
}

// mayGrow gives a signed checkpoint of which the tree must be a continuation.
func (s *Sequencer) mayGrow(ctx context.Context, where string, signed []byte, tree audit.Checkpoint) (audit.Checkpoint, error) {
	c, err := audit.OpenCheckpoint(signed, s.Trust)
	if err != nil {
		return audit.Checkpoint{}, &audit.Violation{Breach: audit.BadNote, Reason: "the newest checkpoint of the " + where + " is not one that this log has signed", Err: err}
	}
	err = audit.MaySign(ctx, s.Tiles, c.Checkpoint, tree)
	if isMissing(err) {
		err = &audit.Violation{Breach: audit.Missing, Index: tree.Size, Reason: "hashes of the log are missing in the database", Err: err}
	}
	return c.Checkpoint, err
}

// WaitFor waits until an event is under a signed checkpoint and gives its
// tlog-proof. It sequences itself where no other process does.
func (s *Sequencer) WaitFor(ctx context.Context, id audit.EventID) (proof []byte, err error) {
	defer fault.Wrap(&err, "jobs.WaitFor(%s)", id)
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		proof, err := s.Receipts.Proof(ctx, id)
		if fault.KindOf(err) != fault.NotFound {
			return proof, err
		}
		round, err := s.RunOnce(ctx)
		if err != nil {
			return nil, err
		}
		if round.Placed > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, fault.Because(fault.Unavailable, ctx.Err(), "The audit log has not sealed this step yet. Try again in a moment.")
		case <-time.After(wait):
		}
	}
}

func (s *Sequencer) batch() int {
	if s.Batch > 0 {
		return s.Batch
	}
	return defaultBatch
}

// report tells of events that cannot be placed: their reasons do not exist.
func (s *Sequencer) report(ctx context.Context, held []audit.Pending) {
	if len(held) > 0 && s.Log != nil {
		s.Log.ErrorContext(ctx, "audit events are held back: what they rely on is not there", "events", len(held), "first", held[0].ID)
	}
}

// isMissing tells a hash that is not there from a database out of reach.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func hashes(events []audit.Pending) []audit.Hash {
	out := make([]audit.Hash, len(events))
	for i, e := range events {
		out[i] = e.Hash
	}
	return out
}
