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
	"log/slog"
	"sync"
	"sync/atomic"
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

// Witnesses cosign what the keeper holds.
type Witnesses interface {
	// Cosign gives a kept checkpoint with the cosignatures that came in time, and
	// whether it may be published so. An error *audit.Violation says that a
	// witness has seen more of this log, or another history.
	Cosign(ctx context.Context, tiles audit.TileReader, kept audit.SignedCheckpoint) (cosigned []byte, publish bool, err error)
}

// Sequencer gives recorded events their place in the log and signs the log.
type Sequencer struct {
	Lock      func(ctx context.Context) (LogSession, error) // nil session: another process has it
	Tiles     audit.TileReader                              // the tree as it is placed
	Receipts  Receipts
	Keeper    audit.Keeper // the last signed checkpoint, outside the database
	Signer    note.Signer
	Trust     audit.Trust // the log's keys
	Witnesses Witnesses   // nil: none are asked
	Batch     int         // events a round at most; 0 for 20,000
	Epochs    Epochs      // nil: the log has one
	Log       *slog.Logger

	mu     sync.Mutex
	agreed *agreement
	hold   atomic.Pointer[error]
}

// Round says what one run did.
type Round struct {
	Idle   bool   // another process sequences
	Unseen bool   // the newest checkpoint waits for its witnesses before it is published
	Placed int    // events that got a place
	Held   int    // events whose reasons are not there; more than 0 needs a look
	Size   uint64 // entries under a signed checkpoint
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
	begun, err := s.begun(ctx)
	if err != nil {
		return Round{}, err
	}
	session, err := s.Lock(ctx)
	if err != nil || session == nil {
		return Round{Idle: true}, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	defer func() { hold := holdOf(round, err); s.hold.Store(&hold) }()
	if round, err = s.round(ctx, session, begun); err == nil {
		return round, nil
	}
	s.agreed = nil // what became durable is unknown: read everything anew
	// A session that was lost on the way, and with it the lock, may have met the
	// work of its successor: what it found wrong is no incident then.
	var violation *audit.Violation
	if _, _, lost := session.Head(ctx); lost != nil && errors.As(err, &violation) {
		err = fault.Because(fault.Unavailable, lost, "The connection to the database was lost.")
	}
	return Round{}, err
}

// round takes the durable steps. Each one may be lost, or done and reported
// lost; the prose between them says what the next round finds then.
func (s *Sequencer) round(ctx context.Context, session LogSession, begun epochs) (Round, error) {
	if next := begun.next(); next != nil {
		s.agreed = nil
		if err := s.beginEpoch(ctx, session, begun, *next); err != nil {
			return Round{}, err
		}
		begun = begun.placed(*next)
	}
	// Database and keeper must agree before anything is added: a restored
	// backup would otherwise grow beside its lost tail.
	now, err := s.agree(ctx, session, begun)
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
	kept, err := s.sign(ctx, now, begun)
	if err != nil {
		return Round{}, err
	}
	signed, err := audit.OpenCheckpoint(kept, s.Trust)
	if err != nil {
		return Round{}, err
	}
	// 3. Witnesses cosign what the keeper holds, and nothing else. Lost: they are
	// asked again and answer the same. They delay this round by their time at
	// most, and no step of a case waits for a round.
	shown, publish, err := s.cosign(ctx, signed)
	if err != nil {
		return Round{}, err
	}
	now.signed = publish
	if round.Unseen = !publish; publish {
		// 4. Readers may see it. Never before 2: a checkpoint that somebody has
		// seen and the keeper has not could be contradicted after a restore.
		// Lost: the next round publishes it. Done and reported lost: repeating
		// changes nothing.
		if err := session.Publish(ctx, shown); err != nil {
			return Round{}, err
		}
		now.published = string(shown.Note)
	}
	now.fresh = false
	s.agreeOn(now, kept)
	return round, nil
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
		if hold := holdOf(round, err); hold != nil {
			return nil, hold
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

func hashes(events []audit.Pending) []audit.Hash {
	out := make([]audit.Hash, len(events))
	for i, e := range events {
		out[i] = e.Hash
	}
	return out
}
