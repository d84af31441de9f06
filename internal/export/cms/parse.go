package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// MaxSignedData is the size of the largest SignedData that Parse takes, in
// octets: certificates, CRLs and a token, never content.
const MaxSignedData = 16 << 20

// SignedData is a signature read back, form checked but nothing believed yet.
type SignedData struct {
	ContentType  asn1.ObjectIdentifier
	Content      []byte // nil when detached
	Certificates []*x509.Certificate
	CRLs         []*x509.RevocationList
	OCSPs        []*OCSP
	Hash         crypto.Hash // SHA-256, SHA-384 or SHA-512
	Signature    []byte      // value octets of SignerInfo.signature
	SigningTime  time.Time   // claimed; zero when absent
	Token        []byte      // signature-time-stamp in DER, nil when absent

	issuer    []byte // RDNSequence of the signer's issuer
	serial    *big.Int
	rawAttrs  []byte // as signed: with tag SET
	algorithm asn1.ObjectIdentifier
	attrs     map[string]cryptobyte.String // one value each, by OID
	unsigned  map[string]cryptobyte.String
	other     bool  // there are revocation values that are no lists
	badOCSP   error // an enclosed OCSP answer could not be read
}

// HasStatus tells whether the signature encloses what shows that certificates
// are not revoked.
func (sd *SignedData) HasStatus() bool { return len(sd.CRLs)+len(sd.OCSPs) > 0 }

// version is the one that the contents ask for. SPEC: RFC 5652 §5.1.
func (sd *SignedData) version() int64 {
	switch {
	case sd.other:
		return 5
	case !sd.ContentType.Equal(oidData):
		return 3
	}
	return 1
}

// readOther takes an OCSP answer. Other formats are not relied on, and neither is
// an answer that cannot be read: CheckBaseline refuses it in what is lerd's.
// SPEC: RFC 5652 §10.2.1, RFC 5940 §2.1.
func (sd *SignedData) readOther(raw cryptobyte.String) error {
	var format, answer cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !raw.ReadASN1(&format, cbasn1.Tag(1).Constructed().ContextSpecific()) || !format.ReadASN1ObjectIdentifier(&oid) {
		return malformed("a revocation value of another format cannot be read")
	}
	if !oid.Equal(oidRIOCSP) {
		return nil
	}
	if !format.ReadASN1Element(&answer, cbasn1.SEQUENCE) || !format.Empty() {
		return malformed("an enclosed OCSP answer cannot be read")
	}
	o, err := ParseOCSP(answer)
	if err != nil {
		return fault.Because(fault.Invalid, err, "An OCSP answer of the signature cannot be read.")
	}
	sd.OCSPs = append(sd.OCSPs, o)
	return nil
}

func malformed(what string) error {
	return fault.New(fault.Invalid, "The signature is not a well-formed CMS SignedData: %s.", what)
}

// Parse reads a ContentInfo with a SignedData in DER. It refuses anything but
// one signer, each attribute once, SHA-2 digests, and trailing octets.
func Parse(der []byte) (*SignedData, error) {
	if len(der) > MaxSignedData {
		return nil, fault.New(fault.TooLarge, "The signature has %d octets; the most that is read is %d.", len(der), MaxSignedData)
	}
	body, err := openContentInfo(der, oidSignedData)
	if err != nil {
		return nil, err
	}
	sd := &SignedData{}
	var version int64
	var digests cryptobyte.String
	if !body.ReadASN1Integer(&version) || (version != 1 && version != 3 && version != 5) {
		return nil, malformed("its version must be 1, 3 or 5")
	}
	if !body.ReadASN1(&digests, cbasn1.SET) {
		return nil, malformed("the digest algorithms are missing")
	}
	for _, step := range []func(*cryptobyte.String) error{sd.readEncapsulated, sd.readCertificates, sd.readCRLs, sd.readSigner} {
		if err := step(&body); err != nil {
			return nil, err
		}
	}
	if !body.Empty() {
		return nil, malformed("something follows the signer")
	}
	if version != sd.version() && (!sd.other || sd.ContentType.Equal(oidData) != (version == 1)) {
		return nil, malformed("its version does not belong to its content type")
	}
	return sd, checkDigests(digests, sd.Hash)
}

// openContentInfo checks the outer wrapping and gives the inside of its SEQUENCE.
func openContentInfo(der []byte, want asn1.ObjectIdentifier) (cryptobyte.String, error) {
	in := cryptobyte.String(der)
	var outer, wrapped, body cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, malformed("it must be one DER sequence with nothing after it")
	}
	if !outer.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(want) {
		return nil, malformed("it is of another content type")
	}
	if !outer.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) || !outer.Empty() ||
		!wrapped.ReadASN1(&body, cbasn1.SEQUENCE) || !wrapped.Empty() {
		return nil, malformed("its content is missing or doubled")
	}
	return body, nil
}

