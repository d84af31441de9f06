package cms

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"lerd/internal/fault"
)

// OCSPLife is how long an answer counts that does not say when the next one comes.
const OCSPLife = time.Hour

// What is wrong with an OCSP answer, beside ErrWeak, ErrRevoked and ErrValidity.
var (
	ErrStale     = errors.New("cms: not current")
	ErrUnknown   = errors.New("cms: the responder does not know the certificate")
	ErrResponder = errors.New("cms: not by the issuer, nor by who may answer for it")
	ErrOther     = errors.New("cms: about another certificate")
)

// checkOCSPs looks at every answer about the certificate. One by whom the issuer
// did not entrust with it, and one that is not current, says nothing; why tells
// what was wrong with the last of those.
func (p Path) checkOCSPs(c, issuer *x509.Certificate) (covered bool, why, err error) {
	for _, o := range p.OCSPs {
		switch bad := p.checkOCSP(o, c, issuer); {
		case errors.Is(bad, ErrRevoked):
			return false, nil, bad
		case bad == nil:
			covered = true
		case !errors.Is(bad, ErrOther):
			why = bad
		}
	}
	return covered, why, nil
}

// CheckOCSP verifies that an answer says, for p.At, that the certificate is good.
// What is wrong with it is in the error: ErrRevoked, ErrUnknown, ErrStale,
// ErrOther, ErrResponder, ErrWeak or ErrValidity. Lists and other answers of p
// are asked about a responder that is entrusted by a certificate.
// SPEC: RFC 6960 §3.2.
func (p Path) CheckOCSP(o *OCSP, c, issuer *x509.Certificate) error { return p.checkOCSP(o, c, issuer) }

func (p Path) checkOCSP(o *OCSP, c, issuer *x509.Certificate) error {
	if !o.about(c, issuer) {
		return fault.Because(fault.Invalid, ErrOther, "The OCSP answer is about another certificate, or one of another issuer, than %q.", c.Subject.CommonName)
	}
	if err := p.checkResponder(o, issuer); err != nil {
		return err
	}
	name := c.Subject.CommonName
	if o.response.Status == ocsp.Revoked && !o.response.RevokedAt.After(p.At) {
		return p.revoked(c, o.response.RevokedAt)
	}
	if o.response.Status == ocsp.Unknown {
		return fault.Because(fault.Invalid, ErrUnknown, "The OCSP responder of %q does not know the certificate %q.", issuer.Subject.CommonName, name)
	}
	ends := o.NextUpdate
	if ends.IsZero() {
		ends = o.ThisUpdate.Add(OCSPLife)
	}
	if ends.Before(p.At) {
		return fault.Because(fault.Invalid, ErrStale, "The OCSP answer about %q ended on %s, before %s.", name, stamp(ends), stamp(p.At))
	}
	if ends.Before(o.ThisUpdate) {
		return fault.Because(fault.Invalid, ErrStale, "The OCSP answer about %q contradicts itself: it ends before it begins.", name)
	}
	return nil
}

// checkResponder sees that the answer is signed by the issuer, or by one whom
// that very issuer entrusted with answers. SPEC: RFC 6960 §4.2.2.2.
func (p Path) checkResponder(o *OCSP, issuer *x509.Certificate) error {
	responder := o.response.Certificate
	if responder == nil || bytes.Equal(responder.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) {
		return o.signedBy(issuer)
	}
	if err := o.signedBy(responder); err != nil {
		return err
	}
	if err := p.checkDelegate(o, responder, issuer); err != nil {
		return err
	}
	if slices.ContainsFunc(responder.Extensions, isNoCheck) {
		return nil
	}
	alone := p // a list, or an answer of the issuer itself, which needs nobody else
	alone.OCSPs = slices.DeleteFunc(slices.Clone(p.OCSPs), func(other *OCSP) bool { return other.response.Certificate != nil })
	if err := alone.checkStatus(responder, issuer, true); err != nil {
		// Not err itself: that the responder was revoked says nothing about the certificate.
		return fault.Because(fault.Invalid, ErrResponder, "The OCSP responder %q may have been revoked: %s", responder.Subject.CommonName, fault.Message(err))
	}
	return nil
}

// checkDelegate holds a responder's certificate against its issuer, which must be
// that of the certificate in question.
func (p Path) checkDelegate(o *OCSP, responder, issuer *x509.Certificate) error {
	name := responder.Subject.CommonName
	if !bytes.Equal(responder.RawIssuer, issuer.RawSubject) ||
		issuer.CheckSignature(responder.SignatureAlgorithm, responder.RawTBSCertificate, responder.Signature) != nil {
		return fault.Because(fault.Invalid, ErrResponder, "The OCSP responder %q was not entrusted by %q.", name, issuer.Subject.CommonName)
	}
	if !slices.Contains(responder.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) || len(responder.UnhandledCriticalExtensions) > 0 ||
		(responder.KeyUsage != 0 && responder.KeyUsage&x509.KeyUsageDigitalSignature == 0) {
		return fault.Because(fault.Invalid, ErrResponder, "The certificate of the OCSP responder %q is not for answers: its extended key usage must name OCSPSigning.", name)
	}
	for _, at := range []time.Time{p.At, o.ProducedAt} {
		if at.Before(responder.NotBefore) || at.After(responder.NotAfter) {
			return fault.Because(fault.Invalid, errors.Join(ErrResponder, ErrValidity), "The certificate of the OCSP responder %q was not valid on %s.", name, stamp(at))
		}
	}
	return strongCert(responder, false)
}

// signedBy checks who says that he signed, and the signature.
func (o *OCSP) signedBy(c *x509.Certificate) error {
	key, err := keyBits(c)
	if err != nil {
		return err
	}
	if len(o.response.RawResponderName) > 0 && !bytes.Equal(o.response.RawResponderName, c.RawSubject) ||
		len(o.response.RawResponderName) == 0 && !bytes.Equal(o.response.ResponderKeyHash, sha1Of(key)) {
		return fault.Because(fault.Invalid, ErrResponder, "The OCSP answer names another responder than %q.", c.Subject.CommonName)
	}
	if err := strongKey(c.PublicKey); err != nil {
		return fault.Because(fault.Invalid, errors.Join(ErrWeak, err), "The key of the OCSP responder %q is too weak.", c.Subject.CommonName)
	}
	if !strongSignature(o.response.SignatureAlgorithm) {
		return fault.Because(fault.Invalid, ErrWeak, "The OCSP answer is signed with a weak or unknown algorithm (%s).", o.response.SignatureAlgorithm)
	}
	if err := o.response.CheckSignatureFrom(c); err != nil {
		return fault.Because(fault.Invalid, errors.Join(ErrResponder, err), "The signature of the OCSP answer is not by %q.", c.Subject.CommonName)
	}
	return nil
}

func isNoCheck(e pkix.Extension) bool { return e.Id.Equal(oidOCSPNoCheck) }
