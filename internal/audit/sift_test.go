package audit_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// plain hides how a reader reads into given memory.
type plain struct{ audit.LogReader }

// TestSifterKeepsInOrder sifts logs of sizes around bundles and segments, with and
// without memory for bundles, and wants every kept entry once and in its order.
func TestSifterKeepsInOrder(t *testing.T) {
	key := audittest.NewKey(t, "sift.example/log")
	log := audittest.NewLog(key)
	have := 0
	for _, size := range []int{0, 1, 255, 256, 257, 65535, 65536, 65537, 131072 + 256*3 + 5} {
		var more [][]byte
		for ; have < size; have++ {
			more = append(more, binary.BigEndian.AppendUint32([]byte("entry of one's own "), uint32(have)))
		}
		if len(more) > 0 {
			log.Append(t, more...)
		}
		for _, r := range []audit.LogReader{log.Reader(), plain{log.Reader()}} {
			if err := siftAll(t.Context(), r, uint64(size), log.Checkpoint().Root); err != nil {
				t.Errorf("size %d: %v", size, err)
			}
		}
	}
	bundle := audit.EntriesPath(300, audit.TileWidth)
	log.Edit(t, bundle, func(b []byte) []byte { b[40] ^= 1; return b })
	var v *audit.Violation
	if err := siftAll(t.Context(), log.Reader(), uint64(have), log.Checkpoint().Root); !errors.As(err, &v) || v.Breach != audit.BadTree {
		t.Errorf("an edited entry: %v", err)
	}
	delete(log.Files, bundle)
	if err := siftAll(t.Context(), log.Reader(), uint64(have), log.Checkpoint().Root); !errors.As(err, &v) || v.Breach != audit.Missing {
		t.Errorf("a bundle that is not there: %v", err)
	}
}

// siftAll keeps every hundredth entry and the last one.
func siftAll(ctx context.Context, r audit.LogReader, size uint64, root audit.Hash) error {
	var got, want []uint64
	var end uint64
	s := audit.Sifter{Log: r, Size: size, Root: root,
		Keep: func(i uint64, entry []byte) (any, error) {
			if uint64(binary.BigEndian.Uint32(entry[len(entry)-4:])) != i && len(entry) == 23 {
				return nil, fmt.Errorf("entry %d is another", i)
			}
			if i%100 == 0 || i == size-1 {
				return i, nil
			}
			return nil, nil
		},
		Settle: func(_ context.Context, kept []any, first, last uint64) error {
			if first != end || len(kept) > 0 && kept[0].(uint64) < first {
				return fmt.Errorf("settled from %d after %d", first, end)
			}
			end = last
			return nil
		},
		Take: func(k any) error { got = append(got, k.(uint64)); return nil }}
	if err := s.Run(ctx); err != nil {
		return err
	}
	for i := uint64(0); i < size; i++ {
		if i%100 == 0 || i == size-1 {
			want = append(want, i)
		}
	}
	if !slices.Equal(got, want) || end != size {
		return fmt.Errorf("kept %d instead of %d, settled to %d", len(got), len(want), end)
	}
	return nil
}

// TestSifterStops ends in the middle, by who takes and by the context.
func TestSifterStops(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, "sift.example/log"), audittest.Events(t, 0, 3000))
	enough := errors.New("enough")
	s := audit.Sifter{Log: log.Reader(), Size: 3000, Root: log.Checkpoint().Root,
		Keep: func(i uint64, _ []byte) (any, error) { return i, nil },
		Take: func(any) error { return enough }}
	if err := s.Run(t.Context()); !errors.Is(err, enough) {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(ctx); err == nil {
		t.Error("a count that was given up says that it is done")
	}
}
