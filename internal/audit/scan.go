package audit

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"
)

// readAhead is how many bundles are fetched and hashed before their turn: it
// hides the latency of a web server and uses more than one core.
const readAhead = 8

// block is one bundle of the log with what can be computed of it alone.
type block struct {
	index   uint64   // of the bundle
	entries [][]byte // in order
	leaves  []Hash
	tile    []byte     // the stored level 0 tile over the same entries
	noTile  error      // why it could not be had
	events  []eventRef // unless the entries are opaque
	broken  int        // the entry that is not an event, if err says so
	err     error
	fetched error // the bundle could not be had or is malformed
}

// eventRef is what the checks of order need of an event.
type eventRef struct {
	id      [16]byte
	stream  [16]byte // SHA-256 of the stream's name, cut
	version int64
	causes  [][16]byte
	at      time.Time
	epoch   int64
	marked  bool // it tells of epochs: their watch sees it whole
}

// scanBundles visits the bundles from first up to the end of
// a log of that size, in order.
func scanBundles(ctx context.Context, r TileReader, first, size uint64, opaque bool, visit func(*block) error) error {
	// Whoever reads ahead is done when this returns: the reader may go away then.
	var readers sync.WaitGroup
	defer readers.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan chan *block, readAhead)
	readers.Go(func() {
		defer close(queue)
		for i := first; widthAt(size, 0, i) > 0; i++ {
			turn := make(chan *block, 1)
			select {
			case queue <- turn:
			case <-ctx.Done():
				return
			}
			readers.Go(func() { turn <- readBlock(ctx, r, i, widthAt(size, 0, i), opaque) })
		}
	})
	for turn := range queue {
		b := <-turn
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.fetched != nil {
			return unreadable(b.fetched, EntriesPath(b.index, widthAt(size, 0, b.index)), b.index*TileWidth)
		}
		if err := visit(b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// unreadable says why a file could not be used.
func unreadable(err error, path string, index uint64) error {
	if errors.Is(err, fs.ErrNotExist) {
		reason := "the file is not there"
		if path == CheckpointPath {
			reason += "; is this the folder or the address of a whole log, as lerd audit export writes it?"
		}
		return &Violation{Missing, index, path, reason, nil}
	}
	if errors.Is(err, errMalformed) {
		return &Violation{BadTree, index, path, "the file is not what its name says", err}
	}
	return &Violation{Unsettled, index, path, "the file could not be read", err}
}

func readBlock(ctx context.Context, r TileReader, index uint64, width int, opaque bool) *block {
	b := &block{index: index}
	if b.entries, b.fetched = fetchEntries(ctx, r, index, width); b.fetched != nil {
		return b
	}
	b.leaves = make([]Hash, width)
	for i, e := range b.entries {
		b.leaves[i] = LeafHash(e)
	}
	b.tile, b.noTile = fetchTile(ctx, r, 0, index, width)
	if opaque {
		return b
	}
	b.events = make([]eventRef, 0, width)
	var s refScanner
	text := string(bytes.Join(b.entries, nil)) // once for all of them
	for i, e := range b.entries {
		ref, err := s.ref(text[:len(e)])
		text = text[len(e):]
		if err != nil {
			b.broken, b.err = i, err
			return b
		}
		b.events = append(b.events, ref)
	}
	return b
}
