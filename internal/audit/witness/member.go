package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// member is a witness and what is known of it.
type member struct {
	Client

	mu     sync.Mutex
	busy   bool   // a request is under way
	origin string // of the log's epoch that known is of
	known  uint64
	text   string // the checkpoint that line cosigns
	line   []byte
	failed int       // failures in a row
	after  time.Time // not asked before
	last   error
}

// Between failures a witness is left alone for a while, so that one that is
// gone does not cost every round its time.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// begin tells whether the witness is to be asked now, or has cosigned already.
func (m *member) begin(text string, now time.Time) (line []byte, ask bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.line != nil && m.text == text {
		return m.line, false
	}
	if m.busy || now.Before(m.after) {
		return nil, false
	}
	m.busy = true
	return nil, true
}

// end remembers how it went; known is the size that the witness is at.
func (m *member) end(a answer, text string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy, m.known, m.last = false, a.known, a.err
	var violation *audit.Violation
	switch {
	case a.err == nil:
		m.text, m.line, m.failed, m.after = text, a.line, 0, time.Time{}
	case errors.As(a.err, &violation):
		m.failed = 0 // asked again at once: it may have been mended
	default:
		m.after = now.Add(min(firstPause<<min(m.failed, 10), lastPause))
		m.failed++
	}
}

// answer is what came of asking one witness.
type answer struct {
	name  string
	line  []byte
	known uint64
	err   error
}

// ask submits a checkpoint, if need be again from the size that the witness
// says. Two conflicts in a row can come from another replica's request; more
// are its failure.
func (m *member) ask(ctx context.Context, tiles audit.TileReader, signed audit.SignedCheckpoint) answer {
	m.mu.Lock()
	if m.origin != signed.Origin { // another epoch is another log to a witness
		m.origin, m.known = signed.Origin, 0
	}
	a := answer{name: m.Key.Name(), known: min(m.known, signed.Size)}
	m.mu.Unlock()
	for range 3 {
		proof, err := prove(ctx, tiles, a.known, signed.Checkpoint)
		if err != nil {
			a.err = err
			return a
		}
		a.line, a.err = m.Add(ctx, Submission{a.known, proof, signed})
		var conflict *Conflict
		switch {
		case a.err == nil:
			a.known = signed.Size
			return a
		case errors.Is(a.err, errProof):
			a.err = m.fork(a.known, signed.Size)
			return a
		case !errors.As(a.err, &conflict):
			return a
		case conflict.Size > signed.Size:
			a.err = &audit.Violation{Breach: audit.Rollback, Index: signed.Size, Reason: fmt.Sprintf(
				"the witness %s has seen %d entries of this log, which now has %d: database and last signed checkpoint were both set back, or somebody else signs with the log's key", m.Key.Name(), conflict.Size, signed.Size)}
			return a
		case conflict.Size == a.known && a.known == signed.Size:
			a.err = m.fork(a.known, signed.Size)
			return a
		}
		a.known = conflict.Size
	}
	a.err = fault.New(fault.Unavailable, "The witness %s does not accept the sizes that it names itself.", m.Key.Name())
	return a
}

func (m *member) fork(old, size uint64) error {
	if old == 0 {
		return fault.New(fault.Unavailable, "The witness %s refused the first checkpoint that it was sent.", m.Key.Name())
	}
	return &audit.Violation{Breach: audit.Fork, Index: old, Reason: fmt.Sprintf(
		"the %d entries that the witness %s has seen are not the first %d of the log's %d: two histories were signed", old, m.Key.Name(), old, size)}
}

// prove builds the consistency proof and checks it as the witness will, so that
// a refusal is not laid at the witness's door when the fault is in the tiles.
func prove(ctx context.Context, tiles audit.TileReader, old uint64, next audit.Checkpoint) ([]audit.Hash, error) {
	if old == 0 || old == next.Size {
		return nil, nil
	}
	proof, err := audit.ConsistencyProof(ctx, tiles, old, next.Size)
	if err != nil {
		return nil, unreadable(err, old)
	}
	state, err := audit.LoadState(ctx, shorter{tiles, next.Size}, old)
	if err != nil {
		return nil, unreadable(err, old)
	}
	if err := audit.VerifyConsistency(old, next.Size, state.Root(), next.Root, proof); err != nil {
		return nil, &audit.Violation{Breach: audit.BadTree, Index: old, Reason: fmt.Sprintf("the log's own tiles do not show that it grew from %d to %d entries", old, next.Size), Err: err}
	}
	return proof, nil
}

// shorter reads a tree as it was at a smaller size: a log need not have kept the
// partial tiles of every size that a witness may have seen.
type shorter struct {
	audit.TileReader
	size uint64 // of the tree that is there
}

// ReadTile cuts the tile out of the one that the larger tree has.
func (s shorter) ReadTile(ctx context.Context, level uint8, index uint64, width int) ([]byte, error) {
	have := min(s.size>>(8*level)-index*audit.TileWidth, audit.TileWidth)
	data, err := s.TileReader.ReadTile(ctx, level, index, int(have))
	if err != nil || len(data) < width*audit.HashSize {
		return data, err
	}
	return data[:width*audit.HashSize], nil
}

func unreadable(err error, index uint64) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &audit.Violation{Breach: audit.Missing, Index: index, Reason: "hashes of the log are missing", Err: err}
	}
	return err
}
