package oversight

import (
	"context"
	"encoding/hex"

	"lerd/internal/audit"
)

// RootAt gives the log's root at a size that it has or had, from its tiles.
func RootAt(ctx context.Context, tiles audit.TileReader, size uint64) (audit.Hash, error) {
	state, err := audit.LoadState(ctx, tiles, size)
	if err != nil {
		return audit.Hash{}, err
	}
	return state.Root(), nil
}

func hexRoot(h audit.Hash) string { return hex.EncodeToString(h[:]) }
