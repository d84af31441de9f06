package cms

import (
	"crypto/cipher"
	"crypto/rsa"
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

// gcmWriter is AuthEnvelopedData under a fresh AES-256-GCM key, DER with
// definite lengths, written as a stream: no plaintext touches the disk and
// memory does not grow. SPEC: RFC 5083, RFC 5084.
type gcmWriter struct {
	dst    *os.File
	stream cipher.Stream
	tag    *gcmTag
	buf    []byte // ciphertext that is not written yet, up to tagStep
	left   int64
	cek    []byte
}

func newGCMWriter(dst *os.File, size int64, recipients []*x509.Certificate, rand io.Reader) (*gcmWriter, error) {
	if size == 0 || size > MaxEncrypted {
		return nil, fault.New(fault.TooLarge, "CMS encryption takes 1 octet to 64 GiB; the file has %d octets. Use age, or split it.", size)
	}
	secret := make([]byte, 32+nonceSize)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return nil, err
	}
	cek, nonce := secret[:32], secret[32:]
	head, err := envelopeHead(recipients, cek, nonce, size, rand)
	if err != nil {
		return nil, err
	}
	w := &gcmWriter{dst: dst, buf: make([]byte, 0, tagStep), left: size, cek: cek}
	if w.stream, err = ctrStream(cek, nonce); err != nil {
		return nil, err
	}
	if w.tag, err = newGCMTag(cek, nonce); err != nil {
		return nil, err
	}
	_, err = dst.Write(head)
	return w, err
}

// Write encrypts.
func (w *gcmWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, errSize
	}
	total := len(p)
	for len(p) > 0 {
		at := len(w.buf)
		n := min(len(p), tagStep-at)
		w.buf = w.buf[:at+n]
		w.stream.XORKeyStream(w.buf[at:], p[:n])
		p = p[n:]
		if len(w.buf) == tagStep {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	w.left -= int64(total)
	return total, nil
}

var errSize = fault.New(fault.Internal, "What is encrypted has another size than was announced.")

func (w *gcmWriter) flush() error {
	w.tag.add(w.buf)
	_, err := w.dst.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// Close writes the tag, reads the file back and checks it.
func (w *gcmWriter) Close() error {
	defer clear(w.cek)
	if w.left != 0 {
		return errSize
	}
	if len(w.buf) > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if _, err := w.dst.Write(append([]byte{byte(cbasn1.OCTET_STRING), tagSize}, w.tag.tag()...)); err != nil {
		return err
	}
	e, err := openEnvelope(w.dst)
	if err != nil {
		return err
	}
	defer e.close()
	return e.authenticate(w.cek)
}

// envelopeHead writes every octet that stands before the ciphertext.
func envelopeHead(recipients []*x509.Certificate, cek, nonce []byte, size int64, rand io.Reader) ([]byte, error) {
	set, _, err := recipientSet(GCM, recipients, cek, rand)
	if err != nil {
		return nil, err
	}
	return encloseHead(oidAuthEnvelopedData, 0, set, func(b *cryptobyte.Builder) { addGCM(b, nonce) }, size, 2+tagSize)
}

// recipientSet wraps the content key for everybody, and tells whether one of
// them agrees on a key (elliptic curves) in place of having it sent.
func recipientSet(p Profile, recipients []*x509.Certificate, cek []byte, rand io.Reader) (set []byte, agreed bool, err error) {
	var infos [][]byte
	for _, cert := range recipients {
		info, err := recipientInfo(p, cert, cek, rand)
		if err != nil {
			return nil, false, err
		}
		_, rsaKey := cert.PublicKey.(*rsa.PublicKey)
		agreed = agreed || !rsaKey
		infos = append(infos, info)
	}
	if len(infos) == 0 {
		return nil, false, fault.New(fault.Gate, "Give at least one recipient's certificate.")
	}
	set, err = setOf(cbasn1.SET, infos)
	return set, agreed, err
}

// encloseHead writes what stands before size octets of ciphertext, behind which
// rest octets follow in the same envelope.
func encloseHead(kind asn1.ObjectIdentifier, version byte, set []byte, algorithm func(*cryptobyte.Builder), size, rest int64) ([]byte, error) {
	var alg cryptobyte.Builder
	alg.AddASN1ObjectIdentifier(oidData)
	algorithm(&alg)
	inner, err := alg.Bytes()
	if err != nil {
		return nil, err
	}
	// From the inside out, since the lengths contain the ciphertext's.
	head := append(inner, derHeader(0x80, size)...)              // encryptedContent [0] IMPLICIT
	head = prepend(derHeader(0x30, int64(len(head))+size), head) // EncryptedContentInfo
	head = prepend(append([]byte{2, 1, version}, set...), head)  // version, recipientInfos
	rest += size
	head = prepend(derHeader(0x30, int64(len(head))+rest), head) // the envelope
	head = prepend(derHeader(0xa0, int64(len(head))+rest), head) // [0] EXPLICIT
	oid, err := marshalOID(kind)
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
