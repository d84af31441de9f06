package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"lerd/internal/audit"
)

// naiveRoot is RFC 6962 §2.1 as it is written.
func naiveRoot(leaves []audit.Hash) audit.Hash {
	switch n := len(leaves); n {
	case 0:
		return audit.EmptyRoot()
	case 1:
		return leaves[0]
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		return audit.NodeHash(naiveRoot(leaves[:k]), naiveRoot(leaves[k:]))
	}
}

func someLeaves(n int, seed uint64) []audit.Hash {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	out := make([]audit.Hash, n)
	for i := range out {
		out[i] = audit.LeafHash(fmt.Append(nil, r.Uint64()))
	}
	return out
}

func grow(t testing.TB, s audit.TreeState, leaves []audit.Hash) (audit.TreeState, []audit.Tile) {
	t.Helper()
	s, tiles, err := audit.Grow(s, leaves)
	if err != nil {
		t.Fatal(err)
	}
	return s, tiles
}

// merkleRoot is the root as transparency-dev/merkle computes it.
func merkleRoot(t testing.TB, leaves []audit.Hash) audit.Hash {
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, l := range leaves {
		if err := r.Append(l[:], nil); err != nil {
			t.Fatal(err)
		}
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	if root == nil {
		root = rfc6962.DefaultHasher.EmptyRoot()
	}
	return audit.Hash(root)
}

// tlogRoot is the root as golang.org/x/mod computes it.
func tlogRoot(t testing.TB, leaves []audit.Hash) audit.Hash {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, l := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(i), tlog.Hash(l), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(leaves)), read)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Hash(root)
}

// P1: the root is that of the RFC's recursion and of two other implementations.
func TestRootIsEveryonesRoot(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70000} {
		leaves := someLeaves(n, 1)
		s, _ := grow(t, audit.TreeState{}, leaves)
		want := naiveRoot(leaves)
		if got := s.Root(); got != want {
			t.Errorf("%d leaves: root %s, the RFC says %s", n, got, want)
		}
		if got := merkleRoot(t, leaves); n < 66000 && got != want {
			t.Errorf("%d leaves: merkle says %s, the RFC %s", n, got, want)
		}
		if got := tlogRoot(t, leaves); n > 0 && got != want {
			t.Errorf("%d leaves: x/mod says %s, the RFC %s", n, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		leaves := someLeaves(rapid.IntRange(0, 2000).Draw(t, "n"), rapid.Uint64().Draw(t, "seed"))
		s, _, err := audit.Grow(audit.TreeState{}, leaves)
		if want := naiveRoot(leaves); err != nil || s.Root() != want {
			t.Fatalf("%v, %v, want %v", err, s.Root(), want)
		}
	})
}

func TestHashesAreRFC6962(t *testing.T) {
	for _, n := range []int{0, 1, 100, 2046, 2047, 2048, 2049, 65535} {
		entry := bytes.Repeat([]byte{7}, n)
		if got, want := audit.LeafHash(entry), rfc6962.DefaultHasher.HashLeaf(entry); !bytes.Equal(got[:], want) {
			t.Errorf("leaf of %d bytes: %x, want %x", n, got, want)
		}
	}
	a, b := audit.Hash{1}, audit.Hash{2}
	if got, want := audit.NodeHash(a, b), rfc6962.DefaultHasher.HashChildren(a[:], b[:]); !bytes.Equal(got[:], want) {
		t.Errorf("node: %x, want %x", got, want)
	}
}

// P2: tiles written at every growth are those of one growth, where they are full,
// and every size that was published has all its partial tiles.
func TestGrowingByStepsGivesTheSameTiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 700), 1, 12).Draw(t, "steps")
		seed := rapid.Uint64().Draw(t, "seed")
		var all []audit.Hash
		var s audit.TreeState
		files := map[string][]byte{}
		for i, n := range steps {
			more := someLeaves(n, seed+uint64(i))
			all = append(all, more...)
			next, tiles, err := audit.Grow(s, more)
			if err != nil {
				t.Fatal(err)
			}
			for _, tile := range tiles {
				if have, ok := files[tile.Path()]; ok {
					t.Fatalf("step %d gives %s again (same: %v)", i, tile.Path(), bytes.Equal(have, tile.Data))
				}
				files[tile.Path()] = tile.Data
			}
			s = next
			_, once, err := audit.Grow(audit.TreeState{}, all)
			if err != nil {
				t.Fatal(err)
			}
			for _, tile := range once {
				if !bytes.Equal(files[tile.Path()], tile.Data) {
					t.Fatalf("after %d leaves %s differs or is missing", len(all), tile.Path())
				}
			}
		}
	})
}

