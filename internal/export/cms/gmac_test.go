package cms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

func TestTagCheckAgreesWithTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		nonce := rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "nonce")
		plain := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "plain")
		block, _ := aes.NewCipher(key)
		gcm, _ := cipher.NewGCM(block)
		sealed := gcm.Seal(nil, nonce, plain, nil)
		ct, tag := sealed[:len(plain)], sealed[len(plain):]
		if ok, err := checkTag(key, nonce, ct, tag); !ok || err != nil {
			t.Fatalf("the right tag is refused (%v)", err)
		}
		tag[rapid.IntRange(0, 15).Draw(t, "i")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if ok, _ := checkTag(key, nonce, ct, tag); ok {
			t.Fatal("a wrong tag is taken")
		}
		stream, _ := ctrStream(key, nonce)
		got := make([]byte, len(ct))
		stream.XORKeyStream(got, ct)
		if !bytes.Equal(got, plain) {
			t.Fatal("the key stream is another")
		}
	})
}

// TestKeyWrapVector is the 256-bit key under a 256-bit key of RFC 3394 §4.6.
func TestKeyWrapVector(t *testing.T) {
	unhex := func(s string) []byte { b, _ := hex.DecodeString(s); return b }
	kek := unhex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
	key := unhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
	want := unhex("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")
	got, err := wrapKey(kek, key)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("wrapKey = %x (%v), want %x", got, err, want)
	}
	back, err := unwrapKey(kek, got)
	if err != nil || !bytes.Equal(back, key) {
		t.Fatalf("unwrapKey = %x (%v)", back, err)
	}
	got[3] ^= 1
	if _, err := unwrapKey(kek, got); err == nil {
		t.Error("a changed wrapped key must be refused")
	}
}
