// Package blobtest is what every place for blobs has to fulfil, whichever store
// is behind it.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lerd/internal/fault"
)

// Place keeps blobs, as requests.Blobs says.
type Place interface {
	Put(ctx context.Context, name string, r io.Reader) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	Remove(ctx context.Context, name string) error
	OlderThan(ctx context.Context, area string, before time.Time) ([]string, error)
}

// Run holds a place to its promises. The place is empty at first.
func Run(t *testing.T, place Place) {
	for name, test := range map[string]func(*testing.T, Place){
		"written once": once, "read back": readBack, "many writers, one wins": race, "nothing of a broken one": broken,
		"names": names, "older than": older, "a file": file,
	} {
		t.Run(name, func(t *testing.T) { test(t, place) })
	}
}

func put(t *testing.T, p Place, name, text string) {
	t.Helper()
	if err := p.Put(context.Background(), name, bytes.NewReader([]byte(text))); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, p Place, name string) string {
	t.Helper()
	r, err := p.Get(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func once(t *testing.T, p Place) {
	put(t, p, "documents/once", "first")
	if err := p.Put(context.Background(), "documents/once", bytes.NewReader([]byte("second"))); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second write: %v, want a conflict", err)
	}
	if got := get(t, p, "documents/once"); got != "first" {
		t.Errorf("the name holds %q", got)
	}
}

func readBack(t *testing.T, p Place) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	if err := p.Put(context.Background(), "bundles/big", bytes.NewReader(big)); err != nil {
		t.Fatal(err)
	}
	r, err := p.Get(context.Background(), "bundles/big")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.(interface{ Stat() (fs.FileInfo, error) }).Stat()
	if err != nil || info.Size() != int64(len(big)) {
		t.Errorf("it says %v bytes, %v", info, err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, big) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	put(t, p, "bundles/empty", "")
	if got := get(t, p, "bundles/empty"); got != "" {
		t.Errorf("an empty one holds %q", got)
	}
	if err := p.Remove(context.Background(), "bundles/big"); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(context.Background(), "bundles/big"); err != nil {
		t.Errorf("a second removal: %v", err)
	}
	if _, err := p.Get(context.Background(), "bundles/big"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("after the removal: %v", err)
	}
}

func race(t *testing.T, p Place) {
	var wg sync.WaitGroup
	won := make(chan string, 8)
	for i := range 8 {
		wg.Go(func() {
			text := string(rune('a' + i))
			err := p.Put(context.Background(), "documents/race", bytes.NewReader([]byte(text)))
			if err == nil {
				won <- text
			} else if fault.KindOf(err) != fault.Conflict {
				t.Errorf("a writer: %v", err)
			}
		})
	}
	wg.Wait()
	close(won)
	var winners []string
	for w := range won {
		winners = append(winners, w)
	}
	if len(winners) != 1 || get(t, p, "documents/race") != winners[0] {
		t.Errorf("%v won, and the name holds %q", winners, get(t, p, "documents/race"))
	}
}

// failing reads half of what it said it has.
type failing struct{ left int }

func (f *failing) Len() int { return 2 * f.left }
func (f *failing) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, errors.New("the source broke")
	}
	n := min(f.left, len(b))
	f.left -= n
	return n, nil
}

func broken(t *testing.T, p Place) {
	if err := p.Put(context.Background(), "documents/broken", &failing{1000}); err == nil {
		t.Error("half of it was taken for the whole")
	}
	if _, err := p.Get(context.Background(), "documents/broken"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("something is there: %v", err)
	}
	put(t, p, "documents/broken", "whole")
}

func names(t *testing.T, p Place) {
	for _, name := range []string{"", "x", "/x", "../x", "documents/../x", "documents/.hidden", "documents/a/b", "Documents/x", "documents/a b", "documents/é"} {
		if err := p.Put(context.Background(), name, bytes.NewReader(nil)); err == nil {
			t.Errorf("%q was taken for a name", name)
		}
		if _, err := p.Get(context.Background(), name); err == nil {
			t.Errorf("%q leads somewhere", name)
		}
		if err := p.Remove(context.Background(), name); err == nil {
			t.Errorf("%q was removed", name)
		}
	}
	if _, err := p.Get(context.Background(), "documents/absent"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an absent one: %v", err)
	}
}

func older(t *testing.T, p Place) {
	put(t, p, "drafts/one", "1")
	put(t, p, "drafts/two", "2")
	put(t, p, "draftsx/three", "3")
	got, err := p.OlderThan(context.Background(), "drafts", time.Now().Add(time.Hour))
	if err != nil || len(got) != 2 {
		t.Errorf("%v, %v; want both of the area", got, err)
	}
	if got, err := p.OlderThan(context.Background(), "drafts", time.Now().Add(-time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("%v, %v; want none", got, err)
	}
	if got, err := p.OlderThan(context.Background(), "nothing", time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of an area that is not there: %v, %v", got, err)
	}
}

func file(t *testing.T, p Place) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("skipped, kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(9, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := p.Put(context.Background(), "bundles/file", f); err != nil {
		t.Fatal(err)
	}
	if got := get(t, p, "bundles/file"); got != "kept" {
		t.Errorf("from where the file stood on: %q", got)
	}
}
