// Package audittest makes logs to test with.
//
// Invariant: a Log is built with audit.Grow from valid events, as the real one
// is, so that what verifies here verifies there; nothing is hard-coded.
package audittest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
)

// Origin is the name of every log made here.
const Origin = "lerd.example/audit"

// Key is a log's key pair.
type Key struct {
	Signer      note.Signer
	Trust       audit.Trust
	VerifierKey string // in note format, as it is handed out
}

// NewKey makes a key pair of that name.
func NewKey(t testing.TB, origin string) Key {
	t.Helper()
	skey, vkey, err := audit.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := audit.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return Key{signer, audit.Trust{Log: []note.Verifier{verifier}}, vkey}
}

// Log is a log in memory. Files holds its layout, to be tampered with by Edit.
type Log struct {
	Key
	Files   fstest.MapFS
	Entries [][]byte
	State   audit.TreeState
}

// NewLog makes an empty, unpublished log.
func NewLog(key Key) *Log { return &Log{Key: key, Files: fstest.MapFS{}} }

// Build makes a log of entries and publishes it once.
func Build(t testing.TB, key Key, entries [][]byte) *Log {
	t.Helper()
	l := NewLog(key)
	l.Append(t, entries...)
	return l
}

// Reader reads the log as it stands now and as it will be tampered with.
func (l *Log) Reader() audit.LogReader { return audit.FSReader{FS: l.Files} }

// Append adds entries and publishes the new size.
func (l *Log) Append(t testing.TB, entries ...[]byte) {
	t.Helper()
	leaves := make([]audit.Hash, len(entries))
	for i, e := range entries {
		leaves[i] = audit.LeafHash(e)
	}
	first := len(l.Entries) / audit.TileWidth
	l.Entries = append(l.Entries, entries...)
	state, tiles, err := audit.Grow(l.State, leaves)
	if err != nil {
		t.Fatal(err)
	}
	l.State = state
	for _, tile := range tiles {
		l.put(tile.Path(), tile.Data)
	}
	for i := first; i*audit.TileWidth < len(l.Entries); i++ {
		l.bundle(t, i)
	}
	l.Sign(t)
}

func (l *Log) bundle(t testing.TB, i int) {
	t.Helper()
	part := l.Entries[i*audit.TileWidth : min((i+1)*audit.TileWidth, len(l.Entries))]
	l.put(audit.EntriesPath(uint64(i), len(part)), Bundle(t, part))
}

// Bundle gives the bytes of an entry bundle.
func Bundle(t testing.TB, entries [][]byte) (data []byte) {
	t.Helper()
	for _, e := range entries {
		var err error
		if data, err = audit.AppendBundle(data, e); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

// Checkpoint is the log's present one.
func (l *Log) Checkpoint() audit.Checkpoint {
	return audit.Checkpoint{Origin: l.Signer.Name(), Size: l.State.Size, Root: l.State.Root()}
}

// Sign publishes the present checkpoint.
func (l *Log) Sign(t testing.TB) {
	t.Helper()
	signed, err := l.Checkpoint().Sign(l.Signer)
	if err != nil {
		t.Fatal(err)
	}
	l.put(audit.CheckpointPath, signed)
}

func (l *Log) put(path string, data []byte) {
	l.Files[path] = &fstest.MapFile{Data: append([]byte(nil), data...)}
}

// Clone gives a copy whose files can be edited alone.
func (l *Log) Clone() *Log {
	c := *l
	c.Files = maps.Clone(l.Files)
	return &c
}

// Edit replaces the contents of a published file.
func (l *Log) Edit(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	f := l.Files[path]
	if f == nil {
		t.Fatalf("no file %s", path)
	}
	l.put(path, change(slices.Clone(f.Data)))
}

// EventID gives the id of Events' event n.
func EventID(n int) audit.EventID {
	return audit.EventID(fmt.Sprintf("00000000-0000-4000-8000-%012x", n))
}

// Event gives event n of a log in which seven events make a stream and every
// third event relies on an earlier one of another stream.
func Event(n int) audit.Event {
	e := audit.Event{
		ID: EventID(n), Stream: fmt.Sprintf("request:%d", n/7), Version: int64(n%7 + 1),
		Kind: "request.step", At: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC),
		Actor: audit.Actor{Person: fmt.Sprintf("p-%d", n%5), Role: "reviewer", Session: "s"},
		Facts: map[string]string{"from": "in_review", "to": "qualified"},
		Rows:  []audit.Row{{Table: "requests", ID: fmt.Sprint(n / 7), Canonical: []byte("row")}},
	}
	if n%3 == 2 && n > 10 {
		e.Causes = []audit.EventID{EventID(n - 9)}
	}
	return e
}

// Seal gives an event's entry with a nonce and a salt made of its number.
func Seal(t testing.TB, e audit.Event, n int) []byte {
	t.Helper()
	entry, err := e.Seal(audit.Nonce{byte(n), byte(n >> 8), byte(n >> 16)}, audit.Salt{byte(n)})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// sealed remembers the entries of Events, which many tests ask for again.
var sealed struct {
	sync.Mutex
	entries [][]byte
}

// Events gives the entries of events from up to but not including to. The slice
// is the caller's, the entries are not to be written to.
func Events(t testing.TB, from, to int) [][]byte {
	t.Helper()
	sealed.Lock()
	defer sealed.Unlock()
	for n := len(sealed.entries); n < to; n++ {
		sealed.entries = append(sealed.entries, Seal(t, Event(n), n))
	}
	return slices.Clone(sealed.entries[from:to])
}