func checkDigests(set cryptobyte.String, used crypto.Hash) error {
	found := false
	for !set.Empty() {
		h, err := readHash(&set)
		if err != nil {
			return err
		}
		found = found || h == used
	}
	if !found {
		return malformed("the signer's digest algorithm is not announced")
	}
	return nil
}

// HashOf gives the digest algorithm of an object identifier, if it is one that
// may be used: SHA-256, SHA-384 or SHA-512.
func HashOf(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch {
	case oid.Equal(oidSHA256):
		return crypto.SHA256, true
	case oid.Equal(oidSHA384):
		return crypto.SHA384, true
	case oid.Equal(oidSHA512):
		return crypto.SHA512, true
	}
	return 0, false
}

// readHash reads a digest AlgorithmIdentifier, parameters absent or NULL.
func readHash(s *cryptobyte.String) (crypto.Hash, error) {
	oid, params, ok := readAlgorithm(s)
	if !ok || (len(params) > 0 && !isNull(params)) {
		return 0, malformed("a digest algorithm cannot be read")
	}
	if h, ok := HashOf(oid); ok {
		return h, nil
	}
	return 0, fault.Because(fault.Invalid, ErrWeak, "The digest algorithm %s is too weak or unknown; it must be SHA-256, SHA-384 or SHA-512.", oid)
}

func isNull(params cryptobyte.String) bool { return bytes.Equal(params, []byte{5, 0}) }

func readAlgorithm(s *cryptobyte.String) (oid asn1.ObjectIdentifier, params cryptobyte.String, ok bool) {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, false
	}
	return oid, seq, true
}

func (sd *SignedData) readEncapsulated(body *cryptobyte.String) error {
	var encap, wrapped, octets cryptobyte.String
	var has bool
	if !body.ReadASN1(&encap, cbasn1.SEQUENCE) || !encap.ReadASN1ObjectIdentifier(&sd.ContentType) ||
		!encap.ReadOptionalASN1(&wrapped, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) || !encap.Empty() {
		return malformed("the content description cannot be read")
	}
	if !has {
		return nil
	}
	if !wrapped.ReadASN1(&octets, cbasn1.OCTET_STRING) || !wrapped.Empty() {
		return malformed("the enclosed content cannot be read")
	}
	sd.Content = octets
	return nil
}

func (sd *SignedData) readCertificates(body *cryptobyte.String) error {
	var set cryptobyte.String
	var has bool
	if !body.ReadOptionalASN1(&set, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return malformed("the certificates cannot be read")
	}
	for !set.Empty() {
		var raw cryptobyte.String
		if !set.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
			return malformed("it holds something other than X.509 certificates")
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return fault.Because(fault.Invalid, err, "A certificate of the signature cannot be read.")
		}
		sd.Certificates = append(sd.Certificates, c)
	}
	return nil
}

func (sd *SignedData) readCRLs(body *cryptobyte.String) error {
	var set cryptobyte.String
	var has bool
	if !body.ReadOptionalASN1(&set, &has, cbasn1.Tag(1).Constructed().ContextSpecific()) {
		return malformed("the revocation lists cannot be read")
	}
	for !set.Empty() {
		var raw cryptobyte.String
		var tag cbasn1.Tag
		if !set.ReadAnyASN1Element(&raw, &tag) {
			return malformed("the revocation lists cannot be read")
		}
		if tag != cbasn1.SEQUENCE {
			sd.other = true
			sd.badOCSP = errors.Join(sd.badOCSP, sd.readOther(raw))
			continue
		}
		crl, err := x509.ParseRevocationList(raw)
		if err != nil {
			return fault.Because(fault.Invalid, err, "A revocation list of the signature cannot be read.")
		}
		sd.CRLs = append(sd.CRLs, crl)
	}
	return nil
}

func (sd *SignedData) readSigner(body *cryptobyte.String) error {
	var set, si, sid, issuer cryptobyte.String
	var version int64
	if !body.ReadASN1(&set, cbasn1.SET) || !set.ReadASN1(&si, cbasn1.SEQUENCE) || !set.Empty() {
		return malformed("it must have exactly one signer")
	}
	sd.serial = new(big.Int)
	if !si.ReadASN1Integer(&version) || version != 1 || !si.ReadASN1(&sid, cbasn1.SEQUENCE) ||
		!sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !sid.ReadASN1Integer(sd.serial) || !sid.Empty() {
		return malformed("the signer must be named by issuer and serial number")
	}
	sd.issuer = issuer
	var err error
	if sd.Hash, err = readHash(&si); err != nil {
		return err
	}
	if err := sd.readSignedAttrs(&si); err != nil {
		return err
	}
	if err := sd.readAlgorithm(&si); err != nil {
		return err
	}
	return sd.readUnsignedAttrs(&si)
}

