package audit

import (
	"bytes"
	"context"
	"fmt"
)

// tileComparer compares tiles computed from entries with the stored ones.
type tileComparer struct {
	ctx      context.Context // of one verification or export
	tiles    TileReader
	current  *block // the bundle at work, which has its level 0 tile with it
	compared uint64
}

// compare fails with the first hash in which a tile differs from the stored one.
func (c *tileComparer) compare(t Tile) error {
	c.compared++
	span := uint64(1) << (tileHeight * int(t.Level)) // entries under one hash; levels end below 64 bits
	start := t.Index * TileWidth * span
	stored, err := c.stored(t)
	if err != nil {
		return unreadable(err, t.Path(), start)
	}
	for i := range t.Width {
		at := i * HashSize
		if !bytes.Equal(stored[at:at+HashSize], t.Data[at:at+HashSize]) {
			return &Violation{BadTree, start + uint64(i)*span, t.Path(),
				fmt.Sprintf("hash %d is not that of the entries: an entry under it, or the tile, was changed", i), nil}
		}
	}
	return nil
}

func (c *tileComparer) stored(t Tile) ([]byte, error) {
	if b := c.current; t.Level == 0 && b != nil && t.Index == b.index && t.Width == len(b.leaves) {
		return b.tile, b.noTile
	}
	return fetchTile(c.ctx, c.tiles, t.Level, t.Index, t.Width)
}
