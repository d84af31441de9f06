package audit

import (
	"crypto/sha256"
	"encoding/base64"
)

// HashSize is the size of a hash of the tree in bytes.
const HashSize = sha256.Size

// Hash is a hash of the tree: of one entry, or of two hashes below it.
type Hash [HashSize]byte

// String gives the hash in standard base64, as it stands in checkpoints and
// proofs.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

// MarshalText gives the same form as String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText accepts only what MarshalText writes.
func (h *Hash) UnmarshalText(text []byte) error {
	got, err := parseHash(string(text))
	if err != nil {
		return err
	}
	*h = got
	return nil
}

// EmptyRoot is the root of a log without entries.
// SPEC: RFC 6962 §2.1: MTH({}) = SHA-256().
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// LeafHash is the hash of one entry.
// SPEC: RFC 6962 §2.1: MTH({d(0)}) = SHA-256(0x00 || d(0)).
func LeafHash(entry []byte) Hash {
	// Nearly every entry fits this buffer, which then stays on the stack.
	var small [2048]byte
	if len(entry) < len(small) {
		n := copy(small[1:], entry)
		return sha256.Sum256(small[:1+n])
	}
	return sha256.Sum256(append([]byte{0}, entry...))
}

// NodeHash is the hash of two subtrees.
// SPEC: RFC 6962 §2.1: SHA-256(0x01 || MTH(left) || MTH(right)).
func NodeHash(left, right Hash) Hash {
	var b [1 + 2*HashSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+HashSize:], right[:])
	return sha256.Sum256(b[:])
}

// rootOf is the root over hashes which all stand for subtrees of one size.
// SPEC: RFC 6962 §2.1, k is the largest power of two smaller than n. The
// hashes are overwritten.
func rootOf(h []Hash) Hash {
	if len(h) == 0 {
		return EmptyRoot()
	}
	for n := len(h); n > 1; n = (n + 1) / 2 {
		for i := 0; i+1 < n; i += 2 {
			h[i/2] = NodeHash(h[i], h[i+1])
		}
		if n%2 == 1 {
			h[n/2] = h[n-1] // the odd one out rises unchanged
		}
	}
	return h[0]
}
