package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

func verify(log *audittest.Log, pins ...audit.Checkpoint) (audit.Report, error) {
	return audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, audit.VerifyOptions{Pinned: pins})
}

func wantBreach(t *testing.T, err error, want audit.Breach) *audit.Violation {
	t.Helper()
	var v *audit.Violation
	if !errors.As(err, &v) {
		t.Fatalf("%v is not a violation, want %s", err, want)
	}
	if v.Breach != want {
		t.Fatalf("%v, want %s", err, want)
	}
	return v
}

func TestHonestLogsVerify(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	for _, n := range []int{0, 1, 255, 256, 257, 600} {
		log := audittest.Build(t, key, audittest.Events(t, 0, n))
		report, err := verify(log, log.Checkpoint())
		if err != nil {
			t.Errorf("%d entries: %v", n, err)
			continue
		}
		if report.Entries != uint64(n) || report.Streams != uint64((n+6)/7) || report.Pinned != 1 || report.Checkpoint.Checkpoint != log.Checkpoint() {
			t.Errorf("%d entries: %+v", n, report)
		}
		if n > 0 && (!report.First.Equal(audittest.Event(0).At) || !report.Last.Equal(audittest.Event(n-1).At)) {
			t.Errorf("%d entries: from %v to %v", n, report.First, report.Last)
		}
	}
}

func TestGrowthVerifiesAgainstEveryPin(t *testing.T) {
	log := audittest.NewLog(audittest.NewKey(t, audittest.Origin))
	log.Append(t)
	pins := []audit.Checkpoint{log.Checkpoint()}
	for _, step := range [][2]int{{0, 3}, {3, 256}, {256, 700}, {700, 701}, {701, 66000}} {
		log.Append(t, audittest.Events(t, step[0], step[1])...)
		pins = append(pins, log.Checkpoint())
	}
	slices.Reverse(pins)
	report, err := verify(log, pins...)
	if err != nil || report.Pinned != len(pins) {
		t.Fatalf("%+v, %v", report, err)
	}
	// Full tiles stand in for partial ones that were tidied away.
	for path := range log.Files {
		if p, err := audit.ParsePath(path); err == nil && p.Width < 256 && log.Files[strings.Split(path, ".p")[0]] != nil {
			delete(log.Files, path)
		}
	}
	if _, err := verify(log, pins...); err != nil {
		t.Errorf("T10: %v", err)
	}
	// The older checkpoint verifies too, full tiles standing in for its partial ones.
	old := audittest.NewLog(log.Key)
	old.Append(t, log.Entries[:700]...)
	if _, err := audit.VerifyLog(context.Background(), log.Reader(), old.Files["checkpoint"].Data, log.Trust, audit.VerifyOptions{}); err != nil {
		t.Errorf("an older checkpoint over the grown log: %v", err)
	}
}

// tampering is a way to tamper with a log of 70,000 entries and what it leads to.
type tampering struct {
	name   string
	spoil  func(t *testing.T, l *audittest.Log)
	breach audit.Breach
	index  uint64 // of the first entry named
	path   string // of the file named, if it matters
}

func flip(path string, at int) func(*testing.T, *audittest.Log) {
	return func(t *testing.T, l *audittest.Log) {
		l.Edit(t, path, func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 0x04; return b })
	}
}

func remove(path string) func(*testing.T, *audittest.Log) {
	return func(t *testing.T, l *audittest.Log) {
		if l.Files[path] == nil {
			t.Fatalf("no file %s", path)
		}
		delete(l.Files, path)
	}
}

// rebundle rewrites a bundle with other entries; the tiles stay.
func rebundle(path string, change func([][]byte) [][]byte) func(*testing.T, *audittest.Log) {
	return func(t *testing.T, l *audittest.Log) {
		p, err := audit.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := audit.ParseBundle(l.Files[path].Data, p.Width)
		if err != nil {
			t.Fatal(err)
		}
		l.Edit(t, path, func([]byte) []byte { return audittest.Bundle(t, change(slices.Clone(entries))) })
	}
}

// cut takes n bytes off the end, all of them for n < 0.
func cut(path string, n int) func(*testing.T, *audittest.Log) {
	return func(t *testing.T, l *audittest.Log) {
		l.Edit(t, path, func(b []byte) []byte {
			if n < 0 {
				return nil
			}
			return b[:len(b)-n]
		})
	}
}

func pad(path string, data ...byte) func(*testing.T, *audittest.Log) {
	return func(t *testing.T, l *audittest.Log) {
		l.Edit(t, path, func(b []byte) []byte { return append(b, data...) })
	}
}

