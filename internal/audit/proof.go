package audit

import (
	"context"
	"fmt"
	"math/bits"
)

// InclusionProof builds the proof that the entry at index is in the tree of
// that size, from the leaf's sibling up to the root's child.
// SPEC: RFC 6962 §2.1.1.
func InclusionProof(ctx context.Context, r TileReader, index, size uint64) ([]Hash, error) {
	if index >= size {
		return nil, fmt.Errorf("entry %d is not in a log of %d entries", index, size)
	}
	t := treeReader{ctx, r, size, map[Path][]byte{}}
	var proof []Hash
	lo, hi := uint64(0), size
	var ranges [][2]uint64
	for hi-lo > 1 {
		mid := lo + split(hi-lo)
		if index < mid {
			ranges, hi = append(ranges, [2]uint64{mid, hi}), mid
		} else {
			ranges, lo = append(ranges, [2]uint64{lo, mid}), mid
		}
	}
	for i := len(ranges) - 1; i >= 0; i-- {
		h, err := t.rangeHash(ranges[i][0], ranges[i][1])
		if err != nil {
			return nil, err
		}
		proof = append(proof, h)
	}
	return proof, nil
}

// ConsistencyProof builds the proof that the tree of size old is a prefix of the
// tree of that size.
// SPEC: RFC 6962 §2.1.2. It is empty for old = 0 and for old = size.
func ConsistencyProof(ctx context.Context, r TileReader, old, size uint64) ([]Hash, error) {
	if old > size {
		return nil, fmt.Errorf("a log of %d entries is no prefix of one of %d", old, size)
	}
	if old == 0 || old == size {
		return nil, nil
	}
	t := treeReader{ctx, r, size, map[Path][]byte{}}
	return t.subProof(old, 0, size, true)
}

// subProof is RFC 6962's SUBPROOF(m, D[lo:hi], b), m counted from lo.
func (t treeReader) subProof(m, lo, hi uint64, whole bool) ([]Hash, error) {
	if m == hi-lo {
		if whole {
			return nil, nil
		}
		h, err := t.rangeHash(lo, hi)
		return []Hash{h}, err
	}
	k := split(hi - lo)
	otherLo, otherHi := lo+k, hi
	var proof []Hash
	var err error
	if m <= k {
		proof, err = t.subProof(m, lo, lo+k, whole)
	} else {
		proof, err = t.subProof(m-k, lo+k, hi, false)
		otherLo, otherHi = lo, lo+k
	}
	if err != nil {
		return nil, err
	}
	h, err := t.rangeHash(otherLo, otherHi)
	return append(proof, h), err
}

// split is the largest power of two smaller than n, for n > 1.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// treeReader gives hashes of a tree of one size out of its tiles.
type treeReader struct {
	ctx   context.Context // one proof's
	tiles TileReader
	size  uint64
	seen  map[Path][]byte
}

// rangeHash is MTH(D[lo:hi]) for a range that RFC 6962's recursion reaches: lo is
// a multiple of the smallest power of two that is not below hi-lo.
func (t treeReader) rangeHash(lo, hi uint64) (Hash, error) {
	n := hi - lo
	if n&(n-1) == 0 {
		return t.perfect(lo, n)
	}
	mid := lo + split(n)
	left, err := t.perfect(lo, mid-lo)
	if err != nil {
		return Hash{}, err
	}
	right, err := t.rangeHash(mid, hi)
	return NodeHash(left, right), err
}

// perfect is the hash of an aligned subtree of 2^k entries, out of one tile.
func (t treeReader) perfect(lo, n uint64) (Hash, error) {
	height := bits.Len64(n) - 1
	level := uint8(height / tileHeight)
	first := lo >> (tileHeight * int(level)) // the first hash of that level under the subtree
	count := uint64(1) << (height % tileHeight)
	data, err := t.tile(level, first/TileWidth)
	if err != nil {
		return Hash{}, err
	}
	from := first % TileWidth * HashSize
	return tileRoot(data[from : from+count*HashSize]), nil
}

func (t treeReader) tile(level uint8, index uint64) ([]byte, error) {
	width := widthAt(t.size, level, index)
	p := Path{Level: level, Index: index, Width: width}
	if data, ok := t.seen[p]; ok {
		return data, nil
	}
	data, err := fetchTile(t.ctx, t.tiles, level, index, width)
	if err == nil {
		t.seen[p] = data
	}
	return data, err
}

// widthAt is the width that a tile or bundle has in a tree of that size, 0 for
// none.
func widthAt(size uint64, level uint8, index uint64) int {
	count := size >> (tileHeight * int(level))
	switch {
	case index < count/TileWidth:
		return TileWidth
	case index == count/TileWidth:
		return int(count % TileWidth)
	}
	return 0
}