// The example of the specification, and what a tile holds by its formula.
func TestTilesAreTheSpecificationsTiles(t *testing.T) {
	leaves := someLeaves(70000, 2)
	s, tiles := grow(t, audit.TreeState{}, leaves)
	got := map[string]int{}
	for _, tile := range tiles {
		kind := fmt.Sprintf("level %d width %d", tile.Level, tile.Width)
		got[kind]++
		if len(tile.Data) != tile.Width*audit.HashSize {
			t.Errorf("%s has %d bytes", tile.Path(), len(tile.Data))
		}
	}
	want := map[string]int{
		"level 0 width 256": 273, "level 0 width 112": 1, "level 1 width 256": 1, "level 1 width 17": 1, "level 2 width 1": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	span := []int{1, 256, 65536}
	for _, tile := range tiles {
		for _, i := range []int{0, tile.Width / 2, tile.Width - 1} {
			n := span[tile.Level]
			from := (int(tile.Index)*256 + i) * n
			if want := naiveRoot(leaves[from : from+n]); !bytes.Equal(want[:], tile.Data[i*32:i*32+32]) {
				t.Errorf("%s, hash %d is not MTH(D[%d:%d])", tile.Path(), i, from, from+n)
			}
		}
	}
	if n := len(s.Edge[0]) + len(s.Edge[1]) + len(s.Edge[2]); n != 112+17+1 {
		t.Errorf("the state holds %d hashes", n)
	}
}

func TestStateIsRebuiltFromTiles(t *testing.T) {
	ctx := context.Background()
	for _, n := range []int{0, 1, 255, 256, 257, 65536, 66000, 131072 + 256*3 + 5} {
		leaves := someLeaves(n, 3)
		want, tiles := grow(t, audit.TreeState{}, leaves)
		files := fstest.MapFS{}
		for _, tile := range tiles {
			files[tile.Path()] = &fstest.MapFile{Data: tile.Data}
		}
		got, err := audit.LoadState(ctx, audit.FSReader{FS: files}, uint64(n))
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if got.Root() != want.Root() || got.Check() != nil {
			t.Errorf("%d: root %s, want %s", n, got.Root(), want.Root())
		}
		for path := range files { // partial tiles above level 0 follow from the full ones
			if p, _ := audit.ParsePath(path); p.Level > 0 && p.Width < 256 {
				delete(files, path)
			}
		}
		if got, err = audit.LoadState(ctx, audit.FSReader{FS: files}, uint64(n)); err != nil || got.Root() != want.Root() {
			t.Errorf("%d, without partial tiles: %v", n, err)
		}
	}
}

func TestStateThatDoesNotFitIsRefused(t *testing.T) {
	good, _ := grow(t, audit.TreeState{}, someLeaves(300, 4))
	for name, s := range map[string]audit.TreeState{
		"size without hashes": {Size: 1},
		"hash too many":       {Size: 300, Edge: [][]audit.Hash{append(good.Edge[0][:44:44], audit.Hash{}), good.Edge[1]}},
		"hash too few":        {Size: 300, Edge: [][]audit.Hash{good.Edge[0][1:], good.Edge[1]}},
		"level missing":       {Size: 300, Edge: good.Edge[:1]},
		"level too many":      {Size: 300, Edge: append(good.Edge[:2:2], []audit.Hash{{}})},
		"many levels":         {Size: 0, Edge: make([][]audit.Hash, 9)},
	} {
		if _, _, err := audit.Grow(s, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	before := fmt.Sprint(good)
	for range 2 { // Grow must not write into the old state
		if s, _ := grow(t, good, someLeaves(500, 5)); s.Size != 800 || fmt.Sprint(good) != before {
			t.Fatal("the old state was changed")
		}
	}
}