// rebuild replaces the whole log by one of other entries; key is the insider's.
func rebuild(key audittest.Key, change func([][]byte) [][]byte) func(*testing.T, *audittest.Log) {
	return func(t *testing.T, l *audittest.Log) {
		note := l.Files[audit.CheckpointPath]
		*l = *audittest.Build(t, l.Key, change(slices.Clone(l.Entries)))
		if key.Signer == nil { // without a key the old checkpoint is all there is
			l.Files[audit.CheckpointPath] = note
		} else {
			signed, err := l.Checkpoint().Sign(key.Signer)
			if err != nil {
				t.Fatal(err)
			}
			l.Edit(t, audit.CheckpointPath, func([]byte) []byte { return signed })
		}
	}
}

// editEntry replaces an entry by a valid event that says something else.
func editEntry(t *testing.T, n int) func([][]byte) [][]byte {
	return func(e [][]byte) [][]byte {
		ev := audittest.Event(n)
		ev.Actor.Person = "someone-else"
		e[n%len(e)] = audittest.Seal(t, ev, n)
		return e
	}
}

const bundle5, lastBundle = "tile/entries/005", "tile/entries/273.p/112"

func tamperings(t *testing.T) []tampering {
	other := audittest.Seal(t, audittest.Event(99999), 99999)
	swap := func(i, j int) func([][]byte) [][]byte {
		return func(e [][]byte) [][]byte { e[i], e[j] = e[j], e[i]; return e }
	}
	del := func(i int) func([][]byte) [][]byte {
		return func(e [][]byte) [][]byte { return slices.Delete(e, i, i+1) }
	}
	ins := func(i int) func([][]byte) [][]byte {
		return func(e [][]byte) [][]byte { return slices.Insert(e, i, other) }
	}
	drop := func(n int) func([][]byte) [][]byte { return func(e [][]byte) [][]byte { return e[:len(e)-n] } }
	return []tampering{
		{"T1 bit of an entry", flip(bundle5, 1000), audit.BadTree, 5*256 + 2, "tile/0/005"},
		{"T1 bit of a length", flip(bundle5, 1), audit.BadTree, 5 * 256, bundle5},
		{"T1 bit of the last entry", flip(lastBundle, -3), audit.BadTree, 69999, "tile/0/273.p/112"},
		{"T1 bit of a level 0 tile", flip("tile/0/005", 33), audit.BadTree, 5*256 + 1, "tile/0/005"},
		{"T1 bit of the partial level 0 tile", flip("tile/0/273.p/112", 64), audit.BadTree, 273*256 + 2, ""},
		{"T1 bit of a level 1 tile", flip("tile/1/000", 32*7), audit.BadTree, 7 * 256, "tile/1/000"},
		{"T1 bit of the partial level 1 tile", flip("tile/1/001.p/17", -1), audit.BadTree, (256 + 16) * 256, ""},
		{"T1 bit of the level 2 tile", flip("tile/2/000.p/1", 0), audit.BadTree, 0, "tile/2/000.p/1"},
		{"T2 first entry deleted", rebundle("tile/entries/000", del(0)), audit.BadTree, 0, "tile/entries/000"},
		{"T2 middle entry deleted", rebundle(bundle5, del(100)), audit.BadTree, 5 * 256, bundle5},
		{"T2 last entry deleted", rebundle(lastBundle, drop(1)), audit.BadTree, 273 * 256, lastBundle},
		{"T2 tail deleted", rebundle(lastBundle, drop(50)), audit.BadTree, 273 * 256, lastBundle},
		{"T3 two entries swapped", rebundle(bundle5, swap(3, 4)), audit.BadTree, 5*256 + 3, "tile/0/005"},
		{"T4 entry inserted", rebundle(bundle5, ins(9)), audit.BadTree, 5 * 256, bundle5},
		{"T4 entry appended to a full bundle", rebundle(bundle5, ins(256)), audit.BadTree, 5 * 256, bundle5},
		{"T4 entry appended to the partial bundle", rebundle(lastBundle, ins(112)), audit.BadTree, 273 * 256, lastBundle},
		{"T4 empty entry appended", pad(lastBundle, 0, 0), audit.BadTree, 273 * 256, lastBundle},
		{"T4 entry pushed out of its bundle", rebundle(bundle5, func(e [][]byte) [][]byte { return slices.Insert(e, 9, other)[:256] }), audit.BadTree, 5*256 + 9, "tile/0/005"},
		{"T5 bundle cut inside an entry", cut(bundle5, 10), audit.BadTree, 5 * 256, bundle5},
		{"T5 bundle empty", cut(bundle5, -1), audit.BadTree, 5 * 256, bundle5},
		{"T5 tile cut by a hash", cut("tile/0/005", 32), audit.BadTree, 5 * 256, "tile/0/005"},
		{"T5 tile cut by a byte", cut("tile/1/001.p/17", 1), audit.BadTree, 256 * 256, ""},
		{"T5 tile with a hash too many", pad("tile/0/273.p/112", make([]byte, 32)...), audit.BadTree, 273 * 256, ""},
		{"T10 bundle missing", remove(bundle5), audit.Missing, 5 * 256, bundle5},
		{"T10 tile missing", remove("tile/0/005"), audit.Missing, 5 * 256, "tile/0/005"},
		{"T10 partial level 1 tile missing", remove("tile/1/001.p/17"), audit.Missing, 256 * 256, ""},
		{"T10 partial bundle missing", remove(lastBundle), audit.Missing, 273 * 256, lastBundle},
		{"T10 checkpoint missing", remove("checkpoint"), audit.Missing, 0, "checkpoint"},
		{"T7 edited and rebuilt without key", rebuild(audittest.Key{}, editEntry(t, 5)), audit.BadTree, 70000, "checkpoint"},
		{"T7 rebuilt, signed with another key of the same name", rebuild(audittest.NewKey(t, audittest.Origin), editEntry(t, 5)), audit.BadNote, 0, "checkpoint"},
	}
}