func (sd *SignedData) readSignedAttrs(si *cryptobyte.String) error {
	var raw cryptobyte.String
	if !si.ReadASN1Element(&raw, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return malformed("the signed attributes are missing")
	}
	sd.rawAttrs = append([]byte{0x31}, raw[1:]...)
	attrs, err := readAttributes(sd.rawAttrs)
	if err != nil {
		return err
	}
	sd.attrs = attrs
	if v, has := attrs[oidSigningTime.String()]; has {
		if sd.SigningTime, err = readTime(v); err != nil {
			return err
		}
	}
	return nil
}

func readTime(v cryptobyte.String) (t time.Time, err error) {
	if v.PeekASN1Tag(cbasn1.UTCTime) {
		if !v.ReadASN1UTCTime(&t) || !v.Empty() {
			return t, malformed("the signing time cannot be read")
		}
		return t, nil
	}
	if !v.ReadASN1GeneralizedTime(&t) || !v.Empty() {
		return t, malformed("the signing time cannot be read")
	}
	return t, nil
}

// readAttributes reads a SET OF Attribute in which every attribute stands once
// with one value, in DER order.
func readAttributes(raw []byte) (map[string]cryptobyte.String, error) {
	s, set := cryptobyte.String(raw), cryptobyte.String(nil)
	if !s.ReadASN1(&set, cbasn1.SET) {
		return nil, malformed("the attributes cannot be read")
	}
	attrs := map[string]cryptobyte.String{}
	for !set.Empty() {
		var attr, values, value cryptobyte.String
		var tag cbasn1.Tag
		var oid asn1.ObjectIdentifier
		if !set.ReadASN1(&attr, cbasn1.SEQUENCE) || !attr.ReadASN1ObjectIdentifier(&oid) ||
			!attr.ReadASN1(&values, cbasn1.SET) || !attr.Empty() ||
			!values.ReadAnyASN1Element(&value, &tag) || !values.Empty() {
			return nil, malformed("an attribute must have exactly one value")
		}
		if _, twice := attrs[oid.String()]; twice {
			return nil, malformed("the attribute " + oid.String() + " stands twice")
		}
		attrs[oid.String()] = value
	}
	return attrs, nil
}

func (sd *SignedData) readAlgorithm(si *cryptobyte.String) error {
	oid, params, ok := readAlgorithm(si)
	var signature cryptobyte.String
	if !ok || !si.ReadASN1(&signature, cbasn1.OCTET_STRING) {
		return malformed("the signature value is missing")
	}
	sd.algorithm, sd.Signature = oid, signature
	if oid.Equal(oidRSASSAPSS) {
		return checkPSSParams(params)
	}
	if len(params) > 0 && !isNull(params) {
		return malformed("the signature algorithm has unexpected parameters")
	}
	return nil
}

// checkPSSParams accepts the one set of parameters that this package writes.
func checkPSSParams(params cryptobyte.String) error {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addHashAndMGF(b)
		b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(32) })
	})
	want, err := b.Bytes()
	if err != nil || !bytes.Equal(stripNulls(params), want) {
		return fault.New(fault.Invalid, "RSASSA-PSS must use SHA-256, MGF1 with SHA-256 and a salt of 32 octets.")
	}
	return nil
}

// stripNulls turns the encoding with explicit NULL parameters, which OpenSSL
// writes, into the one without.
func stripNulls(params []byte) []byte {
	withNull := []byte{0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
		0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
		0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
		0xa2, 0x03, 0x02, 0x01, 0x20}
	if !bytes.Equal(params, withNull) {
		return params
	}
	return []byte{0x30, 0x30, 0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
		0xa1, 0x1a, 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
		0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
		0xa2, 0x03, 0x02, 0x01, 0x20}
}

func (sd *SignedData) readUnsignedAttrs(si *cryptobyte.String) error {
	sd.unsigned = map[string]cryptobyte.String{}
	if si.Empty() {
		return nil
	}
	var raw cryptobyte.String
	if !si.ReadASN1Element(&raw, cbasn1.Tag(1).Constructed().ContextSpecific()) || !si.Empty() {
		return malformed("something unknown follows the signature value")
	}
	attrs, err := readAttributes(append([]byte{0x31}, raw[1:]...))
	if err != nil {
		return err
	}
	sd.unsigned = attrs
	if v, has := attrs[oidSignatureTimeStamp.String()]; has {
		sd.Token = v
	}
	return nil
}
