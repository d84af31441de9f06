package transparency_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"slices"
	"sort"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/testkit/reportlab"
	"lerd/internal/transparency"
	"lerd/internal/transparency/rulefile"
)

var (
	quarterBegins = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	third         = transparency.Period{Year: 2026, Quarter: 3}
)

// world is a log of invented cases with what a stranger gets of it.
type world struct {
	t       testing.TB
	stories []reportlab.Story
	fraud   []time.Time
	events  []reportlab.Event
	log     *audittest.Log
	rules   transparency.Rules
	signer  note.Signer
	keys    note.Verifiers
	epochs  []audit.EpochBegun
}

func rules(t testing.TB) transparency.Rules {
	t.Helper()
	r, err := rulefile.Load(os.DirFS("../../policies"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newWorld makes n cases around the third quarter of 2026, and one event after the
// books were closed.
func newWorld(t testing.TB, seed uint64, n int) *world {
	t.Helper()
	w := &world{t: t, rules: rules(t), stories: reportlab.Stories(seed, n, quarterBegins.AddDate(0, -2, 0), quarterBegins.AddDate(0, 4, 0)),
		fraud: []time.Time{quarterBegins.AddDate(0, 1, 0), quarterBegins.AddDate(0, 1, 2), quarterBegins.AddDate(0, 5, 0)}}
	w.build(seed)
	return w
}

// build seals the stories into a log and signs it.
func (w *world) build(seed uint64) {
	lab := reportlab.New(seed)
	w.events = nil
	for _, s := range w.stories {
		w.events = append(w.events, lab.Tell(s)...)
	}
	for _, at := range w.fraud {
		w.events = append(w.events, lab.Fraud(at))
	}
	w.events = append(w.events, lab.Fraud(third.CutOff(w.rules.CutOffDays).Add(time.Hour)))
	reportlab.Sort(w.events)
	w.seal(audittest.NewKey(w.t, audittest.Origin))
	skey, vkey, err := note.GenerateKey(rand.Reader, transparency.KeyName(audittest.Origin))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.signer, err = note.NewSigner(skey); err != nil {
		w.t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		w.t.Fatal(err)
	}
	w.keys = note.VerifierList(v)
}

func (w *world) seal(key audittest.Key) {
	entries := make([][]byte, len(w.events))
	for i, e := range w.events {
		entries[i] = e.Entry
	}
	w.log = audittest.Build(w.t, key, entries)
}

// openings is what the operator has.
type openings []transparency.Opening

// From gives a stretch.
func (o openings) From(_ context.Context, first, end uint64) (out []transparency.Opening, err error) {
	at := func(index uint64) int {
		return sort.Search(len(o), func(i int) bool { return o[i].Index >= index })
	}
	return o[at(first):at(end)], nil
}

func (w *world) openings() (out openings) {
	for i, e := range w.events {
		if e.Opening != nil {
			out = append(out, transparency.Opening{Index: uint64(i), ValueOpening: *e.Opening})
		}
	}
	return out
}

func (w *world) head() transparency.LogHead {
	c := w.log.Checkpoint()
	return transparency.LogHead{Origin: c.Origin, Size: c.Size, Root: c.Root}
}

func (w *world) order() transparency.Order {
	return transparency.Order{Period: third, Rules: w.rules, Log: w.head()}
}

func (w *world) source() transparency.Source {
	return transparency.Source{Log: w.log.Reader(), Checkpoint: w.log.Checkpoint(), Openings: w.openings(), Epochs: w.epochs, Trust: w.log.Trust}
}

func (w *world) book() *transparency.Book {
	w.t.Helper()
	b, err := transparency.Collect(context.Background(), w.source())
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) report(o transparency.Order) *transparency.Report {
	w.t.Helper()
	r, err := w.book().Make(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// publish gives the files that a stranger gets.
func (w *world) publish(o transparency.Order) fstest.MapFS {
	w.t.Helper()
	return w.pack(w.report(o), w.needed(o))
}

func (w *world) needed(o transparency.Order) (out openings) {
	need := w.book().Needed(o)
	for _, x := range w.openings() {
		if _, ok := slices.BinarySearch(need, x.Index); ok {
			out = append(out, x)
		}
	}
	return out
}

// pack signs a report and puts openings beside it.
func (w *world) pack(r *transparency.Report, open openings) fstest.MapFS {
	w.t.Helper()
	seal, err := r.Seal(w.signer)
	if err != nil {
		w.t.Fatal(err)
	}
	dir := fstest.MapFS{transparency.SealName: {Data: seal}}
	for name, b := range r.Files() {
		dir[name] = &fstest.MapFile{Data: b}
	}
	var lines bytes.Buffer
	for _, x := range open {
		lines.Write(x.Line())
	}
	dir[transparency.OpeningsName] = &fstest.MapFile{Data: lines.Bytes()}
	return dir
}

func (w *world) verify(dir fstest.MapFS) error {
	_, err := transparency.Check{Dir: dir, Log: w.log.Reader(), Trust: w.log.Trust, Keys: w.keys, TempDir: w.t.TempDir()}.Run(context.Background())
	return err
}

var _ audit.LogReader = audit.FSReader{}

func bytesReader(b []byte) *bytes.Reader { return bytes.NewReader(b) }
