package cms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"hash"
	"io"
	"os"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// cbcWriter is EnvelopedData in DER with definite lengths, written as a stream.
// SPEC: RFC 5652 §6.1, RFC 3565.
type cbcWriter struct {
	dst  *os.File
	mode cipher.BlockMode
	buf  []byte // plaintext that is not encrypted yet
	left int64
	cek  []byte
	sum  hash.Hash // of the plaintext
}

func newCBCWriter(dst *os.File, size int64, recipients []*x509.Certificate, rand io.Reader) (*cbcWriter, error) {
	if size == 0 {
		return nil, fault.New(fault.Invalid, "There is nothing to encrypt.")
	}
	secret := make([]byte, 32+aes.BlockSize)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return nil, err
	}
	cek, iv := secret[:32], secret[32:]
	head, err := cbcHead(recipients, cek, iv, (size/aes.BlockSize+1)*aes.BlockSize, rand)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	_, err = dst.Write(head)
	return &cbcWriter{dst: dst, mode: cipher.NewCBCEncrypter(block, iv), buf: make([]byte, 0, 256<<10+aes.BlockSize), left: size, cek: cek, sum: sha256.New()}, err
}

// Write encrypts.
func (w *cbcWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, errSize
	}
	total := len(p)
	w.sum.Write(p)
	for len(p) > 0 {
		n := min(len(p), 256<<10-len(w.buf))
		w.buf, p = append(w.buf, p[:n]...), p[n:]
		if len(w.buf) == 256<<10 {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	w.left -= int64(total)
	return total, nil
}

func (w *cbcWriter) flush() error {
	w.mode.CryptBlocks(w.buf, w.buf)
	_, err := w.dst.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// Close pads, reads the file back and compares. SPEC: RFC 5652 §6.3.
func (w *cbcWriter) Close() error {
	defer clear(w.cek)
	if w.left != 0 {
		return errSize
	}
	pad := aes.BlockSize - len(w.buf)%aes.BlockSize
	w.buf = append(w.buf, bytes.Repeat([]byte{byte(pad)}, pad)...)
	if err := w.flush(); err != nil {
		return err
	}
	return checkWrittenCBC(w.dst, w.cek, w.sum.Sum(nil))
}

// checkWrittenCBC decrypts what was written and compares the digest.
func checkWrittenCBC(dst *os.File, cek, want []byte) error {
	e, err := openEnvelope(dst)
	if err != nil {
		return err
	}
	defer e.close()
	sum := sha256.New()
	if err := e.writeCBC(sum, cek); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return fault.New(fault.Internal, "The encrypted file does not read back as what was encrypted.")
	}
	return nil
}

func cbcHead(recipients []*x509.Certificate, cek, iv []byte, size int64, rand io.Reader) ([]byte, error) {
	set, agreed, err := recipientSet(CBC, recipients, cek, rand)
	if err != nil {
		return nil, err
	}
	version := byte(0)
	if agreed {
		version = 2 // SPEC: RFC 5652 §6.1: 2 where a recipient is of another form than key transport
	}
	return encloseHead(oidEnvelopedData, version, set, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidAES256CBC)
			b.AddASN1OctetString(iv)
		})
	}, size, 0)
}

// readCBC takes EncryptedContentInfo under AES-256-CBC; nothing follows it.
func (e *envelope) readCBC(body []byte) error {
	info, body, ok := element(body, 0x30)
	if !ok || len(body) > 0 {
		return badEnvelope("the encrypted content is missing or has something after it")
	}
	head := cryptobyte.String(info[:min(len(info), 128)])
	var kind, cipherOID asn1.ObjectIdentifier
	var alg, iv cryptobyte.String
	if !head.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidData) || !head.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!alg.ReadASN1ObjectIdentifier(&cipherOID) || !cipherOID.Equal(oidAES256CBC) ||
		!alg.ReadASN1(&iv, cbasn1.OCTET_STRING) || len(iv) != aes.BlockSize || !alg.Empty() {
		return badEnvelope("it must be AES-256-CBC with an initialisation vector of 16 octets")
	}
	ciphertext, rest, ok := element(info[min(len(info), 128)-len(head):], 0x80)
	if !ok || len(rest) > 0 || len(ciphertext) == 0 || len(ciphertext)%aes.BlockSize != 0 {
		return badEnvelope("the ciphertext must be one octet string of whole blocks")
	}
	e.nonce, e.ciphertext = iv, ciphertext
	return nil
}

// writeCBC decrypts to w. CBC tells nobody whether it was changed; the padding
// is looked at before anything is written, so that a wrong key gives nothing.
func (e *envelope) writeCBC(w io.Writer, cek []byte) error {
	block, err := aes.NewCipher(cek)
	if err != nil {
		return err
	}
	n := len(e.ciphertext)
	pad, err := e.padding(block)
	if err != nil {
		return err
	}
	mode, buf := cipher.NewCBCDecrypter(block, e.nonce), make([]byte, 256<<10)
	for at := 0; at < n-pad; at += len(buf) {
		out := buf[:copy(buf, e.ciphertext[at:])]
		mode.CryptBlocks(out, out)
		if _, err := w.Write(out[:min(len(out), n-pad-at)]); err != nil {
			return err
		}
	}
	return nil
}

// padding decrypts the last block alone and gives the number of padding octets.
func (e *envelope) padding(block cipher.Block) (int, error) {
	n := len(e.ciphertext)
	previous := e.nonce
	if n > aes.BlockSize {
		previous = e.ciphertext[n-2*aes.BlockSize : n-aes.BlockSize]
	}
	last := make([]byte, aes.BlockSize)
	cipher.NewCBCDecrypter(block, previous).CryptBlocks(last, e.ciphertext[n-aes.BlockSize:])
	pad := int(last[aes.BlockSize-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(last[aes.BlockSize-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return 0, errNotForKey
	}
	return pad, nil
}
