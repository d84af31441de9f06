package cms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// gcmTag computes the tag of AES-GCM (no additional data) over a ciphertext
// that comes in pieces, so that a file of any size is encrypted as a stream: the
// standard library's AEAD takes the whole at once. It has the library do the
// work, piece by piece, as additional data of empty messages.
//
// The tag of a piece C of n blocks as additional data is E(K,J0) ^ (P ^ L)·H,
// with P the polynomial of its blocks and L its length; so P is known, and the
// polynomial of everything is S·H^n ^ P, piece after piece.
// SPEC: NIST SP 800-38D §6.4, §7.1.
type gcmTag struct {
	gcm     cipher.AEAD
	nonce   []byte
	mask    [16]byte // E(K,J0)
	h, back [16]byte // H and its inverse
	sum     [16]byte // of the pieces so far
	bits    uint64
	step    [16]byte // H^n of a piece of tagStep octets
	hashed  []byte
}

// tagStep is the size of the pieces, in octets; all but the last have it.
const tagStep = 256 << 10

func newGCMTag(key, nonce []byte) (*gcmTag, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	t := &gcmTag{nonce: nonce}
	if t.gcm, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	copy(t.mask[:], t.gcm.Seal(nil, nonce, nil, nil)) // GHASH of nothing is 0
	block.Encrypt(t.h[:], t.h[:])
	t.back, t.step = invert(t.h), power(t.h, tagStep/aes.BlockSize)
	return t, nil
}

// add takes the next piece of ciphertext: tagStep octets, or fewer at the end.
func (t *gcmTag) add(piece []byte) {
	t.hashed = t.gcm.Seal(t.hashed[:0], t.nonce, nil, piece)
	var p, length [16]byte
	subtle.XORBytes(p[:], t.hashed, t.mask[:])
	p = mulGF128(p, t.back)
	binary.BigEndian.PutUint64(length[:8], uint64(len(piece))*8)
	subtle.XORBytes(p[:], p[:], length[:])
	step := t.step
	if len(piece) < tagStep {
		step = power(t.h, (len(piece)+aes.BlockSize-1)/aes.BlockSize)
	}
	t.sum = mulGF128(t.sum, step)
	subtle.XORBytes(t.sum[:], t.sum[:], p[:])
	t.bits += uint64(len(piece)) * 8
}

// tag gives the tag over everything.
func (t *gcmTag) tag() []byte {
	var length [16]byte
	binary.BigEndian.PutUint64(length[8:], t.bits)
	sum := t.sum
	subtle.XORBytes(sum[:], sum[:], length[:])
	sum = mulGF128(sum, t.h)
	subtle.XORBytes(sum[:], sum[:], t.mask[:])
	return sum[:]
}

// power gives x^n; x^0 is one, which in GCM's bit order is the first bit.
func power(x [16]byte, n int) [16]byte {
	out := [16]byte{0x80}
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = mulGF128(out, x)
		}
		x = mulGF128(x, x)
	}
	return out
}

// invert gives x^(2^128-2), by Fermat: 126 squarings, each time times x, and one more.
func invert(x [16]byte) [16]byte {
	out := x
	for range 126 {
		out = mulGF128(mulGF128(out, out), x)
	}
	return mulGF128(out, out)
}
