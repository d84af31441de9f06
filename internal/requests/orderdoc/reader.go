package orderdoc

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"

	"lerd/internal/fault"
)

// keptTexts is how many documents' texts are kept in memory, of a mebibyte each at
// most.
const keptTexts = 16

// Reader is a renderer that reads each document's text once: whoever takes a case up
// reads its order for the statement of risk, and a moment later for the comparison
// with the form. What could not be read is tried anew. Whether somebody may read a
// document is asked before it comes here.
type Reader struct {
	*Renderer
	mu    sync.Mutex
	texts map[[sha256.Size]byte]*reading
	order [][sha256.Size]byte // oldest first
	times atomic.Int64
}

// reading is one document's text; it may be read after done is closed.
type reading struct {
	done chan struct{}
	text string
	ok   bool
}

// NewReader keeps what r reads.
func NewReader(r *Renderer) *Reader {
	return &Reader{Renderer: r, texts: map[[sha256.Size]byte]*reading{}}
}

// Times tells how often the renderer was started for a text.
func (r *Reader) Times() int64 { return r.times.Load() }

// Text gives what the renderer's Text does, from memory where it was read before.
// Who asks while another reads waits for what comes of it.
func (r *Reader) Text(ctx context.Context, pdf []byte) (string, error) {
	key := sha256.Sum256(pdf)
	for {
		x, mine := r.claim(key)
		if mine {
			return r.readOnce(ctx, key, x, pdf)
		}
		select {
		case <-x.done:
			if x.ok {
				return x.text, nil
			}
		case <-ctx.Done():
			return "", fault.Because(fault.Unavailable, ctx.Err(), "The order is being read. Please try again.")
		}
	}
}

// claim gives what is kept of a document, or a new reading that is the caller's to do.
func (r *Reader) claim(key [sha256.Size]byte) (x *reading, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x, ok := r.texts[key]; ok {
		return x, false
	}
	x = &reading{done: make(chan struct{})}
	r.texts[key], r.order = x, append(r.order, key)
	if len(r.order) > keptTexts {
		delete(r.texts, r.order[0])
		r.order = r.order[1:]
	}
	return x, true
}

func (r *Reader) readOnce(ctx context.Context, key [sha256.Size]byte, x *reading, pdf []byte) (string, error) {
	defer close(x.done)
	r.times.Add(1)
	text, err := r.Renderer.Text(ctx, pdf)
	if err != nil {
		r.forget(key, x)
		return "", err
	}
	x.text, x.ok = text, true
	return text, nil
}

// forget drops a reading of which nothing came.
func (r *Reader) forget(key [sha256.Size]byte, x *reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.texts[key] != x {
		return
	}
	delete(r.texts, key)
	for i, k := range r.order {
		if k == key {
			r.order = append(r.order[:i:i], r.order[i+1:]...)
			return
		}
	}
}
