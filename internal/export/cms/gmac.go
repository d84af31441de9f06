package cms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// checkTag verifies an AES-GCM tag (no additional data) without decrypting
// anything. AEAD.Open of the standard library decrypts while it authenticates
// and clears afterwards, so that a mapped output file would hold unauthentic
// plaintext for a moment; here none exists before the tag is known to be good.
//
// The tag is E(K,J0) ^ GHASH(C ‖ len), len = [0]‖[bits of C]. Sealing nothing
// with C as additional data gives E(K,J0) ^ GHASH(C ‖ [bits of C]‖[0]): the two
// differ in the last block alone, that is by (L1 ^ L2)·H.
// SPEC: NIST SP 800-38D §6.4, §7.2.
func checkTag(key, nonce, ciphertext, tag []byte) (bool, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return false, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return false, err
	}
	mac := gcm.Seal(nil, nonce, nil, ciphertext)
	var h [16]byte
	block.Encrypt(h[:], h[:])
	bits := uint64(len(ciphertext)) * 8
	var diff [16]byte
	binary.BigEndian.PutUint64(diff[:8], bits)
	binary.BigEndian.PutUint64(diff[8:], bits)
	product := mulGF128(diff, h)
	subtle.XORBytes(mac, mac, product[:])
	return subtle.ConstantTimeCompare(mac, tag) == 1, nil
}

// mulGF128 multiplies in GF(2^128) in GCM's bit order. SPEC: SP 800-38D §6.3.
func mulGF128(x, y [16]byte) [16]byte {
	var z0, z1 uint64
	v0, v1 := binary.BigEndian.Uint64(y[:8]), binary.BigEndian.Uint64(y[8:])
	for i := range 128 {
		mask := -uint64(x[i/8] >> (7 - i%8) & 1)
		z0, z1 = z0^v0&mask, z1^v1&mask
		carry := -(v1 & 1)
		v1 = v1>>1 | v0<<63
		v0 = v0>>1 ^ carry&(0xe1<<56)
	}
	var z [16]byte
	binary.BigEndian.PutUint64(z[:8], z0)
	binary.BigEndian.PutUint64(z[8:], z1)
	return z
}

// ctrStream gives the key stream with which GCM encrypts: counter 2 onwards.
func ctrStream(key, nonce []byte) (cipher.Stream, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var counter [16]byte
	copy(counter[:], nonce)
	counter[15] = 2
	return cipher.NewCTR(block, counter[:]), nil
}
