package audit

import (
	"errors"
	"fmt"
	"math/bits"
)

const (
	// TileWidth is the number of hashes in a full tile and of entries in a
	// full bundle. SPEC: C2SP tlog-tiles.
	TileWidth  = 256
	tileHeight = 8
	// maxLevels is the number of tile levels that a tree of 2^64 can have.
	maxLevels = 64 / tileHeight
)

// Tile is a run of neighbouring hashes of the tree: at level 0 the hashes of
// entries, above it the roots of full tiles of the level below.
type Tile struct {
	Level uint8
	Index uint64 // the tile's number on its level
	Width int    // hashes in it, 1 to TileWidth; less than TileWidth is a partial tile
	Data  []byte // Width × HashSize bytes
}

// Path is where the tile lies in the layout.
func (t Tile) Path() string { return TilePath(t.Level, t.Index, t.Width) }

// TreeState is what must be known of a tree to add to it: its size and the
// hashes of the incomplete tile of every level, at most 255 a level. The zero
// value is the empty tree. A state is never changed once made: Grow gives a new
// one.
type TreeState struct {
	Size uint64
	Edge [][]Hash // Edge[l] holds the (Size >> 8l) mod 256 hashes of level l's incomplete tile
}

// edgeWidth is the width of the incomplete tile of a level, 0 for none.
// SPEC: C2SP tlog-tiles: floor(s / 256**l) mod 256.
func edgeWidth(size uint64, level int) int {
	return int(size>>(tileHeight*level)) & (TileWidth - 1)
}

// levelsOf is the number of levels on which a tree of that size has hashes.
func levelsOf(size uint64) int { return (bits.Len64(size) + tileHeight - 1) / tileHeight }

// Check reports whether the edges fit the size, which a stored state might not.
func (s TreeState) Check() error {
	if len(s.Edge) > maxLevels {
		return fmt.Errorf("tree state of size %d has %d levels", s.Size, len(s.Edge))
	}
	for l := range maxLevels {
		if got, want := len(s.edge(l)), edgeWidth(s.Size, l); got != want {
			return fmt.Errorf("tree state of size %d has %d hashes at level %d instead of %d", s.Size, got, l, want)
		}
	}
	return nil
}

func (s TreeState) edge(level int) []Hash {
	if level >= len(s.Edge) {
		return nil
	}
	return s.Edge[level]
}

// Root is the RFC 6962 tree hash of the state.
func (s TreeState) Root() Hash {
	if s.Size == 0 {
		return EmptyRoot()
	}
	var right *Hash // the root of everything to the right of this level's hashes
	for _, edge := range s.Edge {
		if len(edge) == 0 {
			continue
		}
		h := edgeRoot(edge, right)
		right = &h
	}
	return *right
}

// edgeRoot joins a level's hashes with the smaller tree to their right. The
// hashes form perfect subtrees of falling powers of two; folding them from the
// right is RFC 6962's recursion read backwards.
func edgeRoot(edge []Hash, right *Hash) Hash {
	var buf [TileWidth]Hash
	for rest := len(edge); rest > 0; {
		width := rest & -rest // the smallest perfect subtree, the rightmost
		copy(buf[:], edge[rest-width:rest])
		h := rootOf(buf[:width])
		if right != nil {
			h = NodeHash(h, *right)
		}
		right = &h
		rest -= width
	}
	return *right
}

// Grow adds leaves to a tree. It gives the new state and the tiles that a
// publication of that size needs beside the ones of the old size: every tile
// that became full, and the partial tile of every level that gained a hash
// (one that did not change is not given again). Within a level tiles come in
// order. Memory: 32 bytes a leaf for the tiles.
func Grow(old TreeState, leaves []Hash) (TreeState, []Tile, error) {
	g, err := newGrower(old)
	if err != nil {
		return TreeState{}, nil, err
	}
	var tiles []Tile
	take := func(t Tile) error { tiles = append(tiles, t); return nil }
	for _, h := range leaves {
		if err := g.add(h, take); err != nil {
			return TreeState{}, nil, err
		}
	}
	if err := g.flush(take); err != nil {
		return TreeState{}, nil, err
	}
	return g.state(), tiles, nil
}

// grower adds one leaf after the other, in bounded memory. The hashes of an
// incomplete tile are kept as the tile's bytes.
type grower struct {
	size   uint64
	levels [maxLevels]struct {
		data    []byte // the incomplete tile, capacity of a full one
		changed bool   // since the last flush
	}
}

func newGrower(s TreeState) (*grower, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	g := &grower{size: s.Size}
	for l, edge := range s.Edge {
		for _, h := range edge {
			g.levels[l].data = append(g.levels[l].data, h[:]...)
		}
	}
	return g, nil
}

func (g *grower) add(leaf Hash, emit func(Tile) error) error {
	if g.size == 1<<63-1 {
		return errors.New("the tree is full")
	}
	h := leaf
	for l := range g.levels {
		lv := &g.levels[l]
		if lv.data == nil {
			lv.data = make([]byte, 0, TileWidth*HashSize)
		}
		lv.data = append(lv.data, h[:]...)
		lv.changed = true
		if len(lv.data) < TileWidth*HashSize {
			break
		}
		full := Tile{uint8(l), g.size >> (tileHeight * (l + 1)), TileWidth, lv.data}
		h = tileRoot(lv.data)
		lv.data, lv.changed = nil, false // the tile's bytes now belong to its receiver
		if err := emit(full); err != nil {
			return err
		}
	}
	g.size++
	return nil
}

// flush gives the partial tiles that changed since the last flush.
func (g *grower) flush(emit func(Tile) error) error {
	for l := range g.levels {
		lv := &g.levels[l]
		if !lv.changed || len(lv.data) == 0 {
			continue
		}
		lv.changed = false
		index := g.size >> (tileHeight * (l + 1))
		part := Tile{uint8(l), index, len(lv.data) / HashSize, append([]byte(nil), lv.data...)}
		if err := emit(part); err != nil {
			return err
		}
	}
	return nil
}

func (g *grower) state() TreeState {
	s := TreeState{Size: g.size, Edge: make([][]Hash, levelsOf(g.size))}
	for l := range s.Edge {
		s.Edge[l] = splitHashes(g.levels[l].data)
	}
	return s
}

// splitHashes reads a tile's bytes, whose length is a multiple of HashSize.
func splitHashes(data []byte) []Hash {
	out := make([]Hash, len(data)/HashSize)
	for i := range out {
		copy(out[i][:], data[i*HashSize:])
	}
	return out
}

// tileRoot is the root of the subtree whose hashes the tile's bytes are.
func tileRoot(data []byte) Hash {
	var buf [TileWidth]Hash
	n := len(data) / HashSize
	for i := range n {
		copy(buf[i][:], data[i*HashSize:])
	}
	return rootOf(buf[:n])
}
