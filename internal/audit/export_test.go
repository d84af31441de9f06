package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

func export(log *audittest.Log, dir string) (audit.SignedCheckpoint, error) {
	return audit.Exporter{Source: log.Reader(), Dir: dir, Trust: log.Trust}.Export(context.Background())
}

func verifyDir(log *audittest.Log, dir string) (audit.Report, error) {
	return audit.VerifyLog(context.Background(), audit.DirReader(dir), nil, log.Trust, audit.VerifyOptions{})
}

// files gives the contents of every published file of a folder.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".lock" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameAs compares a folder with the log that it must hold, byte for byte.
func sameAs(t *testing.T, dir string, log *audittest.Log) {
	t.Helper()
	got := files(t, dir)
	for path, f := range log.Files {
		if !bytes.Equal(got[path], f.Data) {
			t.Errorf("%s differs or is missing", path)
		}
		delete(got, path)
	}
	for path := range got {
		t.Errorf("%s is too many", path)
	}
}

func TestExportOfEverySize(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	for _, n := range []int{0, 1, 255, 256, 257, 700} {
		log := audittest.Build(t, key, audittest.Events(t, 0, n))
		dir := t.TempDir()
		c, err := export(log, dir)
		if err != nil || c.Checkpoint != log.Checkpoint() {
			t.Fatalf("%d: %+v, %v", n, c, err)
		}
		sameAs(t, dir, log)
		if r, err := verifyDir(log, dir); err != nil || r.Entries != uint64(n) {
			t.Errorf("%d: %+v, %v", n, r, err)
		}
	}
}

func TestExportGrowsWithTheLog(t *testing.T) {
	log := audittest.NewLog(audittest.NewKey(t, audittest.Origin))
	dir := filepath.Join(t.TempDir(), "a", "b")
	for _, step := range [][2]int{{0, 0}, {0, 10}, {10, 10}, {10, 256}, {256, 300}, {300, 1000}} {
		log.Append(t, audittest.Events(t, step[0], step[1])...)
		if _, err := export(log, dir); err != nil {
			t.Fatalf("%v: %v", step, err)
		}
		sameAs(t, dir, log)
	}
	// Only what is new is read again.
	counter := &countingReader{LogReader: log.Reader()}
	log.Append(t, audittest.Events(t, 1000, 1100)...)
	counter.LogReader = log.Reader()
	if _, err := (audit.Exporter{Source: counter, Dir: dir, Trust: log.Trust}).Export(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := counter.bundles.Load(); n != 2 {
		t.Errorf("%d bundles were read, 2 are new", n)
	}
	sameAs(t, dir, log)
}

type countingReader struct {
	audit.LogReader
	bundles atomic.Int64 // read from several goroutines
	limit   int          // bundles after which reading fails, 0 for never
}

var errGone = errors.New("the source has gone away")

func (c *countingReader) ReadEntries(ctx context.Context, index uint64, width int) ([]byte, error) {
	if c.limit > 0 && int(index) >= c.limit {
		return nil, errGone
	}
	if index >= 3 { // of 3 earlier bundles of the growing log
		c.bundles.Add(1)
	}
	return c.LogReader.ReadEntries(ctx, index, width)
}

// C4 in small: a run that dies anywhere leaves no checkpoint, and the next one
// goes on from what is there.
func TestExportResumes(t *testing.T) {
	ctx := context.Background()
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 256*260+77))
	dir := t.TempDir()
	for _, limit := range []int{3, 256, 259} {
		dying := audit.Exporter{Source: &countingReader{LogReader: log.Reader(), limit: limit}, Dir: dir, Trust: log.Trust}
		if _, err := dying.Export(ctx); !errors.Is(err, errGone) {
			t.Fatalf("limit %d: %v", limit, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "checkpoint")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("limit %d: there is a checkpoint: %v", limit, err)
		}
	}
	// What a crash of the machine can add: a half-written file, a lost one.
	if err := os.WriteFile(filepath.Join(dir, "tile", "0", ".tmp-1"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lost := range []string{audit.TilePath(0, 258, 256), audit.EntriesPath(257, 256)} {
		if err := os.Remove(filepath.Join(dir, lost)); err != nil {
			t.Fatal(err)
		}
	}
	source := &countingReader{LogReader: log.Reader()}
	if _, err := (audit.Exporter{Source: source, Dir: dir, Trust: log.Trust}).Export(ctx); err != nil {
		t.Fatal(err)
	}
	if n := source.bundles.Load(); n > 10 {
		t.Errorf("%d bundles were read again", n)
	}
	sameAs(t, dir, log)
	if err := os.Remove(filepath.Join(dir, audit.TilePath(1, 0, 256))); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "checkpoint"))
	if _, err := export(log, dir); err != nil { // a level 1 tile lost: it is made again
		t.Fatal(err)
	}
	sameAs(t, dir, log)
}

