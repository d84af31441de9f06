package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// LoadState rebuilds the state of a tree of that size from its stored tiles. A
// partial tile that is missing above level 0 is made from the full tiles below
// it. The caller compares the root with a checkpoint.
func LoadState(ctx context.Context, r TileReader, size uint64) (TreeState, error) {
	s := TreeState{Size: size, Edge: make([][]Hash, levelsOf(size))}
	for l := range s.Edge {
		width := edgeWidth(size, l)
		if width == 0 {
			continue
		}
		index := size >> (tileHeight * (l + 1))
		data, err := fetchTile(ctx, r, uint8(l), index, width)
		if l > 0 && errors.Is(err, fs.ErrNotExist) {
			data, err = foldTiles(ctx, r, uint8(l-1), index*TileWidth, width)
		}
		if err != nil {
			return TreeState{}, fmt.Errorf("tree state of size %d: %w", size, err)
		}
		s.Edge[l] = splitHashes(data)
	}
	return s, nil
}

// foldTiles gives the roots of count full tiles.
func foldTiles(ctx context.Context, r TileReader, level uint8, from uint64, count int) ([]byte, error) {
	var out []byte
	for i := range uint64(count) {
		data, err := fetchTile(ctx, r, level, from+i, TileWidth)
		if err != nil {
			return nil, err
		}
		h := tileRoot(data)
		out = append(out, h[:]...)
	}
	return out, nil
}
