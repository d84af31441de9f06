package audit

import (
	"cmp"
	"context"
	"fmt"
	"sync"
)

// SegmentSize is how many entries lie below one hash of level 2: what a Sifter
// takes in one piece.
const SegmentSize = TileWidth * TileWidth

// Sifter walks a log for the few entries that somebody counts, and verifies on
// the way that the entries are those under the checkpoint. It reads no order and
// judges no entry that it does not keep; VerifyLog does.
type Sifter struct {
	Log  LogReader
	Size uint64 // of the checkpoint
	Root Hash
	// Keep gives what is to be kept of an entry, nil for nothing. It is called from
	// several goroutines at once, and the entry's bytes are its own only until it
	// returns.
	Keep func(index uint64, entry []byte) (any, error)
	// Settle completes what was kept of the entries from first to before end, before
	// it is remembered or taken; nil for nothing to complete. Settle, Remember and Take
	// are called from one goroutine, while others read on.
	Settle func(ctx context.Context, kept []any, first, end uint64) error
	// Take gets what was kept, in the order of the log.
	Take func(kept any) error
	// Recall gives what was kept of a full segment whose subtree has this root, if it
	// is remembered; nil for no memory. The hash is verified against the checkpoint.
	// It is called from one goroutine, which is not that of Take.
	Recall func(segment uint64, root Hash) (kept []any, ok bool)
	// Remember is told what was kept of a full segment; nil for no memory.
	Remember func(segment uint64, root Hash, kept []any) error
	Progress func(done, size uint64) // now and then, if not nil
}

// piece is a segment, or what lies behind the last full one.
type piece struct {
	index    uint64 // of the segment
	root     Hash   // of a full segment
	recalled bool
	bundles  []Hash // roots of full bundles, in the last piece
	leaves   []Hash // of the bundle that is not full, in the last piece
	kept     []any
	err      error
}

// Run walks the log. Its error is a *Violation, or Keep's, Settle's or Take's.
func (s *Sifter) Run(ctx context.Context) error {
	var readers sync.WaitGroup // are done when this returns: the reader may go away then
	defer readers.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	full := s.Size / SegmentSize
	var segments []Hash
	for p := range s.pieces(ctx, &readers) {
		if err := cmp.Or(p.err, ctx.Err()); err != nil { // a piece may be short, or one lost, once the context is done
			return err
		}
		if p.index == full {
			if err := s.compare(segments, p); err != nil {
				return err
			}
		}
		segments = append(segments, p.root)
		if err := s.finish(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// compare joins the segments, which are hashes of level 2, with what lies behind
// them, and compares the root.
func (s *Sifter) compare(segments []Hash, last *piece) error {
	tree := TreeState{Size: s.Size, Edge: make([][]Hash, levelsOf(s.Size))}
	for level, hashes := range map[int][]Hash{0: last.leaves, 1: last.bundles, 2: segments} {
		part, _, err := Grow(TreeState{}, hashes)
		if err != nil {
			return err
		}
		for i, edge := range part.Edge {
			tree.Edge[level+i] = edge
		}
	}
	if root := tree.Root(); root != s.Root {
		return &Violation{Breach: BadTree, Index: s.Size, Path: CheckpointPath, Reason: fmt.Sprintf("the entries give root %s, but root %s was signed", root, s.Root)}
	}
	return nil
}

// finish completes a piece, remembers it if it is full, and hands it over.
func (s *Sifter) finish(ctx context.Context, p *piece) error {
	end := min((p.index+1)*SegmentSize, s.Size)
	if s.Settle != nil && !p.recalled {
		if err := s.Settle(ctx, p.kept, p.index*SegmentSize, end); err != nil {
			return err
		}
	}
	if s.Remember != nil && !p.recalled && end-p.index*SegmentSize == SegmentSize {
		if err := s.Remember(p.index, p.root, p.kept); err != nil {
			return err
		}
	}
	for _, k := range p.kept {
		if err := s.Take(k); err != nil {
			return err
		}
	}
	if s.Progress != nil {
		s.Progress(end, s.Size)
	}
	return nil
}
