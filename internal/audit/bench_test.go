package audit_test

import (
	"context"
	"fmt"
	"math/bits"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// benchEntries is the size of the logs that are measured.
const benchEntries = 1_000_000

// manyEntries gives real entries: 65,536 different ones, repeated.
func manyEntries(b *testing.B, n int) (entries [][]byte, size int64) {
	some := audittest.Events(b, 0, min(n, 65536))
	entries = make([][]byte, n)
	for i := range entries {
		entries[i] = some[i%len(some)]
		size += int64(len(entries[i]))
	}
	return entries, size
}

// plainRoot is the RFC 6962 root with nothing beside it: a stack of subtrees.
func plainRoot(entries [][]byte) audit.Hash {
	var stack []audit.Hash
	for i, e := range entries {
		h := audit.LeafHash(e)
		for range bits.TrailingZeros(^uint(i)) {
			h = audit.NodeHash(stack[len(stack)-1], h)
			stack = stack[:len(stack)-1]
		}
		stack = append(stack, h)
	}
	root := stack[len(stack)-1]
	for i := len(stack) - 2; i >= 0; i-- {
		root = audit.NodeHash(stack[i], root)
	}
	return root
}

func rate(b *testing.B) {
	b.ReportMetric(float64(benchEntries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkTree compares, over the same 1M entries and in one run: the plain
// root; building (leaves, tiles, root); and building followed by a verification
// that recomputes every tile from the entries. The aim is that building and
// verifying have at least half the speed of the plain root each.
func BenchmarkTree(b *testing.B) {
	entries, size := manyEntries(b, benchEntries)
	want := plainRoot(entries)
	b.Run("plain", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if plainRoot(entries) != want {
				b.Fatal("root")
			}
		}
		rate(b)
	})
	var files memory
	b.Run("build", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if files = buildTiles(b, entries); files.root != want {
				b.Fatal("root")
			}
		}
		rate(b)
	})
	key := audittest.NewKey(b, audittest.Origin)
	note, err := audit.Checkpoint{Origin: audittest.Origin, Size: benchEntries, Root: want}.Sign(key.Signer)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if _, err := audit.VerifyLog(context.Background(), files, note, key.Trust, audit.VerifyOptions{Opaque: true}); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
}

// memory is a log in memory whose bundles are made ahead.
type memory struct {
	root    audit.Hash
	tiles   map[audit.Path][]byte
	bundles [][]byte
}

func buildTiles(b *testing.B, entries [][]byte) memory {
	m := memory{tiles: map[audit.Path][]byte{}}
	var state audit.TreeState
	leaves := make([]audit.Hash, 0, 4096)
	for i, e := range entries {
		leaves = append(leaves, audit.LeafHash(e))
		if len(leaves) < cap(leaves) && i+1 < len(entries) {
			continue
		}
		next, tiles, err := audit.Grow(state, leaves)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range tiles {
			m.tiles[audit.Path{Level: t.Level, Index: t.Index, Width: t.Width}] = t.Data
		}
		state, leaves = next, leaves[:0]
	}
	m.root = state.Root()
	b.StopTimer()
	defer b.StartTimer()
	for i := 0; i < len(entries); i += audit.TileWidth {
		m.bundles = append(m.bundles, audittest.Bundle(b, entries[i:min(i+audit.TileWidth, len(entries))]))
	}
	return m
}

func (m memory) ReadTile(_ context.Context, level uint8, index uint64, width int) ([]byte, error) {
	return m.tiles[audit.Path{Level: level, Index: index, Width: width}], nil
}

func (m memory) ReadEntries(_ context.Context, index uint64, _ int) ([]byte, error) {
	return m.bundles[index], nil
}

func (m memory) ReadCheckpoint(context.Context) ([]byte, error) { return nil, nil }

// BenchmarkVerifyDir verifies an exported log of different events in full: tree,
// canonical entries, streams, causes.
func BenchmarkVerifyDir(b *testing.B) {
	for _, n := range []int{10_000, 200_000} {
		log := audittest.Build(b, audittest.NewKey(b, audittest.Origin), audittest.Events(b, 0, n))
		dir := b.TempDir()
		b.Run(fmt.Sprint("export/", n), func(b *testing.B) {
			for b.Loop() {
				e := audit.Exporter{Source: log.Reader(), Dir: b.TempDir(), Trust: log.Trust}
				if _, err := e.Export(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
		if _, err := (audit.Exporter{Source: log.Reader(), Dir: dir, Trust: log.Trust}).Export(context.Background()); err != nil {
			b.Fatal(err)
		}
		for name, memory := range map[string]int{"memory": 0, "files": 1 << 20} {
			b.Run(fmt.Sprint("verify-", name, "/", n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					opts := audit.VerifyOptions{Memory: memory, TempDir: dir}
					if _, err := audit.VerifyLog(context.Background(), audit.DirReader(dir), nil, log.Trust, opts); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			})
		}
	}
}

func BenchmarkParseEntry(b *testing.B) {
	entry := audittest.Events(b, 20, 21)[0]
	b.SetBytes(int64(len(entry)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := audit.ParseEntry(entry); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInclusionProof(b *testing.B) {
	log := audittest.Build(b, audittest.NewKey(b, audittest.Origin), audittest.Events(b, 0, 70000))
	for b.Loop() {
		if _, err := audit.InclusionProof(context.Background(), log.Reader(), 40000, 70000); err != nil {
			b.Fatal(err)
		}
	}
}
