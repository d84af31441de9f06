package cms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"os"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

const (
	tagSize   = 16
	nonceSize = 12
	// MaxEncrypted is the most that one AES-GCM message may hold, in octets.
	// SPEC: NIST SP 800-38D §5.2.1.1: 2^39 - 256 bits.
	MaxEncrypted = 1<<36 - 32
)

// EncryptFile writes src's contents to dst (an empty file open for reading and
// writing) as AuthEnvelopedData under a fresh AES-256-GCM key for every
// recipient, DER with definite lengths. Before it returns it reads dst back
// and checks its tag. It does not sync dst. SPEC: RFC 5083, RFC 5084.
func EncryptFile(dst, src *os.File, recipients []*x509.Certificate, rand io.Reader) (err error) {
	defer fault.Wrap(&err, "encrypt")
	st, err := src.Stat()
	if err != nil {
		return err
	}
	if st.Size() == 0 || st.Size() > MaxEncrypted {
		return fault.New(fault.TooLarge, "CMS encryption takes 1 octet to 64 GiB; the file has %d octets. Use age, or split it.", st.Size())
	}
	secret := make([]byte, 32+nonceSize)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return err
	}
	defer clear(secret)
	cek, nonce := secret[:32], secret[32:]
	head, err := envelopeHead(recipients, cek, nonce, st.Size(), rand)
	if err != nil {
		return err
	}
	if err := sealInto(dst, src, head, cek, nonce); err != nil {
		return err
	}
	return checkWritten(dst, cek)
}

// sealInto maps both files and encrypts from one map to the other.
func sealInto(dst, src *os.File, head, cek, nonce []byte) (err error) {
	st, err := src.Stat()
	if err != nil {
		return err
	}
	total := int64(len(head)) + st.Size() + 2 + tagSize
	if err := dst.Truncate(total); err != nil {
		return err
	}
	in, err := mapFile(src, st.Size(), mapRead)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // read only
	out, err := mapFile(dst, total, mapWrite)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	copy(out.data, head)
	end := len(head) + len(in.data)
	gcm.Seal(out.data[len(head):len(head)], nonce, in.data, nil)
	copy(out.data[end+2:], out.data[end:end+tagSize]) // the tag is an OCTET STRING of its own
	out.data[end], out.data[end+1] = byte(cbasn1.OCTET_STRING), tagSize
	return out.close()
}

func checkWritten(dst *os.File, cek []byte) error {
	e, err := openEnvelope(dst)
	if err != nil {
		return err
	}
	defer e.close()
	return e.authenticate(cek)
}

// envelopeHead writes every octet that stands before the ciphertext.
func envelopeHead(recipients []*x509.Certificate, cek, nonce []byte, size int64, rand io.Reader) ([]byte, error) {
	var infos [][]byte
	for _, cert := range recipients {
		info, err := recipientInfo(cert, cek, rand)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	if len(infos) == 0 {
		return nil, fault.New(fault.Gate, "Give at least one recipient's certificate.")
	}
	set, err := setOf(cbasn1.SET, infos)
	if err != nil {
		return nil, err
	}
	var alg cryptobyte.Builder
	alg.AddASN1ObjectIdentifier(oidData)
	addGCM(&alg, nonce)
	inner, err := alg.Bytes()
	if err != nil {
		return nil, err
	}
	// From the inside out, since the lengths contain the ciphertext's.
	head := append(inner, derHeader(0x80, size)...)              // encryptedContent [0] IMPLICIT
	head = prepend(derHeader(0x30, int64(len(head))+size), head) // EncryptedContentInfo
	head = prepend(append([]byte{2, 1, 0}, set...), head)        // version 0, recipientInfos
	rest := size + 2 + tagSize
	head = prepend(derHeader(0x30, int64(len(head))+rest), head) // AuthEnvelopedData
	head = prepend(derHeader(0xa0, int64(len(head))+rest), head) // [0] EXPLICIT
	oid, err := marshalOID(oidAuthEnvelopedData)
	head = prepend(oid, head) // ContentInfo
	return prepend(derHeader(0x30, int64(len(head))+rest), head), err
}

func marshalOID(oid asn1.ObjectIdentifier) ([]byte, error) { return asn1.Marshal(oid) }

func prepend(a, b []byte) []byte { return append(append([]byte(nil), a...), b...) }

func addGCM(b *cryptobyte.Builder, nonce []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidAES256GCM)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // GCMParameters
			b.AddASN1OctetString(nonce)
			b.AddASN1Int64(tagSize)
		})
	})
}

// derHeader gives tag and definite length.
func derHeader(tag byte, n int64) []byte {
	if n < 0x80 {
		return []byte{tag, byte(n)}
	}
	var length []byte
	for v := n; v > 0; v >>= 8 {
		length = append([]byte{byte(v)}, length...)
	}
	return append([]byte{tag, 0x80 | byte(len(length))}, length...)
}
