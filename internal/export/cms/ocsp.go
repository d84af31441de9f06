package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"lerd/internal/fault"
)

// MaxOCSP is the size of the largest OCSP answer that is read, in octets.
const MaxOCSP = 64 << 10

// NonceLen is how many octets of chance a question bears. SPEC: RFC 9654 §2.1.
const NonceLen = 32

var (
	oidOCSPNonce   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidOCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidRIOCSP      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 16, 2} // SPEC: RFC 5940 §2.1
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

// OCSP is an answer about one certificate, form checked but nothing believed
// yet: Path says what it is worth.
type OCSP struct {
	Raw        []byte // OCSPResponse in DER
	Nonce      []byte // nil when absent
	ProducedAt time.Time
	ThisUpdate time.Time
	NextUpdate time.Time // zero when absent

	id       certID
	response *ocsp.Response
}

// certID names a certificate by its issuer and number. SPEC: RFC 6960 §4.1.1.
type certID struct {
	Algorithm pkix.AlgorithmIdentifier
	Name, Key []byte
	Serial    *big.Int
}

// responseData is what golang.org/x/crypto/ocsp does not give of an answer.
// SPEC: RFC 6960 §4.2.1.
type responseData struct {
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []struct {
		ID     certID
		Status asn1.RawValue
		This   time.Time        `asn1:"generalized"`
		Next   time.Time        `asn1:"generalized,explicit,tag:0,optional"`
		More   []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

func badOCSP(err error, what string) error {
	return fault.Because(fault.Invalid, err, "The OCSP answer is not well-formed: %s.", what)
}

// ParseOCSP reads an OCSPResponse in DER that answers about one certificate. A
// responder that is not able to answer now is fault.Unavailable, one that does
// not want to fault.Gate.
func ParseOCSP(der []byte) (*OCSP, error) {
	if len(der) > MaxOCSP {
		return nil, fault.New(fault.TooLarge, "The OCSP answer has %d octets; the most that is read is %d.", len(der), MaxOCSP)
	}
	response, err := ocsp.ParseResponse(der, nil)
	if refused := (ocsp.ResponseError{}); errors.As(err, &refused) {
		kind := fault.Gate
		if refused.Status == ocsp.TryLater || refused.Status == ocsp.InternalError {
			kind = fault.Unavailable
		}
		return nil, fault.Because(kind, err, "The OCSP responder did not answer: %s.", refused.Status)
	}
	if err != nil {
		return nil, badOCSP(err, "it cannot be read, or its signature does not fit the enclosed certificate")
	}
	if !strictForm(der, response.TBSResponseData) {
		return nil, badOCSP(nil, "it is not in DER throughout")
	}
	var data responseData
	rest, err := asn1.Unmarshal(response.TBSResponseData, &data)
	if err != nil || len(rest) > 0 || data.Version != 0 || len(data.Responses) != 1 {
		return nil, badOCSP(err, "it must be of version 1 and about one certificate")
	}
	o := &OCSP{Raw: der, ProducedAt: data.ProducedAt, ThisUpdate: response.ThisUpdate, NextUpdate: response.NextUpdate,
		id: data.Responses[0].ID, response: response}
	return o, o.readExtensions(data.Extensions)
}

// strictForm holds the shell of an answer against its one form, octet by octet:
// the library reads the lengths and tags of some shells without looking at them.
// What is signed lies within tbs. SPEC: RFC 6960 §4.2.1.
func strictForm(der, tbs []byte) bool {
	in := cryptobyte.String(der)
	var response, status, wrapped, body, octets, basic, signed, algorithm, signature, certs, list, cert cryptobyte.String
	var kind asn1.ObjectIdentifier
	first := cbasn1.Tag(0).Constructed().ContextSpecific()
	if !in.ReadASN1(&response, cbasn1.SEQUENCE) || !in.Empty() || !response.ReadASN1(&status, cbasn1.ENUM) ||
		!response.ReadASN1(&wrapped, first) || !response.Empty() || !wrapped.ReadASN1(&body, cbasn1.SEQUENCE) || !wrapped.Empty() ||
		!body.ReadASN1ObjectIdentifier(&kind) || !body.ReadASN1(&octets, cbasn1.OCTET_STRING) || !body.Empty() {
		return false
	}
	if !octets.ReadASN1(&basic, cbasn1.SEQUENCE) || !octets.Empty() || !basic.ReadASN1Element(&signed, cbasn1.SEQUENCE) ||
		!basic.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) || !basic.ReadASN1(&signature, cbasn1.BIT_STRING) || !bytes.Equal(signed, tbs) ||
		len(signature) < 2 || signature[0] != 0 {
		return false
	}
	if basic.Empty() {
		return true
	}
	if !basic.ReadASN1(&certs, first) || !basic.Empty() || !certs.ReadASN1(&list, cbasn1.SEQUENCE) || !certs.Empty() {
		return false
	}
	for !list.Empty() {
		if !list.ReadASN1Element(&cert, cbasn1.SEQUENCE) {
			return false
		}
	}
	return true
}

func (o *OCSP) readExtensions(list []pkix.Extension) error {
	for _, e := range list {
		switch {
		case e.Id.Equal(oidOCSPNonce):
			if o.Nonce = e.Value; o.Nonce == nil {
				o.Nonce = []byte{}
			}
		case e.Critical:
			return badOCSP(nil, "it depends on an extension that is not known")
		}
	}
	return nil
}

// Question writes an OCSPRequest about a certificate in DER, and gives the nonce
// as an answer has to repeat it. Issuers are named by SHA-1, which every
// responder knows; what is believed does not rest on it.
// SPEC: RFC 6960 §4.1.1; RFC 5019 §2.1.1; RFC 9654 §2.1.
func Question(c, issuer *x509.Certificate, rand io.Reader) (der, nonce []byte, err error) {
	chance := make([]byte, NonceLen)
	if _, err := io.ReadFull(rand, chance); err != nil {
		return nil, nil, err
	}
	if nonce, err = asn1.Marshal(chance); err != nil {
		return nil, nil, err
	}
	id, err := idOf(c, issuer)
	if err != nil {
		return nil, nil, err
	}
	extensions, err := asn1.Marshal([]pkix.Extension{{Id: oidOCSPNonce, Value: nonce}})
	if err != nil {
		return nil, nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // OCSPRequest
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // TBSRequest
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // requestList
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(id) })
			})
			b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(extensions) })
		})
	})
	der, err = b.Bytes()
	return der, nonce, err
}

