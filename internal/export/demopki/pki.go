// Package demopki makes the certificates of an evaluation: root, issuing
// authority, seal, time-stamping authority and recipients, in the shape that
// production certificates must have. Nobody trusts what it makes, and nothing
// of it may be used in production.
//
// Invariants: every certificate has SKI, AKI, AIA and CRL distribution points
// as docs/bundle-format.md asks; the seal is for sealing only, the authority's
// for time stamping only; a CRL is current for seven days.
package demopki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// CRLLife is how long a revocation list is current.
const CRLLife = 7 * 24 * time.Hour

// Entity is a certificate with its key.
type Entity struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// PKI is a whole demonstration hierarchy.
type PKI struct {
	Root, Issuing, Seal Entity
	TSARoot, TSA        Entity
	URL                 string               // base of AIA and CRL addresses
	Revoked             map[string]time.Time // serial (decimal) → when; of Issuing's certificates
}

// Options say for whom and for when the certificates are.
type Options struct {
	Organisation string
	URL          string // e.g. http://127.0.0.1:8080/.well-known/lerd
	Now          time.Time
	RSASeal      bool // RSA-3072 seal in place of ECDSA P-256
	// OCSP is the base of the addresses of OCSP responders, one for each
	// authority; empty: certificates name none.
	OCSP string
}

// template is what differs between the certificates.
type template struct {
	name    string
	life    time.Duration
	usage   x509.KeyUsage
	ext     []x509.ExtKeyUsage
	unknown []asn1.ObjectIdentifier
	ca      bool
	pathlen int
	crit    []byte // a critical extended key usage, for time stamping
	noCheck bool   // of a responder: nobody need ask about it
}

const year = 365 * 24 * time.Hour

var (
	oidDocumentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}
	oidExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidNoCheck         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // RFC 6960 §4.2.2.2.1
)

// New makes a hierarchy: root 10 years, issuing 5 years and path length 0,
// seal 2 years, and a time-stamping authority below a root of its own.
func New(o Options) (p *PKI, err error) {
	defer fault.Wrap(&err, "make demonstration certificates")
	p = &PKI{URL: o.URL, Revoked: map[string]time.Time{}}
	steps := []struct {
		out    *Entity
		issuer *Entity
		t      template
		rsa    bool
	}{
		{&p.Root, nil, template{name: "Root", life: 10 * year, ca: true, pathlen: 1, usage: caUsage}, false},
		{&p.Issuing, &p.Root, template{name: "Issuing CA", life: 5 * year, ca: true, usage: caUsage}, false},
		{&p.Seal, &p.Issuing, sealTemplate(), o.RSASeal},
		{&p.TSARoot, nil, template{name: "Time Stamp Root", life: 10 * year, ca: true, usage: caUsage}, false},
		{&p.TSA, &p.TSARoot, template{name: "Time Stamp Authority", life: 5 * year, crit: tsaUsage,
			usage: x509.KeyUsageDigitalSignature}, false},
	}
	for _, s := range steps {
		key, err := newKey(s.rsa)
		if err != nil {
			return nil, err
		}
		if *s.out, err = p.issue(o, s.t, key, s.issuer); err != nil {
			return nil, err
		}
	}
	return p, nil
}

const caUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign

// tsaUsage is SEQUENCE { id-kp-timeStamping }; RFC 3161 §2.3 wants it critical and alone.
var tsaUsage = []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08}

func sealTemplate() template {
	return template{name: "Disclosure Seal", life: 2 * year,
		usage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ext:   []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, unknown: []asn1.ObjectIdentifier{oidDocumentSigning}}
}

