package pades

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
	"lerd/internal/requests/orderdoc"
)

// validator judges the signatures of one document.
type validator struct {
	trust    Trust
	at       time.Time
	material material
}

// forms are the sub-filters that are read. adbe.pkcs7.detached is PAdES's elder;
// adbe.pkcs7.sha1 and adbe.x509.rsa_sha1 rest on SHA-1.
var forms = map[string]bool{"ETSI.CAdES.detached": true, "adbe.pkcs7.detached": true, "ETSI.RFC3161": true}

// judge gives the reasons against one signature.
func (v validator) judge(in orderdoc.Signature) (s Signature) {
	s = Signature{Stamp: in.Stamp, Form: in.SubFilter, Whole: in.Whole, Later: in.Later}
	switch in.Wrong {
	case "":
	case "no_contents", "no_range", "no_signature":
		s.add(Malformed)
		return s
	default:
		s.add(WrongRange)
		return s
	}
	if !forms[in.SubFilter] || (in.SubFilter == "ETSI.RFC3161") != in.Stamp {
		s.add(Unreadable)
		return s
	}
	der, ok := unpadded(in.Contents)
	if !ok {
		s.add(Padded)
		return s
	}
	if in.Stamp {
		v.stamp(&s, in, der)
		return s
	}
	v.signature(&s, in, der)
	return s
}

// unpadded gives the one DER value at the beginning; only zeros may follow it.
func unpadded(contents []byte) ([]byte, bool) {
	var raw asn1.RawValue
	rest, err := asn1.Unmarshal(contents, &raw)
	if err != nil {
		return nil, false
	}
	for _, c := range rest {
		if c != 0 {
			return nil, false
		}
	}
	return raw.FullBytes, true
}

// signature judges a CMS signature over the covered bytes.
func (v validator) signature(s *Signature, in orderdoc.Signature, der []byte) {
	sd, err := cms.Parse(der)
	if err != nil {
		s.add(unread(err))
		return
	}
	if sd.Content != nil {
		s.add(Malformed) // it would be over its own content, not over the document
		return
	}
	h := sd.Hash.New()
	h.Write(in.Covered[0])
	h.Write(in.Covered[1])
	cert, err := sd.CheckValue(h.Sum(nil))
	if err != nil {
		s.add(refused(err))
		return
	}
	s.Signer, s.Issuer, s.Serial = cert.Subject.String(), cert.Issuer.String(), cert.SerialNumber.Text(16)
	if !sd.SigningTime.IsZero() {
		s.Claimed = sd.SigningTime.UTC().Format(time.RFC3339)
	}
	v.bound(s, sd, cert)
	m := v.material.with(sd)
	v.chain(s, cert, m, v.time(s, sd, cert))
}

func unread(err error) Reason {
	if errors.Is(err, cms.ErrWeak) {
		return Weak
	}
	return Unreadable
}

func refused(err error) Reason {
	switch {
	case errors.Is(err, cms.ErrDigest):
		return Digest
	case errors.Is(err, cms.ErrWeak):
		return Weak
	case errors.Is(err, cms.ErrNoCert):
		return Unreadable
	}
	return Value
}

// bound wants the certificate to be named by what was signed.
func (v validator) bound(s *Signature, sd *cms.SignedData, cert *x509.Certificate) {
	const signingCertificate, signingCertificateV2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
	switch {
	case sd.SignedValue(signingCertificateV2) == nil && sd.SignedValue(signingCertificate) == nil:
		s.add(Unbound)
	case sd.SignedValue(signingCertificateV2) == nil:
		s.add(Weak) // the elder attribute names it by SHA-1
	case sd.Bound(cert) != nil:
		s.add(Binding)
	}
}

// time gives the time at which the certificate has to be good: that of a trusted
// time stamp over the signature, or else when the document arrived.
func (v validator) time(s *Signature, sd *cms.SignedData, cert *x509.Certificate) time.Time {
	if sd.SigningTime.After(cert.NotAfter) || !sd.SigningTime.IsZero() && sd.SigningTime.Before(cert.NotBefore) {
		s.add(Outlived)
	}
	if sd.Token == nil {
		return v.at
	}
	sum := sha256.Sum256(sd.Signature)
	at, why := v.stamped(sd.Token, func(h hashed) []byte {
		if h == sha256Hash {
			return sum[:]
		}
		return digestOf(h, sd.Signature)
	})
	if why != "" {
		s.add(why)
		return v.at
	}
	s.Proven = at.UTC().Format(time.RFC3339)
	return at
}

// stamp judges a time stamp over the covered bytes.
func (v validator) stamp(s *Signature, in orderdoc.Signature, der []byte) {
	at, why := v.stamped(der, func(h hashed) []byte { return digestOf(h, in.Covered[0], in.Covered[1]) })
	if why != "" {
		s.add(why)
		return
	}
	s.Proven = at.UTC().Format(time.RFC3339)
}

// stamped verifies a token over a digest, and gives its time or why it does not count.
func (v validator) stamped(token []byte, digest func(hashed) []byte) (time.Time, Reason) {
	info, err := tsp.ParseToken(token)
	if err != nil {
		return time.Time{}, unread(err)
	}
	_, err = tsp.Verify(token, digest(info.Hash), info.Hash, tsp.Trust{Roots: v.trust.Stamps, Pool: v.material.certs, CRLs: append(v.trust.CRLs, v.material.crls...)})
	switch {
	case err == nil:
		return info.Time, ""
	case errors.Is(err, cms.ErrRevoked):
		return time.Time{}, StampUnknown
	case errors.Is(err, cms.ErrUntrusted), errors.Is(err, cms.ErrValidity), errors.Is(err, cms.ErrUsage), errors.Is(err, cms.ErrWeak):
		return time.Time{}, StampUnknown
	case errors.Is(err, tsp.ErrImprint):
		return time.Time{}, WrongStamp
	}
	return time.Time{}, StampUnknown
}
