package pades

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/requests/orderdoc"
)

type hashed = crypto.Hash

const sha256Hash = crypto.SHA256

func digestOf(h crypto.Hash, parts ...[]byte) []byte {
	d := h.New()
	for _, p := range parts {
		d.Write(p)
	}
	return d.Sum(nil)
}

// material is what came with the document: nothing of it is believed but by
// the signature of whoever an anchor leads to.
type material struct {
	certs []*x509.Certificate
	crls  []*x509.RevocationList
	ocsps [][]byte
}

// materialOf reads the document security store; what cannot be read is left out.
func materialOf(signed orderdoc.Signed) (m material) {
	for _, der := range signed.Certs {
		if c, err := x509.ParseCertificate(der); err == nil {
			m.certs = append(m.certs, c)
		}
	}
	for _, der := range signed.CRLs {
		if l, err := x509.ParseRevocationList(der); err == nil {
			m.crls = append(m.crls, l)
		}
	}
	m.ocsps = signed.OCSPs
	return m
}

// archival is the signed attribute in which older signatures carry revocation
// lists and answers. SPEC: ISO 32000-1 §12.8.3.3.2.
const archival = "1.2.840.113583.1.1.8"

// with adds what a signature itself carries.
func (m material) with(sd *cms.SignedData) material {
	out := material{certs: append(append([]*x509.Certificate{}, m.certs...), sd.Certificates...),
		crls: append(append([]*x509.RevocationList{}, m.crls...), sd.CRLs...), ocsps: m.ocsps}
	var a struct {
		CRLs  []asn1.RawValue `asn1:"optional,explicit,tag:0"`
		OCSPs []asn1.RawValue `asn1:"optional,explicit,tag:1"`
		Other []asn1.RawValue `asn1:"optional,explicit,tag:2"`
	}
	if rest, err := asn1.Unmarshal(sd.SignedValue(archival), &a); err != nil || len(rest) > 0 {
		return out
	}
	for _, raw := range a.CRLs {
		if l, err := x509.ParseRevocationList(raw.FullBytes); err == nil {
			out.crls = append(out.crls, l)
		}
	}
	for _, raw := range a.OCSPs {
		out.ocsps = append(out.ocsps, raw.FullBytes)
	}
	return out
}

// chain judges the certificate: that it leads to an anchor, was good at the time
// that counts, and is shown not to have been revoked by then.
func (v validator) chain(s *Signature, cert *x509.Certificate, m material, at time.Time) {
	if len(v.trust.Roots) == 0 {
		s.add(NoAnchors)
		return
	}
	path := cms.Path{Leaf: cert, Pool: m.certs, Roots: v.trust.Roots, CRLs: append(m.crls, v.trust.CRLs...), At: at, Purpose: cms.Document}
	chain, err := path.Verify()
	if err != nil {
		s.add(v.why(err))
		return
	}
	for i, c := range chain[:len(chain)-1] {
		switch revocation(c, chain[i+1], path.CRLs, m.ocsps, at) {
		case revoked:
			s.add(Revoked)
		case unknown:
			s.add(NotShown)
		}
	}
}

func (v validator) why(err error) Reason {
	switch {
	case errors.Is(err, cms.ErrRevoked):
		return Revoked
	case errors.Is(err, cms.ErrUsage):
		return Usage
	case errors.Is(err, cms.ErrWeak):
		return Weak
	case errors.Is(err, cms.ErrValidity):
		return Expired
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return Expired
	}
	return Untrusted
}

// standing is what is known of a certificate's revocation.
type standing int

const (
	unknown standing = iota
	good
	revoked
)

// revocation looks for a certificate in lists and answers of its issuer. A list
// or an answer counts for a time up to which it was current, or when it is of later.
func revocation(c, issuer *x509.Certificate, crls []*x509.RevocationList, answers [][]byte, at time.Time) standing {
	found := unknown
	for _, l := range crls {
		if !bytes.Equal(l.RawIssuer, issuer.RawSubject) || l.CheckSignatureFrom(issuer) != nil || l.NextUpdate.Before(at) {
			continue
		}
		found = max(found, good)
		for _, e := range l.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(c.SerialNumber) == 0 && !e.RevocationTime.After(at) {
				return revoked
			}
		}
	}
	return max(found, answered(c, issuer, cms.Path{CRLs: crls, At: at}, answers))
}

// answered looks for a certificate in answers by its issuer, or by whom the issuer
// entrusted with them: not by just anybody who has a certificate of that issuer.
// SPEC: RFC 6960 §4.2.2.2.
func answered(c, issuer *x509.Certificate, path cms.Path, answers [][]byte) standing {
	for _, der := range answers {
		if o, err := cms.ParseOCSP(der); err == nil {
			path.OCSPs = append(path.OCSPs, o)
		}
	}
	found := unknown
	for _, o := range path.OCSPs {
		switch err := path.CheckOCSP(o, c, issuer); {
		case errors.Is(err, cms.ErrRevoked):
			return revoked
		case err == nil:
			found = good
		}
	}
	return found
}
