package cms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"testing"
)

// TestTheTagOfPiecesIsTheTagOfTheWhole compares with the standard library.
func TestTheTagOfPiecesIsTheTagOfTheWhole(t *testing.T) {
	key, nonce := make([]byte, 32), make([]byte, nonceSize)
	for _, size := range []int{0, 1, 15, 16, 17, 1000, tagStep - 1, tagStep, tagStep + 1, 3*tagStep + 16, 5*tagStep + 7} {
		plain := make([]byte, size)
		for _, b := range [][]byte{key, nonce, plain} {
			rand.Read(b)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		sealed := gcm.Seal(nil, nonce, plain, nil)
		tag, err := newGCMTag(key, nonce)
		if err != nil {
			t.Fatal(err)
		}
		for c := sealed[:size]; len(c) > 0; c = c[min(len(c), tagStep):] {
			tag.add(c[:min(len(c), tagStep)])
		}
		if !bytes.Equal(tag.tag(), sealed[size:]) {
			t.Errorf("%d octets: another tag", size)
		}
	}
}