func newKey(useRSA bool) (crypto.Signer, error) {
	if useRSA {
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (p *PKI) issue(o Options, t template, key crypto.Signer, issuer *Entity) (Entity, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return Entity{}, err
	}
	c := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{o.Organisation}, CommonName: o.Organisation + " " + t.name + " (evaluation)"},
		NotBefore:    o.Now.Add(-time.Hour).UTC().Truncate(time.Second),
		NotAfter:     o.Now.Add(t.life).UTC().Truncate(time.Second),
		KeyUsage:     t.usage, ExtKeyUsage: t.ext, UnknownExtKeyUsage: t.unknown,
		BasicConstraintsValid: true, IsCA: t.ca, MaxPathLen: t.pathlen, MaxPathLenZero: t.ca && t.pathlen == 0,
	}
	if t.crit != nil {
		c.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: t.crit}}
	}
	if t.noCheck {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidNoCheck, Value: []byte{5, 0}})
	}
	parent, signer := c, key
	if issuer != nil {
		parent, signer = issuer.Cert, issuer.Key
		base := o.URL + "/" + fileName(issuer.Cert)
		c.CRLDistributionPoints = []string{base + ".crl"}
		c.IssuingCertificateURL = []string{base + ".cer"}
		if o.OCSP != "" {
			c.OCSPServer = []string{o.OCSP + "/" + fileName(issuer.Cert)}
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return Entity{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return Entity{Cert: cert, Key: key}, err
}

// fileName is the published name of an authority: the hexadecimal serial.
func fileName(c *x509.Certificate) string { return c.SerialNumber.Text(16) }

// Recipient makes an agency's certificate for encryption: RSA-3072 (key
// encipherment) or ECDSA P-256 (key agreement).
func (p *PKI) Recipient(o Options, useRSA bool) (Entity, error) {
	if useRSA {
		return p.RecipientOn(o, nil)
	}
	return p.RecipientOn(o, elliptic.P256())
}

// RecipientOn is Recipient with a key on a curve, or RSA-3072 for nil.
func (p *PKI) RecipientOn(o Options, curve elliptic.Curve) (Entity, error) {
	var key crypto.Signer
	var err error
	usage := x509.KeyUsageKeyAgreement
	if curve == nil {
		usage = x509.KeyUsageKeyEncipherment
		key, err = newKey(true)
	} else {
		key, err = ecdsa.GenerateKey(curve, rand.Reader)
	}
	if err != nil {
		return Entity{}, err
	}
	return p.issue(o, template{name: "Evidence Inbox", life: 2 * year, usage: usage,
		ext: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}, key, &p.Issuing)
}

// Responder entrusts a key with OCSP answers about the certificates of an
// authority; noCheck says that nobody need ask whether it was revoked itself.
// SPEC: RFC 6960 §4.2.2.2.
func (p *PKI) Responder(o Options, authority *Entity, noCheck bool) (Entity, error) {
	key, err := newKey(false)
	if err != nil {
		return Entity{}, err
	}
	return p.issue(o, template{name: "OCSP Responder", life: year, usage: x509.KeyUsageDigitalSignature,
		ext: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}, noCheck: noCheck}, key, authority)
}

// CRLs issues a fresh list of each authority (root, issuing, time-stamp root),
// in DER. Certificates in p.Revoked stand in the issuing authority's.
func (p *PKI) CRLs(now time.Time) (lists [][]byte, err error) {
	defer fault.Wrap(&err, "issue revocation lists")
	for _, ca := range []Entity{p.Root, p.Issuing, p.TSARoot} {
		list := &x509.RevocationList{Number: big.NewInt(now.Unix()), ThisUpdate: now.UTC(), NextUpdate: now.Add(CRLLife).UTC()}
		if ca.Cert == p.Issuing.Cert {
			if list.RevokedCertificateEntries, err = p.entries(); err != nil {
				return nil, err
			}
		}
		der, err := x509.CreateRevocationList(rand.Reader, list, ca.Cert, ca.Key)
		if err != nil {
			return nil, err
		}
		lists = append(lists, der)
	}
	return lists, nil
}

func (p *PKI) entries() ([]x509.RevocationListEntry, error) {
	var out []x509.RevocationListEntry
	for serial, when := range p.Revoked {
		n, ok := new(big.Int).SetString(serial, 10)
		if !ok {
			return nil, fault.New(fault.Invalid, "A revoked serial number must be decimal.")
		}
		out = append(out, x509.RevocationListEntry{SerialNumber: n, RevocationTime: when.UTC(), ReasonCode: 1})
	}
	return out, nil
}

// Signer gives the seal as a signer with its chain to the root.
func (p *PKI) Signer() (cms.Signer, error) {
	return cms.NewSigner(p.Seal.Key, []*x509.Certificate{p.Seal.Cert, p.Issuing.Cert, p.Root.Cert})
}

// TSASigner gives the time-stamping authority's key with its chain.
func (p *PKI) TSASigner() (cms.Signer, error) {
	return cms.NewSigner(p.TSA.Key, []*x509.Certificate{p.TSA.Cert, p.TSARoot.Cert})
}
