package cms

import (
	"bytes"
	"crypto/x509"
	"errors"
	"time"

	"lerd/internal/fault"
)

func (p Path) checkRevocation(chain []*x509.Certificate) error {
	for i, c := range chain[:len(chain)-1] {
		if err := p.checkStatus(c, chain[i+1], p.NeedStatus); err != nil {
			return err
		}
	}
	return nil
}

// Covered tells whether a list or an OCSP answer that is at hand says, of p.At,
// that the certificate is not revoked. The error says that it is.
func (p Path) Covered(c, issuer *x509.Certificate) (bool, error) {
	err := p.checkStatus(c, issuer, true)
	if errors.Is(err, ErrUncovered) {
		return false, nil
	}
	return err == nil, err
}

// checkStatus looks for the certificate in every list of its issuer and every
// OCSP answer about it and, if there must be one, for one that was still current
// at p.At.
func (p Path) checkStatus(c, issuer *x509.Certificate, must bool) error {
	byList, err := p.checkCRLs(c, issuer)
	if err != nil {
		return err
	}
	byAnswer, why, err := p.checkOCSPs(c, issuer)
	if err != nil || byList || byAnswer || !must {
		return err
	}
	if why != nil {
		return fault.Because(fault.Invalid, errors.Join(ErrUncovered, why), "%s", fault.Message(why))
	}
	return fault.Because(fault.Invalid, ErrUncovered, "No revocation list or OCSP answer of %q that was current on %s covers the certificate %q.",
		issuer.Subject.CommonName, stamp(p.At), c.Subject.CommonName)
}

func (p Path) checkCRLs(c, issuer *x509.Certificate) (covered bool, err error) {
	for _, crl := range p.CRLs {
		if !bytes.Equal(crl.RawIssuer, issuer.RawSubject) || !signedBy(crl, issuer) {
			continue
		}
		for _, e := range crl.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(c.SerialNumber) == 0 && !e.RevocationTime.After(p.At) {
				return false, p.revoked(c, e.RevocationTime)
			}
		}
		covered = covered || !crl.NextUpdate.Before(p.At)
	}
	return covered, nil
}

func (p Path) revoked(c *x509.Certificate, when time.Time) error {
	return fault.Because(fault.Invalid, ErrRevoked, "The certificate %q was revoked on %s, before %s.",
		c.Subject.CommonName, stamp(when), stamp(p.At))
}