// T1 to T5, T7 and T10: whatever is changed in a log, it is found and named.
func TestTamperingIsFound(t *testing.T) {
	honest := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 70000))
	if _, err := verify(honest, honest.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	for _, c := range tamperings(t) {
		t.Run(c.name, func(t *testing.T) {
			log := honest.Clone()
			c.spoil(t, log)
			// What is wrong with the last entries is found after all others were
			// read; that those are events is then not what is tested.
			opts := audit.VerifyOptions{Opaque: c.index > 60000}
			_, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, opts)
			v := wantBreach(t, err, c.breach)
			if v.Index != c.index || (c.path != "" && v.Path != c.path) {
				t.Errorf("names entry %d at %s, want %d at %s (%v)", v.Index, v.Path, c.index, c.path, v)
			}
		})
	}
}

// T8 and T11: who has the signing key can deceive everyone but those who kept an
// earlier checkpoint.
func TestPinsCatchTheInsider(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	honest := audittest.Build(t, key, audittest.Events(t, 0, 600))
	pin := honest.Checkpoint()
	more := func(e [][]byte) [][]byte { return append(e, audittest.Events(t, 600, 700)...) }
	for name, c := range map[string]struct {
		change func([][]byte) [][]byte
		breach audit.Breach
	}{
		"rollback":    {func(e [][]byte) [][]byte { return e[:500] }, audit.Rollback},
		"to nothing":  {func(e [][]byte) [][]byte { return nil }, audit.Rollback},
		"fork":        {editEntry(t, 5), audit.Fork},
		"larger fork": {func(e [][]byte) [][]byte { return more(editEntry(t, 599)(e)) }, audit.Fork},
	} {
		log := honest.Clone()
		rebuild(key, c.change)(t, log)
		if _, err := verify(log); err != nil {
			t.Errorf("%s: without a pin it must pass, or the pin is not what catches it: %v", name, err)
		}
		_, err := verify(log, pin)
		wantBreach(t, err, c.breach)
	}
	grown := honest.Clone()
	rebuild(key, more)(t, grown)
	if _, err := verify(grown, pin); err != nil {
		t.Errorf("honest growth: %v", err)
	}
	foreign := pin
	foreign.Origin = "elsewhere.example/audit"
	_, err := verify(honest, foreign)
	wantBreach(t, err, audit.BadNote)
}

