package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
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
	// several goroutines at once.
	Keep func(index uint64, entry []byte) (any, error)
	// Settle completes what was kept of the entries from first to before end, before
	// it is remembered or taken; nil for nothing to complete.
	Settle func(ctx context.Context, kept []any, first, end uint64) error
	// Take gets what was kept, in the order of the log.
	Take func(kept any) error
	// Recall gives what was kept of a full segment whose subtree has this root, if it
	// is remembered; nil for no memory. The hash is verified against the checkpoint.
	Recall func(segment uint64, root Hash) (kept []any, ok bool)
	// Remember is told what was kept of a full segment; nil for no memory.
	Remember func(segment uint64, root Hash, kept []any) error
	Progress func(done, size uint64) // now and then, if not nil
}

// sifted is what one bundle gives.
type sifted struct {
	leaves [TileWidth]Hash
	n      int
	kept   []any
	err    error
}

// Run walks the log. Its error is a *Violation, or Keep's or Take's.
func (s *Sifter) Run(ctx context.Context) error {
	full := s.Size / SegmentSize
	var segments []Hash
	for i := range full {
		root, err := s.segment(ctx, i)
		if err != nil {
			return err
		}
		segments = append(segments, root)
		s.told((i + 1) * SegmentSize)
	}
	leaves, kept, err := s.bundles(ctx, full*TileWidth, s.Size)
	if err != nil {
		return err
	}
	root, err := s.root(segments, leaves)
	if err != nil {
		return err
	}
	if root != s.Root {
		return &Violation{Breach: BadTree, Index: s.Size, Path: CheckpointPath, Reason: fmt.Sprintf("the entries give root %s, but root %s was signed", root, s.Root)}
	}
	s.told(s.Size)
	if err := s.settle(ctx, kept, full*SegmentSize, s.Size); err != nil {
		return err
	}
	return s.take(kept)
}

// root joins the segments, which are hashes of level 2, and the leaves after them.
func (s *Sifter) root(segments, leaves []Hash) (Hash, error) {
	tree := TreeState{Size: s.Size, Edge: make([][]Hash, levelsOf(s.Size))}
	for level, hashes := range map[int][]Hash{0: leaves, 2: segments} {
		part, _, err := Grow(TreeState{}, hashes)
		if err != nil {
			return Hash{}, err
		}
		for i, edge := range part.Edge {
			tree.Edge[level+i] = edge
		}
	}
	return tree.Root(), nil
}

func (s *Sifter) settle(ctx context.Context, kept []any, first, end uint64) error {
	if s.Settle == nil {
		return nil
	}
	return s.Settle(ctx, kept, first, end)
}

func (s *Sifter) told(done uint64) {
	if s.Progress != nil {
		s.Progress(done, s.Size)
	}
}

func (s *Sifter) take(kept []any) error {
	for _, k := range kept {
		if err := s.Take(k); err != nil {
			return err
		}
	}
	return nil
}

// segment gives the root of a full segment: recalled under the root that the log's
// tile says, which the checkpoint then bears out or not, or recomputed.
func (s *Sifter) segment(ctx context.Context, i uint64) (Hash, error) {
	if s.Recall != nil {
		if root, ok := s.said(ctx, i); ok {
			if kept, ok := s.Recall(i, root); ok {
				return root, s.take(kept)
			}
		}
	}
	leaves, kept, err := s.bundles(ctx, i*TileWidth, (i+1)*SegmentSize)
	if err != nil {
		return Hash{}, err
	}
	root := rootOf(leaves)
	if err := s.settle(ctx, kept, i*SegmentSize, (i+1)*SegmentSize); err != nil {
		return Hash{}, err
	}
	if s.Remember != nil {
		if err := s.Remember(i, root, kept); err != nil {
			return Hash{}, err
		}
	}
	return root, s.take(kept)
}

// said gives the root of a segment as the log's tile of level 2 has it.
func (s *Sifter) said(ctx context.Context, i uint64) (h Hash, ok bool) {
	width := widthAt(s.Size, 2, i/TileWidth)
	tile, err := fetchTile(ctx, s.Log, 2, i/TileWidth, width)
	if err != nil {
		return h, false
	}
	return Hash(tile[i%TileWidth*HashSize:][:HashSize]), true
}

// bundles reads the bundles from first up to the entry end, several at a time.
func (s *Sifter) bundles(ctx context.Context, first, end uint64) (leaves []Hash, kept []any, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan chan *sifted, readAhead)
	go func() {
		defer close(queue)
		for i := first; i*TileWidth < end; i++ {
			turn := make(chan *sifted, 1)
			select {
			case queue <- turn:
			case <-ctx.Done():
				return
			}
			width := int(min(TileWidth, end-i*TileWidth))
			go func() { turn <- s.bundle(ctx, i, width) }()
		}
	}()
	for turn := range queue {
		b := <-turn
		if err == nil && b.err != nil {
			err = b.err
			stop()
		}
		if err == nil {
			leaves, kept = append(leaves, b.leaves[:b.n]...), append(kept, b.kept...)
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	return leaves, kept, err
}

// bundle hashes a bundle where it lies, without a slice for each entry.
func (s *Sifter) bundle(ctx context.Context, index uint64, width int) *sifted {
	out := &sifted{n: width}
	data, err := s.Log.ReadEntries(ctx, index, width)
	if err != nil && width < TileWidth {
		if whole, again := s.Log.ReadEntries(ctx, index, TileWidth); again == nil {
			data, err = whole, nil
		}
	}
	if err != nil {
		out.err = unreadable(err, EntriesPath(index, width), index*TileWidth)
		return out
	}
	for i := range width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			out.err = &Violation{BadTree, index*TileWidth + uint64(i), EntriesPath(index, width), "the file is not what its name says", errMalformed}
			return out
		}
		n := int(binary.BigEndian.Uint16(data))
		entry := data[2 : 2+n : 2+n]
		data = data[2+n:]
		out.leaves[i] = LeafHash(entry)
		k, err := s.Keep(index*TileWidth+uint64(i), entry)
		if err != nil {
			out.err = err
			return out
		}
		if k != nil {
			out.kept = append(out.kept, k)
		}
	}
	return out
}

// KindOf gives the kind of an entry in canonical form without reading the rest:
// after the kind there is no key of that name, and no string holds a quote that
// is not escaped. Of anything else it gives something or nothing; ParseEntry
// judges what is kept.
func KindOf(entry []byte) []byte {
	at := bytes.LastIndex(entry, []byte(`,"kind":"`))
	if at < 0 {
		return nil
	}
	rest := entry[at+len(`,"kind":"`):]
	if end := bytes.IndexByte(rest, '"'); end >= 0 {
		return rest[:end]
	}
	return nil
}
