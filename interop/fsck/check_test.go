package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/transparency-dev/tessera/client"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// timeout is how long a check of the test logs may take; a standstill costs it.
const timeout = 5 * time.Second

// exported writes a log with lerd's exporter.
func exported(t *testing.T, log *audittest.Log) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := (audit.Exporter{Source: log.Reader(), Dir: dir, Trust: log.Trust}).Export(context.Background()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func theirs(log *audittest.Log, dir string) error {
	return Check(context.Background(), counting{client.FileFetcher{Root: dir}}, log.VerifierKey, timeout)
}

func theirsAlone(log *audittest.Log, dir string) error {
	return Check(context.Background(), client.FileFetcher{Root: dir}, log.VerifierKey, timeout)
}

func ours(log *audittest.Log, dir string, pins ...audit.Checkpoint) error {
	_, err := audit.VerifyLog(context.Background(), audit.DirReader(dir), nil, log.Trust, audit.VerifyOptions{Pinned: pins})
	return err
}

func TestExportedLogsPass(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	for _, n := range []int{0, 1, 255, 256, 257, 70000} {
		log := audittest.Build(t, key, audittest.Events(t, 0, n))
		dir := exported(t, log)
		if err := theirs(log, dir); err != nil {
			t.Errorf("%d entries: Tessera says %v", n, err)
		}
		if err := ours(log, dir, log.Checkpoint()); err != nil {
			t.Errorf("%d entries: we say %v", n, err)
		}
	}
}

func TestLogGrownByExportsPasses(t *testing.T) {
	log := audittest.NewLog(audittest.NewKey(t, audittest.Origin))
	dir := t.TempDir()
	for _, step := range [][2]int{{0, 3}, {3, 256}, {256, 700}, {700, 66000}} {
		log.Append(t, audittest.Events(t, step[0], step[1])...)
		if _, err := (audit.Exporter{Source: log.Reader(), Dir: dir, Trust: log.Trust}).Export(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := theirs(log, dir); err != nil {
			t.Errorf("%d entries: %v", step[1], err)
		}
	}
}

func TestServedLogPasses(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 1000))
	dir := exported(t, log)
	srv := httptest.NewServer(http.StripPrefix("/audit/log", http.FileServer(http.Dir(dir))))
	defer srv.Close()
	vkey := filepath.Join(t.TempDir(), "vkey")
	if err := os.WriteFile(vkey, []byte(log.VerifierKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-url", srv.URL + "/audit/log"}, {"-dir", dir}, {"-dir", dir, "-plain"}} {
		if err := run(context.Background(), append(args, "-vkey", vkey)); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	for _, args := range [][]string{{"-url", srv.URL + "/elsewhere"}, {"-dir", t.TempDir()}, {}, {"-dir", dir, "-url", srv.URL}} {
		if err := run(context.Background(), append(args, "-vkey", vkey)); err == nil {
			t.Errorf("%v: verified", args)
		}
	}
	if err := run(context.Background(), []string{"-dir", dir}); err == nil {
		t.Error("verified without a key")
	}
}

// edit changes a file of an exported log.
func edit(path string, change func([]byte) []byte) func(*testing.T, *audittest.Log, string) {
	return func(t *testing.T, _ *audittest.Log, dir string) {
		name := filepath.Join(dir, filepath.FromSlash(path))
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, change(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func flip(path string, at int) func(*testing.T, *audittest.Log, string) {
	return edit(path, func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 4; return b })
}

// entries changes the entries of a bundle.
func entries(path string, change func([][]byte) [][]byte) func(*testing.T, *audittest.Log, string) {
	return func(t *testing.T, l *audittest.Log, dir string) {
		p, err := audit.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		edit(path, func(b []byte) []byte {
			list, err := audit.ParseBundle(b, p.Width)
			if err != nil {
				t.Fatal(err)
			}
			return audittest.Bundle(t, change(slices.Clone(list)))
		})(t, l, dir)
	}
}

// replaced exports another log of the same name in its place.
func replaced(key audittest.Key, change func([][]byte) [][]byte) func(*testing.T, *audittest.Log, string) {
	return func(t *testing.T, l *audittest.Log, dir string) {
		other := audittest.Build(t, key, change(slices.Clone(l.Entries)))
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := (audit.Exporter{Source: other.Reader(), Dir: dir, Trust: key.Trust}).Export(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

const middle, last = "tile/entries/001", "tile/entries/002.p/188"

// T1 to T9: every tampering fails with us. Tessera's checker fails too, but for
// what one checkpoint and no count of entries cannot show.
func TestTamperedLogsFail(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	log := audittest.Build(t, key, audittest.Events(t, 0, 700))
	extra := audittest.Seal(t, audittest.Event(900), 900)
	other := func(e [][]byte) [][]byte {
		ev := audittest.Event(5)
		ev.Actor.Person = "someone-else"
		e[5] = audittest.Seal(t, ev, 5)
		return e
	}
	for _, c := range []struct {
		name   string
		spoil  func(*testing.T, *audittest.Log, string)
		unseen bool // Tessera's checker says nothing, whatever we count for it
		alone  bool // it says nothing if nobody counts for it
	}{
		{"T1 bit of an entry", flip(middle, 900), false, false},
		{"T1 bit of the last entry", flip(last, -2), false, false},
		{"T1 bit of a full tile", flip("tile/0/001", 40), false, false},
		{"T1 bit of a partial tile", flip("tile/0/002.p/188", 40), false, false},
		{"T1 bit of a level 1 tile", flip("tile/1/000.p/2", 40), false, false},
		{"T2 first entry deleted", entries("tile/entries/000", func(e [][]byte) [][]byte { return e[1:] }), false, false},
		{"T2 tail deleted", entries(last, func(e [][]byte) [][]byte { return e[:100] }), false, false},
		{"T3 entries swapped", entries(middle, func(e [][]byte) [][]byte { e[0], e[1] = e[1], e[0]; return e }), false, false},
		{"T4 entry inserted", entries(middle, func(e [][]byte) [][]byte { return slices.Insert(e, 9, extra) }), false, false},
		{"T4 entry appended", entries(middle, func(e [][]byte) [][]byte { return append(e, extra) }), false, true},
		{"T4 entry appended at the end", entries(last, func(e [][]byte) [][]byte { return append(e, extra) }), false, true},
		{"T5 bundle cut", edit(middle, func(b []byte) []byte { return b[:len(b)-5] }), false, false},
		{"T5 tile cut", edit("tile/0/001", func(b []byte) []byte { return b[:len(b)-32] }), false, false},
		{"T7 rebuilt with another key", replaced(audittest.NewKey(t, audittest.Origin), other), false, false},
		{"T8 rebuilt with the key", replaced(key, other), true, true},
		{"T8 rolled back with the key", replaced(key, func(e [][]byte) [][]byte { return e[:500] }), true, true},
		{"T9 bit of the signature", flip("checkpoint", -9), false, false},
		{"T9 size", edit("checkpoint", func(b []byte) []byte { return slices.Replace(b, 19, 20, '6') }), false, false},
		{"T9 no blank line", edit("checkpoint", func(b []byte) []byte { i := slices.Index(b, '='); return slices.Delete(b, i+1, i+2) }), false, false},
		{"T10 tile missing", func(t *testing.T, _ *audittest.Log, dir string) {
			if err := os.Remove(filepath.Join(dir, "tile/0/001")); err != nil {
				t.Fatal(err)
			}
		}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := exported(t, log)
			c.spoil(t, log, dir)
			if err := ours(log, dir, log.Checkpoint()); err == nil {
				t.Error("we say it is verified")
			} else {
				t.Log("we say:", err)
			}
			if err := theirs(log, dir); (err == nil) != c.unseen {
				t.Errorf("Tessera's checker says %v", err)
			}
			if err := theirsAlone(log, dir); (err == nil) != c.alone {
				t.Errorf("Tessera's checker alone says %v", err)
			}
		})
	}
}