// What a signature and a tree cannot tell: the events themselves must be in
// order. Each log here is rightly signed.
func TestOrderOfEventsIsVerified(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	edit := func(n int, change func(*audit.Event)) func([][]byte) [][]byte {
		return func(e [][]byte) [][]byte {
			ev := audittest.Event(n)
			change(&ev)
			e[n] = audittest.Seal(t, ev, n)
			return e
		}
	}
	for name, c := range map[string]struct {
		change func([][]byte) [][]byte
		breach audit.Breach
		index  uint64
	}{
		"gap in a stream":          {func(e [][]byte) [][]byte { return slices.Delete(e, 302, 303) }, audit.BadOrder, 302},
		"stream begins at 2":       {func(e [][]byte) [][]byte { return e[1:] }, audit.BadOrder, 0},
		"versions exchanged":       {func(e [][]byte) [][]byte { e[8], e[9] = e[9], e[8]; return e }, audit.BadOrder, 8},
		"version twice":            {edit(9, func(e *audit.Event) { e.Version = 2 }), audit.BadOrder, 9},
		"entry twice":              {func(e [][]byte) [][]byte { return append(e, e[4]) }, audit.BadOrder, 600},
		"id twice":                 {edit(14, func(e *audit.Event) { e.ID = audittest.EventID(3) }), audit.BadOrder, 14},
		"effect before its cause":  {edit(14, func(e *audit.Event) { e.Causes = []audit.EventID{audittest.EventID(400)} }), audit.BadOrder, 14},
		"cause is not in the log":  {edit(14, func(e *audit.Event) { e.Causes = []audit.EventID{audittest.EventID(5000)} }), audit.BadOrder, 14},
		"entry that is not JSON":   {func(e [][]byte) [][]byte { e[300] = []byte("x"); return e }, audit.BadEntry, 300},
		"empty entry":              {func(e [][]byte) [][]byte { e[300] = nil; return e }, audit.BadEntry, 300},
		"entry with a space in it": {func(e [][]byte) [][]byte { e[599] = append([]byte(" "), e[599]...); return e }, audit.BadEntry, 599},
	} {
		t.Run(name, func(t *testing.T) {
			log := audittest.Build(t, key, c.change(audittest.Events(t, 0, 600)))
			for _, memory := range []int{0, 1000} { // with and without files
				dir := t.TempDir()
				opts := audit.VerifyOptions{Memory: memory, TempDir: dir}
				_, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, opts)
				if v := wantBreach(t, err, c.breach); v.Index != c.index {
					t.Errorf("names entry %d, want %d: %v", v.Index, c.index, v)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v %v", left, err)
				}
			}
			opts := audit.VerifyOptions{Opaque: true}
			if _, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, opts); err != nil {
				t.Errorf("its tree is whole: %v", err)
			}
		})
	}
	log := audittest.Build(t, key, audittest.Events(t, 0, 600))
	opts := audit.VerifyOptions{Memory: 1000, TempDir: t.TempDir()}
	if r, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, opts); err != nil || r.Streams != 86 {
		t.Errorf("an honest log, records in files: %+v, %v", r, err)
	}
}

// No single flipped bit anywhere in a published log goes unnoticed.
func TestEveryBitCounts(t *testing.T) {
	honest := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 257))
	paths := slices.Sorted(func(yield func(string) bool) {
		for p := range honest.Files {
			if !yield(p) {
				return
			}
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		path := rapid.SampledFrom(paths).Draw(rt, "path")
		data := honest.Files[path].Data
		at, bit := rapid.IntRange(0, len(data)-1).Draw(rt, "byte"), rapid.IntRange(0, 7).Draw(rt, "bit")
		files := fstest.MapFS{}
		for p, f := range honest.Files {
			files[p] = f
		}
		spoiled := bytes.Clone(data)
		spoiled[at] ^= 1 << bit
		files[path] = &fstest.MapFile{Data: spoiled}
		if _, err := audit.VerifyLog(context.Background(), audit.FSReader{FS: files}, nil, honest.Trust, audit.VerifyOptions{}); err == nil {
			rt.Fatalf("bit %d of byte %d of %s was flipped and the log verifies", bit, at, path)
		}
	})
}

func TestProgressAndCancelling(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 70000))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var seen []audit.Progress
	opts := audit.VerifyOptions{
		Now:      func() time.Time { now = now.Add(time.Second); return now },
		Progress: func(p audit.Progress) { seen = append(seen, p) },
	}
	if _, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, opts); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 3 || seen[0].Left <= 0 || seen[len(seen)-1] != (audit.Progress{Done: 70000, Size: 70000}) {
		t.Errorf("%+v", seen)
	}
	ctx, cancel := context.WithCancel(context.Background())
	opts.Progress = func(audit.Progress) { cancel() }
	_, err := audit.VerifyLog(ctx, log.Reader(), nil, log.Trust, opts)
	if v := wantBreach(t, err, audit.Unsettled); !errors.Is(v, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestVerifyNeedsAKey(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 3))
	_, err := audit.VerifyLog(context.Background(), log.Reader(), nil, audit.Trust{}, audit.VerifyOptions{})
	wantBreach(t, err, audit.BadNote)
	_, err = audit.VerifyLog(context.Background(), log.Reader(), nil, audit.Trust{Witnesses: []note.Verifier{log.Trust.Log[0]}}, audit.VerifyOptions{})
	wantBreach(t, err, audit.BadNote)
	if s := fmt.Sprint(err); !strings.Contains(s, "key") {
		t.Errorf("%s does not say what is missing", s)
	}
}
