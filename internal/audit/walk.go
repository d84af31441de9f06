package audit

import (
	"context"
	"errors"
)

var errEnough = errors.New("enough was read")

// Walk hands the first size entries of a log to visit, one after the other, as they
// are read. It verifies nothing: verify the log first. It ends with visit's error.
func Walk(ctx context.Context, r TileReader, size uint64, visit func(index uint64, entry Entry) error) error {
	for bundle := uint64(0); bundle*TileWidth < size; bundle++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := fetchEntries(ctx, r, bundle, int(min(TileWidth, size-bundle*TileWidth)))
		if err != nil {
			return unreadable(err, "", bundle*TileWidth)
		}
		for i, e := range entries {
			if err := visit(bundle*TileWidth+uint64(i), Entry(e)); err != nil {
				return err
			}
		}
	}
	return nil
}

// RootOf recomputes the root over the first size entries of a log of have entries
// from the entries themselves.
func RootOf(ctx context.Context, r TileReader, have, size uint64) (Hash, error) {
	var state TreeState
	var batch []Hash
	grow := func() (err error) {
		state, _, err = Grow(state, batch)
		batch = batch[:0]
		return err
	}
	err := Walk(ctx, r, have, func(i uint64, e Entry) error {
		if i >= size {
			return errEnough
		}
		if batch = append(batch, LeafHash(e)); len(batch) < TileWidth {
			return nil
		}
		return grow()
	})
	if err == nil || errors.Is(err, errEnough) {
		err = grow()
	}
	return state.Root(), err
}
