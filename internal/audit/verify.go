package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// VerifyOptions says what beside the log itself a verification compares.
type VerifyOptions struct {
	Since    *Checkpoint      // the log was verified up to here before: entries are recomputed from here on
	Pinned   []Checkpoint     // checkpoints obtained earlier or elsewhere, whose signatures were verified then
	TempDir  string           // where order records go that do not fit in memory; empty for the system's
	Memory   int              // bytes for order records before they go to TempDir; 0 for 64 MiB
	Opaque   bool             // entries are not lerd's events: verify the tree alone
	Progress func(Progress)   // called now and then, if not nil
	Now      func() time.Time // for the estimate; needed with Progress
}

// Progress is how far a verification has come.
type Progress struct {
	Done, Size uint64        // entries
	Left       time.Duration // estimate of what remains, 0 while unknown
}

// Report is what a successful verification found.
type Report struct {
	Checkpoint SignedCheckpoint
	Entries    uint64    // entries of the log
	Since      uint64    // of these, entries that were verified before and were not recomputed
	Earlier    uint64    // causes that stand among those, or nowhere: they were not looked up
	Tiles      uint64    // hash tiles compared
	Bytes      uint64    // of entries
	Streams    uint64    // streams checked for dense versions
	First      time.Time // the first event's time
	Last       time.Time // the last event's
	Pinned     int       // checkpoints found to be prefixes, or equal
	// SetBack are the places where the time goes back by more than ClockSlack.
	SetBack []ClockStep
	// Gaps are the losses that the log names since entry Since, with the words on
	// which it went on. InGap counts pinned checkpoints that lie in one: what they
	// are over is lost, as the log says.
	Gaps  []Gap
	InGap int
}

const defaultMemory = 64 << 20

// VerifyLog recomputes a whole log: every leaf from its entry, every hash tile of
// every level, partial ones included, the root, the signatures, and that each
// pinned checkpoint is a prefix. Unless the entries are opaque it reads each as
// an event and checks ids, streams and causes. A nil checkpoint is read from
// the log. Memory stays bounded, see VerifyOptions.
//
// An error is a *Violation that names the first thing that differs, or of kind
// Unsettled where the check could not be carried to its end. Only a nil error
// means "verified".
func VerifyLog(ctx context.Context, r LogReader, checkpoint []byte, trust Trust, opts VerifyOptions) (Report, error) {
	if checkpoint == nil {
		var err error
		if checkpoint, err = r.ReadCheckpoint(ctx); err != nil {
			return Report{}, unreadable(err, CheckpointPath, 0)
		}
	}
	signed, err := OpenCheckpoint(checkpoint, trust)
	if err != nil {
		return Report{}, &Violation{Breach: BadNote, Path: CheckpointPath, Reason: "the checkpoint is not valid", Err: err}
	}
	memory := opts.Memory
	if memory == 0 {
		memory = defaultMemory
	}
	v := &logVerifier{tileComparer: tileComparer{ctx: ctx, tiles: r}, trust: trust, opts: opts, grower: &grower{}}
	v.order = newOrderCheck(opts.TempDir, memory)
	defer v.order.close()
	v.report.Checkpoint = signed
	if err := v.run(); err != nil {
		return Report{}, settle(err)
	}
	v.report.Tiles = v.compared
	return v.report, nil
}

// settle makes every error a violation: what stopped the check is no verdict.
func settle(err error) error {
	var v *Violation
	if errors.As(err, &v) {
		return err
	}
	return &Violation{Breach: Unsettled, Reason: "the check could not be finished", Err: err}
}

type logVerifier struct {
	tileComparer
	trust  Trust
	opts   VerifyOptions
	grower *grower
	order  *orderCheck
	epochs *epochWatch
	roots  map[uint64]Hash // before the entries that tell of epochs
	pins   []Checkpoint    // by size, those not reached yet
	former []formerPin     // of earlier epochs
	began  time.Time
	clock  ClockWatch
	report Report
}

