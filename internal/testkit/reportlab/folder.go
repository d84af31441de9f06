package reportlab

import (
	"bufio"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/transparency"
)

// Folder is a log in the layout of an export, with its openings beside it.
type Folder struct {
	Dir        string
	Checkpoint audit.Checkpoint
	Events     uint64
	Trust      audit.Trust
}

// LogDir is where the log lies.
func (f Folder) LogDir() string { return filepath.Join(f.Dir, "log") }

// Openings opens what the operator has.
func (f Folder) Openings() (*os.File, error) {
	return os.Open(filepath.Join(f.Dir, transparency.OpeningsName))
}

// keyName is the file of the key that the log is signed with.
const keyName = "log.vkey"

// Open gives a log that Write made earlier.
func Open(dir string) (f Folder, err error) {
	f.Dir = dir
	vkey, err := os.ReadFile(filepath.Join(dir, keyName))
	if err != nil {
		return f, err
	}
	if f.Trust, err = trusting(string(vkey)); err != nil {
		return f, err
	}
	signed, err := os.ReadFile(filepath.Join(f.LogDir(), audit.CheckpointPath))
	if err != nil {
		return f, err
	}
	c, err := audit.OpenCheckpoint(signed, f.Trust)
	f.Checkpoint, f.Events = c.Checkpoint, c.Size
	return f, err
}

func trusting(vkey string) (audit.Trust, error) {
	verifier, err := audit.NewVerifier(strings.TrimSpace(vkey))
	return audit.Trust{Log: []note.Verifier{verifier}}, err
}

// Size says how large a log is made.
type Size struct {
	Cases    int
	Looks    int // events of each case that nobody counts
	From, To time.Time
	Seed     uint64
	Workers  int // 0: 2
	// Each is told of every event in the order of the log, if not nil.
	Each func(Event) error
}

// Write makes a log of invented cases in a folder. Memory stays bounded: some
// thousand events are there at a time.
func Write(dir string, size Size) (f Folder, err error) {
	w := &writer{Folder: Folder{Dir: dir}, each: size.Each}
	if err := os.MkdirAll(w.LogDir(), 0o755); err != nil {
		return f, err
	}
	out, err := os.Create(filepath.Join(dir, transparency.OpeningsName))
	if err != nil {
		return f, err
	}
	w.openings = bufio.NewWriterSize(out, 1<<20)
	defer func() { err = errors.Join(err, w.openings.Flush(), out.Close()) }()
	for part := range w.told(size) {
		for _, e := range part {
			if err := w.add(e); err != nil {
				return f, err
			}
		}
	}
	if err := w.add(New(size.Seed + 1).Fraud(size.To.AddDate(0, 4, 0))); err != nil { // the log goes on after the books are closed
		return f, err
	}
	return w.Folder, w.finish()
}

// casesAtOnce is how many stories one worker tells at a time.
const casesAtOnce = 500

// told tells stories in parallel and gives their events in one order.
func (w *writer) told(size Size) <-chan []Event {
	turns, out := make(chan chan []Event, max(size.Workers, 2)), make(chan []Event)
	go func() {
		defer close(turns)
		for first := 0; first < size.Cases; first += casesAtOnce {
			turn := make(chan []Event, 1)
			turns <- turn
			go func() {
				lab := New(size.Seed ^ uint64(first+1)*0x9e3779b97f4a7c15)
				lab.n = uint64(first) << 16
				var events []Event
				for _, s := range Stories(size.Seed+uint64(first), min(casesAtOnce, size.Cases-first), size.From, size.To) {
					s.Looks = size.Looks
					events = append(events, lab.Tell(s)...)
				}
				turn <- events
			}()
		}
	}()
	go func() {
		defer close(out)
		for turn := range turns {
			out <- <-turn
		}
	}()
	return out
}

// writer writes bundles as they become full.
type writer struct {
	Folder
	each     func(Event) error
	state    audit.TreeState
	bundle   []byte
	leaves   []audit.Hash
	openings *bufio.Writer
}

func (w *writer) add(e Event) (err error) {
	if e.Opening != nil {
		if _, err := w.openings.Write(transparency.Opening{Index: w.Events, ValueOpening: *e.Opening}.Line()); err != nil {
			return err
		}
	}
	if w.each != nil {
		if err := w.each(e); err != nil {
			return err
		}
	}
	w.Events++
	w.leaves = append(w.leaves, audit.LeafHash(e.Entry))
	if w.bundle, err = audit.AppendBundle(w.bundle, e.Entry); err != nil {
		return err
	}
	if len(w.leaves) < audit.TileWidth {
		return nil
	}
	return w.flush()
}

func (w *writer) flush() error {
	if len(w.leaves) == 0 {
		return nil
	}
	index := w.state.Size / audit.TileWidth
	if err := w.put(audit.EntriesPath(index, len(w.leaves)), w.bundle); err != nil {
		return err
	}
	state, tiles, err := audit.Grow(w.state, w.leaves)
	if err != nil {
		return err
	}
	full := len(w.leaves) == audit.TileWidth
	for _, t := range tiles {
		if full && t.Width < audit.TileWidth {
			continue // it grows on
		}
		if err := w.put(t.Path(), t.Data); err != nil {
			return err
		}
	}
	w.state, w.bundle, w.leaves = state, w.bundle[:0], w.leaves[:0]
	return nil
}

func (w *writer) put(path string, b []byte) error {
	name := filepath.Join(w.LogDir(), filepath.FromSlash(path))
	err := os.WriteFile(name, b, 0o644)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(name), 0o755); err == nil {
			err = os.WriteFile(name, b, 0o644)
		}
	}
	return err
}

// finish writes the partial tiles and signs.
func (w *writer) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	for l, edge := range w.state.Edge {
		if len(edge) > 0 {
			var data []byte
			for _, h := range edge {
				data = append(data, h[:]...)
			}
			if err := w.put(audit.TilePath(uint8(l), w.state.Size>>(8*(l+1)), len(edge)), data); err != nil {
				return err
			}
		}
	}
	skey, vkey, err := audit.GenerateKey(rand.Reader, "lerd.example/big")
	if err != nil {
		return err
	}
	signer, err := audit.NewSigner(skey)
	if err != nil {
		return err
	}
	if w.Trust, err = trusting(vkey); err != nil {
		return err
	}
	w.Checkpoint = audit.Checkpoint{Origin: signer.Name(), Size: w.state.Size, Root: w.state.Root()}
	signed, err := w.Checkpoint.Sign(signer)
	if err != nil {
		return err
	}
	if err := w.put(audit.CheckpointPath, signed); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.Dir, keyName), []byte(vkey), 0o644)
}
