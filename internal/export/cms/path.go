package cms

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"time"

	"lerd/internal/fault"
)

// Purpose is what a certificate must be good for.
type Purpose int

// The purposes of certificates in a bundle.
const (
	Seal      Purpose = iota // sealing documents: emailProtection, documentSigning or any of RFC 9336
	TimeStamp                // time stamping and nothing else: RFC 3161 §2.3
	Document                 // signing documents, as authorities of many countries issue it
)

// What is wrong with a signature or a chain, for those who have to tell one from
// another; the sentence for people is in the error that wraps it.
var (
	ErrWeak      = errors.New("cms: weak algorithm or key")
	ErrDigest    = errors.New("cms: digest differs")
	ErrNoCert    = errors.New("cms: no certificate of the signer")
	ErrUntrusted = errors.New("cms: no trusted root")
	ErrValidity  = errors.New("cms: outside its validity")
	ErrRevoked   = errors.New("cms: revoked")
	ErrUncovered = errors.New("cms: no revocation list or OCSP answer covers it")
	ErrUsage     = errors.New("cms: not for this use")
)

// documentUsages are extended key usages under which certificates for documents
// are issued, beside emailProtection. SPEC: RFC 9336; those of Adobe and Microsoft.
var documentUsages = []asn1.ObjectIdentifier{oidDocumentSigning, {1, 2, 840, 113583, 1, 1, 5}, {1, 3, 6, 1, 4, 1, 311, 10, 3, 12}}

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

var oidDocumentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36} // RFC 9336

// Path is a question of trust about one certificate.
type Path struct {
	Leaf    *x509.Certificate
	Pool    []*x509.Certificate    // enclosed certificates, believed only below a root
	Roots   []*x509.Certificate    // trusted
	CRLs    []*x509.RevocationList // enclosed or given, believed when their issuer signed them
	OCSPs   []*OCSP                // enclosed or given, believed when their issuer answers for them
	At      time.Time              // the time at which the certificate must have been good
	Purpose Purpose
	// NeedStatus asks, for every certificate but the root, for a list or an OCSP
	// answer that covers At.
	NeedStatus bool
}

// Verify builds and checks the chain from leaf to root. Errors say in words
// what is wrong with which certificate.
func (p Path) Verify() ([]*x509.Certificate, error) {
	if err := p.checkUsage(); err != nil {
		return nil, err
	}
	roots, pool := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range p.Roots {
		roots.AddCert(c)
	}
	for _, c := range p.Pool {
		pool.AddCert(c)
	}
	chains, err := p.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: pool, CurrentTime: p.At,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, p.explain(err)
	}
	for _, c := range chains[0] {
		if err := strongCert(c, slices.ContainsFunc(p.Roots, c.Equal)); err != nil {
			return nil, err
		}
	}
	return chains[0], p.checkRevocation(chains[0])
}

func (p Path) explain(err error) error {
	if p.At.After(p.Leaf.NotAfter) {
		return fault.Because(fault.Invalid, errors.Join(ErrValidity, err), "The certificate of %q had expired (%s) at the time that counts, %s.",
			p.Leaf.Subject.CommonName, stamp(p.Leaf.NotAfter), stamp(p.At))
	}
	if p.At.Before(p.Leaf.NotBefore) {
		return fault.Because(fault.Invalid, errors.Join(ErrValidity, err), "The certificate of %q was not yet valid (from %s) at the time that counts, %s.",
			p.Leaf.Subject.CommonName, stamp(p.Leaf.NotBefore), stamp(p.At))
	}
	err = errors.Join(ErrUntrusted, err)
	var bad x509.CertificateInvalidError
	if _, ok := errors.AsType[x509.UnhandledCriticalExtension](err); ok {
		return fault.Because(fault.Invalid, err, "The certificate of %q, or one above it, has a critical extension that is not understood.", p.Leaf.Subject.CommonName)
	}
	if errors.As(err, &bad) && bad.Reason == x509.Expired && bad.Cert != nil {
		return fault.Because(fault.Invalid, errors.Join(ErrValidity, err), "The certificate %q, above that of %q, was not valid (%s to %s) at the time that counts, %s.",
			bad.Cert.Subject.CommonName, p.Leaf.Subject.CommonName, stamp(bad.Cert.NotBefore), stamp(bad.Cert.NotAfter), stamp(p.At))
	}
	return fault.Because(fault.Invalid, err, "The certificate of %q does not lead to a trusted root, but to %q.", p.Leaf.Subject.CommonName, p.top())
}

// top is the name of the authority to which the leaf leads, as far up as certificates
// are at hand.
func (p Path) top() string {
	c := p.Leaf
	for range p.Pool { // no chain is longer, and none goes round for ever
		i := slices.IndexFunc(p.Pool, func(x *x509.Certificate) bool { return bytes.Equal(x.RawSubject, c.RawIssuer) })
		if i < 0 || bytes.Equal(c.RawIssuer, c.RawSubject) {
			break
		}
		c = p.Pool[i]
	}
	return c.Issuer.CommonName
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (p Path) checkUsage() error {
	c := p.Leaf
	if c.IsCA {
		return fault.Because(fault.Invalid, ErrUsage, "The signer's certificate %q is a certificate authority's.", c.Subject.CommonName)
	}
	if p.Purpose == TimeStamp {
		if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
			return fault.New(fault.Invalid, "The certificate %q must be for time stamping and nothing else.", c.Subject.CommonName)
		}
		if !slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(oidExtKeyUsage) }) {
			return fault.New(fault.Invalid, "The certificate %q must say by a critical extension that it is for time stamping.", c.Subject.CommonName)
		}
		return nil
	}
	if c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return fault.Because(fault.Invalid, ErrUsage, "The key usage of %q does not allow signatures.", c.Subject.CommonName)
	}
	if p.Purpose == Document {
		return documentUsage(c)
	}
	if slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) ||
		slices.ContainsFunc(c.UnknownExtKeyUsage, oidDocumentSigning.Equal) {
		return nil
	}
	return fault.Because(fault.Invalid, ErrUsage,
		"The certificate %q is not for sealing: its extended key usage must name emailProtection or documentSigning.", c.Subject.CommonName)
}

// documentUsage accepts a certificate without an extended key usage, and one whose
// extended key usage names documents, mail, or any.
func documentUsage(c *x509.Certificate) error {
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	for _, oid := range documentUsages {
		if slices.ContainsFunc(c.UnknownExtKeyUsage, oid.Equal) {
			return nil
		}
	}
	return fault.Because(fault.Invalid, ErrUsage, "The certificate %q is not for signing documents.", c.Subject.CommonName)
}

func strongCert(c *x509.Certificate, root bool) error {
	if err := strongKey(c.PublicKey); err != nil {
		return fault.Because(fault.Invalid, errors.Join(ErrWeak, err), "The key of %q is too weak.", c.Subject.CommonName)
	}
	if strongSignature(c.SignatureAlgorithm) {
		return nil
	}
	if root { // a root is trusted for its key, not for its own signature
		return nil
	}
	return fault.Because(fault.Invalid, ErrWeak, "The certificate %q is signed with a weak digest (%s).", c.Subject.CommonName, c.SignatureAlgorithm)
}

// strongSignature tells whether an algorithm can still be relied on.
func strongSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS,
		x509.SHA512WithRSAPSS, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
		return true
	}
	return false
}