func (v *logVerifier) run() error {
	if v.opts.Progress != nil {
		v.began = v.opts.Now()
	}
	end := v.report.Checkpoint.Checkpoint
	v.epochs, v.roots = newEpochWatch(v.ctx, v.tiles, v.trust, end.Origin, v.opts.Since), map[uint64]Hash{}
	if err := v.pin(end); err != nil {
		return err
	}
	first, err := v.start()
	if err != nil {
		return err
	}
	if err := v.reachPins(); err != nil {
		return err
	}
	if err := scanBundles(v.ctx, v.tiles, first, end.Size, v.opts.Opaque, v.block); err != nil {
		return err
	}
	if root := v.grower.state().Root(); root != end.Root {
		return &Violation{Breach: BadTree, Index: end.Size, Path: CheckpointPath,
			Reason: fmt.Sprintf("entries and tiles fit each other and give root %s, but root %s was signed", root, end.Root)}
	}
	v.report.Streams, err = v.order.finish()
	v.report.Earlier = v.order.earlier
	if err != nil || v.opts.Opaque {
		return err
	}
	if err := v.epochs.finish(end); err != nil {
		return err
	}
	v.report.Gaps = v.epochs.gaps
	return v.judgeFormer()
}

// formerPin is a pinned checkpoint of an earlier epoch, and what the log has at
// its size.
type formerPin struct {
	Checkpoint
	root Hash
}

// judgeFormer says whether the checkpoints of earlier epochs are what the log
// continues, or what it says was lost.
func (v *logVerifier) judgeFormer() error {
	for _, p := range v.former {
		inGap, err := v.epochs.owns(p.Checkpoint, p.root)
		switch {
		case err != nil:
			return err
		case inGap:
			v.report.InGap++
		default:
			v.report.Pinned++
		}
	}
	return nil
}

// start takes the tree as it was verified before from its tiles: whether they
// are what was verified then, its root tells, once the entries of the bundle in
// which it ends were added. It gives the first bundle to recompute.
func (v *logVerifier) start() (bundle uint64, err error) {
	if v.opts.Since == nil {
		return 0, nil
	}
	bundle = v.opts.Since.Size / TileWidth
	if bundle == 0 {
		return 0, nil
	}
	v.report.Since = bundle * TileWidth
	v.order.resumed = true
	state, err := LoadState(v.ctx, v.tiles, v.report.Since)
	if err != nil {
		return 0, unreadable(err, TilePath(0, bundle-1, TileWidth), v.report.Since)
	}
	v.grower, err = newGrower(state)
	return bundle, err
}