func idOf(c, issuer *x509.Certificate) ([]byte, error) {
	key, err := keyBits(issuer)
	if err != nil {
		return nil, err
	}
	name := sha1Of(issuer.RawSubject)
	return asn1.Marshal(certID{pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue}, name, sha1Of(key), c.SerialNumber})
}

// keyBits gives the octets of a certificate's subjectPublicKey, without its algorithm.
func keyBits(c *x509.Certificate) ([]byte, error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &spki); err != nil {
		return nil, badOCSP(err, "the issuer's key cannot be read")
	}
	return spki.Key.RightAlign(), nil
}

// about tells whether the answer names this certificate of this issuer.
func (o *OCSP) about(c, issuer *x509.Certificate) bool {
	h, ok := HashOf(o.id.Algorithm.Algorithm)
	if o.id.Algorithm.Algorithm.Equal(oidSHA1) {
		h, ok = crypto.SHA1, true
	}
	key, err := keyBits(issuer)
	if !ok || err != nil || o.id.Serial == nil || o.id.Serial.Cmp(c.SerialNumber) != 0 {
		return false
	}
	sum := func(b []byte) []byte {
		d := h.New()
		d.Write(b)
		return d.Sum(nil)
	}
	return bytes.Equal(o.id.Name, sum(issuer.RawSubject)) && bytes.Equal(o.id.Key, sum(key))
}
