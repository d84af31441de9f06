// Package tsp asks RFC 3161 time-stamping authorities for tokens and verifies
// them. It also holds a small authority for tests and evaluation, which must
// never be used in production: time counts only when somebody else attests it.
//
// Invariants:
//   - a token is given back to the caller only after it was verified against
//     the digest and nonce that were sent;
//   - a token over another digest, of a weak digest, or by a certificate that
//     is not for time stamping alone is refused.
package tsp

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// Digest is the SHA-256 that a token is over.
type Digest = [sha256.Size]byte

var (
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// Stamp is a verified answer of an authority.
type Stamp struct {
	Response []byte // TimeStampResp in DER, as `openssl ts -verify -in` reads it
	Token    []byte // its TimeStampToken in DER
	Time     time.Time
}

// Info is what a token says.
type Info struct {
	Time         time.Time
	Policy       string // OID in dotted form
	Serial       *big.Int
	Hash         crypto.Hash
	Imprint      []byte
	Nonce        *big.Int      // nil when absent
	Accuracy     time.Duration // how far the time may be off; 0 where the token does not say
	Signer       *x509.Certificate
	Certificates []*x509.Certificate
	CRLs         []*x509.RevocationList
	OCSPs        []*cms.OCSP
}

func malformed(what string) error {
	return fault.New(fault.Invalid, "The time stamp is not well-formed: %s.", what)
}

// ParseToken reads a TimeStampToken and checks its signature, not its trust.
func ParseToken(der []byte) (*Info, error) {
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	if !sd.ContentType.Equal(cms.OIDTSTInfo) || sd.Content == nil {
		return nil, malformed("it is a signature over something other than a time")
	}
	h := sd.Hash.New()
	h.Write(sd.Content)
	cert, err := sd.Check(h.Sum(nil))
	if err != nil {
		return nil, err
	}
	info, err := parseInfo(sd.Content)
	if err != nil {
		return nil, err
	}
	info.Signer, info.Certificates, info.CRLs, info.OCSPs = cert, sd.Certificates, sd.CRLs, sd.OCSPs
	return info, nil
}

// parseInfo reads TSTInfo. SPEC: RFC 3161 §2.4.2.
func parseInfo(der []byte) (*Info, error) {
	in := cryptobyte.String(der)
	var body, imprint, hashed cryptobyte.String
	var version int64
	var policy asn1.ObjectIdentifier
	info := &Info{Serial: new(big.Int)}
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1ObjectIdentifier(&policy) || !body.ReadASN1(&imprint, cbasn1.SEQUENCE) {
		return nil, malformed("its version, policy or imprint cannot be read")
	}
	var err error
	if info.Hash, err = readHash(&imprint); err != nil {
		return nil, err
	}
	if !imprint.ReadASN1(&hashed, cbasn1.OCTET_STRING) || !imprint.Empty() || len(hashed) != info.Hash.Size() {
		return nil, malformed("its imprint has the wrong size")
	}
	if !body.ReadASN1Integer(info.Serial) || !readGenTime(&body, &info.Time) {
		return nil, malformed("its serial number or time cannot be read")
	}
	info.Policy, info.Imprint = policy.String(), hashed
	return info, readOptional(body, info)
}

// readGenTime reads a GeneralizedTime with an optional fraction of a second.
func readGenTime(s *cryptobyte.String, t *time.Time) bool {
	var v cryptobyte.String
	if !s.ReadASN1(&v, cbasn1.GeneralizedTime) {
		return false
	}
	parsed, err := time.Parse("20060102150405.999999999Z", string(v))
	if err != nil {
		return false
	}
	*t = parsed.UTC()
	return true
}

func readHash(s *cryptobyte.String) (crypto.Hash, error) {
	var alg cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !s.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&oid) {
		return 0, malformed("its digest algorithm cannot be read")
	}
	if h, ok := cms.HashOf(oid); ok {
		return h, nil
	}
	return 0, fault.New(fault.Invalid, "The time stamp uses the digest %s; it must be SHA-256, SHA-384 or SHA-512.", oid)
}

// Trust is whom to believe about time.
type Trust struct {
	Roots      []*x509.Certificate
	Pool       []*x509.Certificate
	CRLs       []*x509.RevocationList
	OCSPs      []*cms.OCSP
	NeedStatus bool
}

// ErrImprint is within the error of a token that is over something else.
var ErrImprint = errors.New("tsp: imprint differs")

// MaxInaccuracy is how far off a time stamp may say that its time is. Authorities
// that time counts by keep to a second (EN 319 421 §7.7.2).
const MaxInaccuracy = time.Minute

// Verify checks that a token is over digest and by a trusted authority.
func Verify(token []byte, digest []byte, h crypto.Hash, trust Trust) (*Info, error) {
	info, err := ParseToken(token)
	if err != nil {
		return nil, err
	}
	if info.Hash != h || !bytes.Equal(info.Imprint, digest) {
		return nil, fault.Because(fault.Invalid, ErrImprint, "The time stamp is over something else: its imprint differs.")
	}
	if info.Accuracy > MaxInaccuracy {
		return nil, fault.New(fault.Invalid, "The time stamp's time may be wrong by %s, by its own words; the most is %s.", info.Accuracy, MaxInaccuracy)
	}
	_, err = cms.Path{Leaf: info.Signer, Pool: append(info.Certificates, trust.Pool...), Roots: trust.Roots,
		CRLs: append(info.CRLs, trust.CRLs...), OCSPs: append(info.OCSPs, trust.OCSPs...), At: info.Time, Purpose: cms.TimeStamp, NeedStatus: trust.NeedStatus}.Verify()
	return info, err
}

// ParseResponse gives the token of a granted TimeStampResp.
// SPEC: RFC 3161 §2.4.2: status 0 (granted) or 1 (granted with modifications).
func ParseResponse(der []byte) (token []byte, err error) {
	in := cryptobyte.String(der)
	var body, status, tok cryptobyte.String
	var code int64
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1(&status, cbasn1.SEQUENCE) ||
		!status.ReadASN1Integer(&code) {
		return nil, malformed("the authority's answer cannot be read")
	}
	if code != 0 && code != 1 {
		return nil, fault.New(fault.Unavailable, "The time-stamping authority refused (status %d).", code)
	}
	if !body.ReadASN1Element(&tok, cbasn1.SEQUENCE) || !body.Empty() {
		return nil, malformed("the authority's answer holds no token, or more than one")
	}
	return tok, nil
}
