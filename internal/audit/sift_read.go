package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// sifted is what one bundle gives, or a segment that was recalled.
type sifted struct {
	segment *piece
	root    Hash   // of a full bundle
	leaves  []Hash // of one that is not full
	kept    []any
	err     error
}

// pieces reads the log in the order of its pieces, the last of which may be empty.
// It ends after an error, or when the context does.
func (s *Sifter) pieces(ctx context.Context, readers *sync.WaitGroup) <-chan *piece {
	queue, out := make(chan chan *sifted, readAhead), make(chan *piece, 1)
	readers.Go(func() {
		defer close(queue)
		for i := range s.Size/SegmentSize + 1 {
			if !s.queue(ctx, i, queue, readers) {
				return
			}
		}
	})
	readers.Go(func() {
		defer close(out)
		p := &piece{}
		for turn := range queue {
			if p.err == nil && p.join(<-turn) {
				p = s.pass(ctx, p, out)
			}
		}
		if p.err == nil {
			p.err = ctx.Err() // it may be short
		}
		s.pass(ctx, p, out)
	})
	return out
}

// queue recalls a segment, or lets its bundles be read, several at a time. It says
// whether to go on.
func (s *Sifter) queue(ctx context.Context, segment uint64, queue chan<- chan *sifted, readers *sync.WaitGroup) bool {
	next := func(read func() *sifted) bool {
		turn := make(chan *sifted, 1)
		select {
		case queue <- turn:
			readers.Go(func() { turn <- read() })
			return true
		case <-ctx.Done():
			return false
		}
	}
	if p := s.recall(ctx, segment); p != nil {
		return next(func() *sifted { return &sifted{segment: p} })
	}
	for i := segment * TileWidth; i < (segment+1)*TileWidth && i*TileWidth < s.Size; i++ {
		if !next(func() *sifted { return s.bundle(ctx, i, widthAt(s.Size, 0, i)) }) {
			return false
		}
	}
	return true
}

// recall gives a full segment as it is remembered under the root that the log's
// tile says, which the checkpoint then bears out or not.
func (s *Sifter) recall(ctx context.Context, segment uint64) *piece {
	if s.Recall == nil || segment == s.Size/SegmentSize {
		return nil
	}
	tile, err := fetchTile(ctx, s.Log, 2, segment/TileWidth, widthAt(s.Size, 2, segment/TileWidth))
	if err != nil {
		return nil
	}
	root := Hash(tile[segment%TileWidth*HashSize:][:HashSize])
	kept, ok := s.Recall(segment, root)
	if !ok {
		return nil
	}
	return &piece{index: segment, root: root, recalled: true, kept: kept}
}

// join takes what comes next into a piece and says whether a full segment is
// complete.
func (p *piece) join(b *sifted) bool {
	if b.segment != nil {
		*p = *b.segment
		return true
	}
	p.err, p.leaves, p.kept = b.err, b.leaves, append(p.kept, b.kept...)
	if b.leaves == nil {
		p.bundles = append(p.bundles, b.root)
	}
	if p.err != nil || len(p.bundles) < TileWidth {
		return false
	}
	p.root, p.bundles = rootOf(p.bundles), nil
	return true
}

// pass hands a piece over and begins the next one.
func (s *Sifter) pass(ctx context.Context, p *piece, out chan<- *piece) *piece {
	select {
	case out <- p:
	case <-ctx.Done():
	}
	return &piece{index: p.index + 1}
}

// refiller is a reader that reads a bundle into memory which it is given, and
// gives the bundle, in that memory where it fits.
type refiller interface {
	ReadEntriesInto(ctx context.Context, index uint64, width int, memory []byte) ([]byte, error)
}

// bundleMemory is what bundles are read into. None of it is kept.
var bundleMemory = sync.Pool{New: func() any { return new([]byte) }}

// bundle reads and hashes a bundle.
func (s *Sifter) bundle(ctx context.Context, index uint64, width int) *sifted {
	memory := bundleMemory.Get().(*[]byte)
	defer bundleMemory.Put(memory)
	read := s.Log.ReadEntries
	r, own := s.Log.(refiller)
	if own {
		read = func(ctx context.Context, index uint64, width int) (data []byte, err error) {
			if data, err = r.ReadEntriesInto(ctx, index, width, *memory); err == nil {
				*memory = data
			}
			return data, err
		}
	}
	data, err := read(ctx, index, width)
	if err != nil && width < TileWidth {
		if whole, again := read(ctx, index, TileWidth); again == nil {
			data, err = whole, nil
		}
	}
	if err != nil {
		return &sifted{err: unreadable(err, EntriesPath(index, width), index*TileWidth)}
	}
	if !own { // another may read the same bytes
		*memory = append((*memory)[:0], data...)
		data = *memory
	}
	return s.sift(data, index, width)
}

// sift hashes the entries of a bundle where they lie, and overwrites their lengths:
// a leaf is hashed behind a zero byte. SPEC: RFC 6962 §2.1.
func (s *Sifter) sift(data []byte, index uint64, width int) *sifted {
	out := &sifted{}
	var leaves [TileWidth]Hash
	for i := range width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return &sifted{err: &Violation{BadTree, index*TileWidth + uint64(i), EntriesPath(index, width), "the file is not what its name says", errMalformed}}
		}
		n := int(binary.BigEndian.Uint16(data))
		data[1] = 0
		leaves[i] = sha256.Sum256(data[1 : 2+n])
		entry := data[2 : 2+n : 2+n]
		data = data[2+n:]
		k, err := s.Keep(index*TileWidth+uint64(i), entry)
		if err != nil {
			return &sifted{err: err}
		}
		if k != nil {
			out.kept = append(out.kept, k)
		}
	}
	if width < TileWidth {
		out.leaves = append(out.leaves, leaves[:width]...)
	} else {
		out.root = rootOf(leaves[:])
	}
	return out
}
