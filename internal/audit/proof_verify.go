package audit

import (
	"errors"
	"fmt"
	"math/bits"
)

// errProof is all that is said of a proof that does not lead to the root.
var errProof = errors.New("the proof does not lead to the root")

// VerifyInclusion reports whether proof shows that leaf is entry index of the
// tree of that size and root.
// SPEC: RFC 9162 §2.1.3.2, the algorithm for the proofs of RFC 6962 §2.1.1.
func VerifyInclusion(leaf Hash, index, size uint64, proof []Hash, root Hash) error {
	if index >= size {
		return fmt.Errorf("entry %d is not in a log of %d entries", index, size)
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range proof {
		if sn == 0 {
			return errProof
		}
		if fn&1 == 1 || fn == sn {
			r = NodeHash(p, r)
			shift := bits.TrailingZeros64(fn) // to the first level where fn is a right child; fn is not 0 here
			fn, sn = fn>>shift, sn>>shift
		} else {
			r = NodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || r != root {
		return errProof
	}
	return nil
}

// VerifyConsistency reports whether proof shows that the tree of size old and
// root oldRoot is a prefix of the tree of size and root.
// SPEC: RFC 9162 §2.1.4.2.
func VerifyConsistency(old, size uint64, oldRoot, root Hash, proof []Hash) error {
	switch {
	case old > size:
		return fmt.Errorf("a log of %d entries is no prefix of one of %d", old, size)
	case old == size || old == 0:
		same := old == 0 && oldRoot == EmptyRoot() || old == size && oldRoot == root
		if !same || len(proof) > 0 {
			return errProof
		}
		return nil
	}
	if old&(old-1) == 0 {
		proof = append([]Hash{oldRoot}, proof...)
	}
	if len(proof) == 0 {
		return errProof
	}
	shift := bits.TrailingZeros64(old) // while the right-most bit of fn is set
	fn, sn := (old-1)>>shift, (size-1)>>shift
	fr, sr := proof[0], proof[0]
	for _, c := range proof[1:] {
		if sn == 0 {
			return errProof
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = NodeHash(c, fr), NodeHash(c, sr)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			sr = NodeHash(sr, c)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || fr != oldRoot || sr != root {
		return errProof
	}
	return nil
}
