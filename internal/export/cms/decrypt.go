package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"os"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// maxHead bounds the part before the ciphertext: recipients and parameters.
const maxHead = 1 << 20

// envelope is an encrypted file with its ciphertext mapped, not read.
type envelope struct {
	profile    Profile
	recipients []recipient
	nonce, tag []byte
	ciphertext []byte
	m          *mapping
}

func (e *envelope) close() { e.m.close() } //nolint:errcheck // mapped for reading

// DecryptFile checks the tag over all of src for the owner of cert and key,
// and only then writes the contents to dst, as a stream. When the message is
// malformed, changed, or for somebody else, nothing is written. Of the profile
// CBC, which the result names, a change is not noticed here.
func DecryptFile(dst io.Writer, src *os.File, cert *x509.Certificate, key crypto.PrivateKey) (p Profile, err error) {
	defer fault.Wrap(&err, "decrypt")
	e, err := openEnvelope(src)
	if err != nil {
		return "", err
	}
	defer e.close()
	cek, err := openKey(e.recipients, cert, key)
	if err != nil {
		return e.profile, err
	}
	if e.profile == CBC {
		return CBC, e.writeCBC(dst, cek)
	}
	return GCM, e.writeGCM(dst, cek)
}

func (e *envelope) writeGCM(dst io.Writer, cek []byte) error {
	if err := e.authenticate(cek); err != nil {
		return err
	}
	stream, err := ctrStream(cek, e.nonce)
	if err != nil {
		return err
	}
	buf := make([]byte, 256<<10)
	for rest := e.ciphertext; len(rest) > 0; {
		n := copy(buf, rest)
		stream.XORKeyStream(buf[:n], buf[:n])
		if _, err := dst.Write(buf[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (e *envelope) authenticate(cek []byte) error {
	ok, err := checkTag(cek, e.nonce, e.ciphertext, e.tag)
	if err != nil {
		return err
	}
	if !ok {
		return errNotForKey
	}
	return nil
}

// openEnvelope maps and parses an encrypted file.
func openEnvelope(f *os.File) (*envelope, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() < 64 {
		return nil, fault.New(fault.Invalid, "The file's size, %d octets, is not that of an encrypted message.", st.Size())
	}
	m, err := mapFile(f, st.Size())
	if err != nil {
		return nil, err
	}
	e, err := parseEnvelope(m.data)
	if err != nil {
		m.close() //nolint:errcheck // mapped for reading
		return nil, err
	}
	e.m = m
	return e, nil
}

func badEnvelope(what string) error {
	return fault.New(fault.Invalid, "The file is not a well-formed encrypted message (CMS AuthEnvelopedData or EnvelopedData): %s.", what)
}

// lengthOf reads the length that a DER element begins with, of up to 8 octets, and how
// many octets the tag and it take. It says no where they are not all there.
func lengthOf(b []byte) (n uint64, head int, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	if b[1] < 0x80 {
		return uint64(b[1]), 2, true
	}
	octets := int(b[1] & 0x7f)
	if head = 2 + octets; octets == 0 || octets > 8 || len(b) < head {
		return 0, 0, false
	}
	for _, c := range b[2:head] {
		n = n<<8 | uint64(c)
	}
	return n, head, true
}

// cutOff tells how many octets a DER sequence should have more than there are, by the
// length that it begins with; 0 where it cannot be told, or is more than any file has.
func cutOff(b []byte) uint64 {
	n, head, ok := lengthOf(b)
	if !ok || b[0] != 0x30 || head > 2+6 || n <= uint64(len(b)-head) {
		return 0
	}
	return n - uint64(len(b)-head)
}

// element takes one DER element with a length of up to 8 octets, which the
// cryptobyte package does not read, off the front of b.
func element(b []byte, tag byte) (body, rest []byte, ok bool) {
	n, head, ok := lengthOf(b)
	if !ok || b[0] != tag || n > uint64(len(b)-head) {
		return nil, nil, false
	}
	if head > 2 && (b[2] == 0 || n < 0x80) {
		return nil, nil, false // SPEC: X.690 §10.1: the shortest form only
	}
	return b[head:][:n], b[head:][n:], true
}

func parseEnvelope(der []byte) (*envelope, error) {
	outer, rest, ok := element(der, 0x30)
	if !ok || len(rest) > 0 {
		if missing := cutOff(der); missing > 0 {
			return nil, fault.New(fault.Invalid, "The file is not complete: %d of its octets are missing. It was probably cut off on its way; fetch it again.", missing)
		}
		return nil, badEnvelope("it must be one DER sequence with nothing after it")
	}
	e := &envelope{}
	kind := e.readKind(&outer)
	wrapped, rest, ok := element(outer, 0xa0)
	if !kind || !ok || len(rest) > 0 {
		return nil, badEnvelope("it is of another content type, or its content is missing or doubled")
	}
	body, rest, ok := element(wrapped, 0x30)
	if !ok || len(rest) > 0 || len(body) < 3 || body[0] != 2 || body[1] != 1 || body[2] != 0 && (e.profile != CBC || body[2] != 2) {
		return nil, badEnvelope("its version is another than its form has")
	}
	set, body, ok := element(body[3:], 0x31)
	if !ok || len(set) > maxHead {
		return nil, badEnvelope("its recipients are missing")
	}
	var err error
	if e.recipients, err = readRecipients(cryptobyte.String(set)); err != nil {
		return nil, err
	}
	if e.profile == CBC {
		return e, e.readCBC(body)
	}
	return e, e.readContent(body)
}

// readKind takes the content type off the front.
func (e *envelope) readKind(outer *[]byte) bool {
	for p, oid := range map[Profile]asn1.ObjectIdentifier{GCM: oidAuthEnvelopedData, CBC: oidEnvelopedData} {
		der, err := marshalOID(oid)
		if rest, ok := bytes.CutPrefix(*outer, der); err == nil && ok {
			e.profile, *outer = p, rest
			return true
		}
	}
	return false
}

func (e *envelope) readContent(body []byte) error {
	info, body, ok := element(body, 0x30)
	if !ok {
		return badEnvelope("the encrypted content is missing")
	}
	mac, body, ok := element(body, 0x04)
	if !ok || len(mac) != tagSize || len(body) > 0 {
		return badEnvelope("it must end with a tag of 16 octets and nothing after it")
	}
	e.tag = mac
	// The parameters are small; the ciphertext stays out of cryptobyte, which
	// knows lengths of 4 octets only.
	head := cryptobyte.String(info[:min(len(info), 128)])
	var kind, cipherOID asn1.ObjectIdentifier
	var alg, params, nonce cryptobyte.String
	var icv int64
	if !head.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidData) || !head.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!alg.ReadASN1ObjectIdentifier(&cipherOID) || !cipherOID.Equal(oidAES256GCM) ||
		!alg.ReadASN1(&params, cbasn1.SEQUENCE) || !alg.Empty() ||
		!params.ReadASN1(&nonce, cbasn1.OCTET_STRING) || len(nonce) != nonceSize ||
		!params.ReadASN1Integer(&icv) || icv != tagSize || !params.Empty() {
		return badEnvelope("it must be AES-256-GCM with a nonce of 12 and a tag of 16 octets")
	}
	used := min(len(info), 128) - len(head)
	ciphertext, rest, ok := element(info[used:], 0x80)
	if !ok || len(rest) > 0 || len(ciphertext) > MaxEncrypted {
		return badEnvelope("the ciphertext must be one octet string of at most 64 GiB")
	}
	e.nonce, e.ciphertext = nonce, ciphertext
	return nil
}