// What a dead run copied from a source that was wrong then does not stay.
func TestExportReplacesWrongLeftovers(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 1000))
	wrong := log.Clone()
	rebuild(audittest.Key{}, editEntry(t, 5))(t, wrong)
	dir := t.TempDir()
	for path, f := range wrong.Files {
		name := filepath.Join(dir, path)
		if path == audit.CheckpointPath {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := export(log, dir); err != nil {
		t.Fatal(err)
	}
	sameAs(t, dir, log)
}

// A source that is wrong gives no checkpoint to a new folder either.
func TestExportOfAWrongSource(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 1000))
	for name, spoil := range map[string]func(*testing.T, *audittest.Log){
		"rebuilt without key": rebuild(audittest.Key{}, editEntry(t, 5)),
		"inner tile":          flip("tile/0/001", -1),
		"inner entry":         flip("tile/entries/001", -9),
	} {
		wrong, dir := log.Clone(), t.TempDir()
		spoil(t, wrong)
		_, err := export(wrong, dir)
		wantBreach(t, err, audit.BadTree)
		if _, err := os.Stat(filepath.Join(dir, "checkpoint")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: was published", name)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	log := audittest.Build(t, key, audittest.Events(t, 0, 600))
	for name, c := range map[string]struct {
		spoil  func(*testing.T, *audittest.Log)
		breach audit.Breach
	}{
		"a tampered entry":     {flip("tile/entries/001", -9), audit.BadTree},
		"an entry it has":      {flip("tile/entries/001", 1000), audit.Fork},
		"a tampered tile":      {flip("tile/1/000.p/2", 0), audit.BadTree},
		"a missing bundle":     {remove("tile/entries/002.p/88"), audit.Missing},
		"a missing checkpoint": {remove("checkpoint"), audit.Missing},
		"a tampered signature": {flip("checkpoint", -10), audit.BadNote},
		"a rollback":           {rebuild(key, func(e [][]byte) [][]byte { return e[:200] }), audit.Rollback},
		"a fork":               {rebuild(key, editEntry(t, 200)), audit.Fork},
		"a larger fork": {rebuild(key, func(e [][]byte) [][]byte {
			return append(editEntry(t, 299)(e), audittest.Events(t, 600, 900)...)
		}), audit.Fork},
		"a fork in full tiles": {rebuild(key, func(e [][]byte) [][]byte {
			return append(editEntry(t, 2)(e), audittest.Events(t, 600, 900)...)
		}), audit.Fork},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			part := audittest.Build(t, key, log.Entries[:300])
			if _, err := export(part, dir); err != nil {
				t.Fatal(err)
			}
			bad := log.Clone()
			c.spoil(t, bad)
			_, err := export(bad, dir)
			wantBreach(t, err, c.breach)
			for path, want := range part.Files { // what was published still stands
				if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || !bytes.Equal(got, want.Data) {
					t.Errorf("%s was changed: %v", path, err)
				}
			}
			if _, err := verifyDir(part, dir); err != nil {
				t.Error(err)
			}
			if _, err := export(log, dir); err != nil { // and the honest log can go on
				t.Fatal(err)
			}
			if _, err := verifyDir(log, dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestExportIntoATamperedFolder(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	log := audittest.Build(t, key, audittest.Events(t, 0, 600))
	dir := t.TempDir()
	if _, err := export(audittest.Build(t, key, log.Entries[:300]), dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tile/0/001.p/44")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = export(log, dir)
	wantBreach(t, err, audit.BadTree)
}

func TestExportsAtOnceDoNotMix(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 2000))
	dir := t.TempDir()
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			_, err := export(log, dir)
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	sameAs(t, dir, log)
}

func TestExportProgress(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 600))
	var seen []string
	e := audit.Exporter{Source: log.Reader(), Dir: t.TempDir(), Trust: log.Trust, Progress: func(done, size uint64) { seen = append(seen, fmt.Sprint(done, "/", size)) }}
	if _, err := e.Export(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"256/600", "512/600", "600/600"}; !slices.Equal(seen, want) {
		t.Errorf("%v, want %v", seen, want)
	}
}
