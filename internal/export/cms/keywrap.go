package cms

import (
	"crypto/aes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// wrapKey wraps a 32-octet key under another. SPEC: RFC 3394 §2.2.1.
func wrapKey(kek, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	n := len(key) / 8
	out := make([]byte, 8+len(key))
	copy(out[8:], key)
	var buf [16]byte
	copy(buf[:8], "\xa6\xa6\xa6\xa6\xa6\xa6\xa6\xa6")
	for j := range 6 {
		for i := 1; i <= n; i++ {
			copy(buf[8:], out[8*i:8*i+8])
			block.Encrypt(buf[:], buf[:])
			binary.BigEndian.PutUint64(buf[:8], binary.BigEndian.Uint64(buf[:8])^uint64(n*j+i))
			copy(out[8*i:], buf[8:])
		}
	}
	copy(out, buf[:8])
	return out, nil
}

// unwrapKey undoes wrapKey and refuses a wrong key. SPEC: RFC 3394 §2.2.2.
func unwrapKey(kek, wrapped []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	if len(wrapped) != 40 {
		return nil, fault.New(fault.Invalid, "The wrapped key must have 40 octets.")
	}
	n := len(wrapped)/8 - 1
	out := append([]byte(nil), wrapped...)
	var buf [16]byte
	copy(buf[:8], out)
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			binary.BigEndian.PutUint64(buf[:8], binary.BigEndian.Uint64(buf[:8])^uint64(n*j+i))
			copy(buf[8:], out[8*i:8*i+8])
			block.Decrypt(buf[:], buf[:])
			copy(out[8*i:], buf[8:])
		}
	}
	if subtle.ConstantTimeCompare(buf[:8], []byte("\xa6\xa6\xa6\xa6\xa6\xa6\xa6\xa6")) != 1 {
		return nil, errNotForKey
	}
	return out[8:], nil
}

// deriveKEK is the X9.63 KDF with SHA-256 for a 32-octet key under AES-256 key
// wrap. SPEC: RFC 5753 §7.2, SEC 1 §3.6.1.
func deriveKEK(shared []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // ECC-CMS-SharedInfo
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidAES256Wrap) })
		b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1OctetString([]byte{0, 0, 1, 0}) // 256 bits
		})
	})
	info, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write(shared)
	h.Write([]byte{0, 0, 0, 1})
	h.Write(info)
	return h.Sum(nil), nil
}