// pin compares with the pinned checkpoints what can be compared at once.
func (v *logVerifier) pin(end Checkpoint) error {
	pinned := v.opts.Pinned
	if v.opts.Since != nil {
		pinned = append(slices.Clip(pinned), *v.opts.Since)
	}
	v.pins = slices.SortedFunc(slices.Values(pinned), func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	for _, p := range v.pins {
		switch {
		case v.isFormer(p, end):
			v.former = append(v.former, formerPin{Checkpoint: p})
			continue
		case p.Origin != end.Origin && (v.opts.Since == nil || p != *v.opts.Since || v.trust.Epoch(p.Origin) == 0):
			return &Violation{Breach: BadNote, Path: CheckpointPath, Reason: fmt.Sprintf("the log is %q, the pinned checkpoint is of %q", end.Origin, p.Origin)}
		case p.Size > end.Size:
			return &Violation{Breach: Rollback, Index: end.Size, Path: CheckpointPath, Reason: fmt.Sprintf("the log has %d entries, but %d were signed before", end.Size, p.Size)}
		case p.Size == end.Size && p.Root != end.Root:
			return &Violation{Breach: Fork, Index: end.Size, Path: CheckpointPath, Reason: fmt.Sprintf("two roots were signed for %d entries: %s and %s", end.Size, p.Root, end.Root)}
		}
	}
	v.pins = slices.DeleteFunc(v.pins, func(p Checkpoint) bool { return v.isFormer(p, end) })
	// What lies before the part that is recomputed needs a consistency proof.
	if s := v.opts.Since; s != nil {
		from := s.Size / TileWidth * TileWidth
		for len(v.pins) > 0 && v.pins[0].Size < from {
			if err := v.within(v.pins[0], *s); err != nil {
				return err
			}
			v.pins = v.pins[1:]
			v.report.Pinned++
		}
	}
	return nil
}

// isFormer tells a pinned checkpoint of an earlier epoch from others.
func (v *logVerifier) isFormer(p, end Checkpoint) bool {
	of := v.trust.Epoch(p.Origin)
	return !v.opts.Opaque && of > 0 && of < v.trust.Epoch(end.Origin) && (v.opts.Since == nil || p != *v.opts.Since)
}

// within verifies that a pinned checkpoint is a prefix of what was verified
// before.
func (v *logVerifier) within(p, since Checkpoint) error {
	proof, err := ConsistencyProof(v.ctx, v.tiles, p.Size, since.Size)
	if err == nil {
		err = VerifyConsistency(p.Size, since.Size, p.Root, since.Root, proof)
	}
	if err != nil {
		return &Violation{Breach: Fork, Index: p.Size, Reason: fmt.Sprintf("the first %d entries are not those under root %s, which was signed for them", p.Size, p.Root), Err: err}
	}
	return nil
}

// reachPins compares the pinned checkpoints of the size reached. Recomputing the
// prefix says more than a consistency proof: it needs no tile of the log.
func (v *logVerifier) reachPins() error {
	for i, p := range v.former {
		if p.Size == v.grower.size {
			v.former[i].root = v.grower.state().Root()
		}
	}
	for len(v.pins) > 0 && v.pins[0].Size == v.grower.size {
		if got, want := v.grower.state().Root(), v.pins[0].Root; got != want {
			return &Violation{Breach: Fork, Index: v.grower.size,
				Reason: fmt.Sprintf("the first %d entries give root %s, but root %s was signed for them", v.grower.size, got, want)}
		}
		v.pins = v.pins[1:]
		v.report.Pinned++
	}
	return nil
}

// block takes the next bundle: first into the tree, so that an entry which was
// changed is named as such, then as events.
func (v *logVerifier) block(b *block) error {
	v.current = b
	first := v.grower.size
	for i, leaf := range b.leaves {
		if i < len(b.events) && b.events[i].marked {
			v.roots[first+uint64(i)] = v.grower.state().Root()
		}
		if err := v.grower.add(leaf, v.compare); err != nil {
			return err
		}
		v.report.Bytes += uint64(len(b.entries[i]))
		if err := v.reachPins(); err != nil {
			return err
		}
	}
	if v.grower.size == v.report.Checkpoint.Size {
		if err := v.grower.flush(v.compare); err != nil {
			return err
		}
	}
	if b.err != nil {
		at := first + uint64(b.broken)
		return &Violation{BadEntry, at, EntriesPath(b.index, len(b.leaves)), "an entry is not an event in canonical form", b.err}
	}
	v.report.Entries = v.grower.size
	return v.events(first, b)
}

func (v *logVerifier) events(first uint64, b *block) error {
	for i, e := range b.events {
		if err := v.order.add(first+uint64(i), e); err != nil {
			return err
		}
		v.clock.Look(first+uint64(i), e.at)
		if err := v.epoch(first, i, b); err != nil {
			return err
		}
	}
	v.report.SetBack = v.clock.Steps
	if n := len(b.events); n > 0 {
		if first == 0 {
			v.report.First = b.events[0].at
		}
		v.report.Last = b.events[n-1].at
	}
	if v.opts.Progress != nil && (b.index%64 == 63 || v.grower.size == v.report.Checkpoint.Size) {
		v.opts.Progress(estimate(v.opts.Now().Sub(v.began), v.grower.size, v.report.Checkpoint.Size))
	}
	return nil
}

// epoch follows the log's epochs. Entries before Since are there for their hashes.
func (v *logVerifier) epoch(first uint64, i int, b *block) error {
	index := first + uint64(i)
	if s := v.opts.Since; s != nil && index < s.Size {
		return nil
	}
	if b.events[i].marked {
		if err := v.epochs.look(index, b.entries[i], v.roots[index]); err != nil {
			return err
		}
	}
	return v.epochs.of(index, b.events[i].epoch)
}

func estimate(elapsed time.Duration, done, size uint64) Progress {
	left := float64(elapsed) * float64(size-done) / float64(done)
	return Progress{done, size, time.Duration(left)}
}
