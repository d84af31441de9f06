package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // only for the certificate id of older time-stamp tokens
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// Check verifies the signature over content whose digest under sd.Hash is
// given, and the binding of the signer's certificate. It gives that
// certificate; whether it is trusted is for Path to say.
func (sd *SignedData) Check(digest []byte) (*x509.Certificate, error) {
	cert, err := sd.CheckValue(digest)
	if err != nil {
		return nil, err
	}
	return cert, sd.checkBinding(cert)
}

// CheckValue is Check without the binding of the certificate, which older
// signatures of others lack: another certificate of the same key could stand in
// its place.
func (sd *SignedData) CheckValue(digest []byte) (*x509.Certificate, error) {
	cert, err := sd.signerCert()
	if err != nil {
		return nil, err
	}
	if err := sd.checkContentType(); err != nil {
		return nil, err
	}
	var claimed cryptobyte.String
	v := sd.attrs[oidMessageDigest.String()]
	if !v.ReadASN1(&claimed, cbasn1.OCTET_STRING) || !v.Empty() {
		return nil, malformed("the message digest is missing")
	}
	if subtle.ConstantTimeCompare(claimed, digest) != 1 {
		return nil, fault.Because(fault.Invalid, ErrDigest, "The content is not the one that was signed: its digest differs.")
	}
	return cert, sd.checkValue(cert)
}

// Bound tells whether the signer's certificate is named by what was signed.
func (sd *SignedData) Bound(cert *x509.Certificate) error { return sd.checkBinding(cert) }

// SignedValue gives the signed attribute of an object identifier in dotted form,
// nil where there is none.
func (sd *SignedData) SignedValue(oid string) []byte { return sd.attrs[oid] }

func (sd *SignedData) checkContentType() error {
	var oid asn1.ObjectIdentifier
	v := sd.attrs[oidContentType.String()]
	if !v.ReadASN1ObjectIdentifier(&oid) || !v.Empty() || !oid.Equal(sd.ContentType) {
		return malformed("the content type attribute is missing or of another type")
	}
	return nil
}

func (sd *SignedData) signerCert() (*x509.Certificate, error) {
	for _, c := range sd.Certificates {
		if bytes.Equal(c.RawIssuer, sd.issuer) && c.SerialNumber.Cmp(sd.serial) == 0 {
			return c, nil
		}
	}
	return nil, fault.Because(fault.Invalid, ErrNoCert, "The signer's certificate is not enclosed.")
}

// checkValue verifies the signature value over the signed attributes.
func (sd *SignedData) checkValue(cert *x509.Certificate) error {
	if err := strongKey(cert.PublicKey); err != nil {
		return err
	}
	h := sd.Hash.New()
	h.Write(sd.rawAttrs)
	sum := h.Sum(nil)
	ok := false
	switch pub := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		ok = sd.algorithm.Equal(ecdsaOID(sd.Hash)) && ecdsa.VerifyASN1(pub, sum, sd.Signature)
	case *rsa.PublicKey:
		ok = sd.checkRSA(pub, sum)
	}
	if !ok {
		return fault.New(fault.Invalid, "The signature value does not fit the signed attributes and the signer's key.")
	}
	return nil
}

func (sd *SignedData) checkRSA(pub *rsa.PublicKey, sum []byte) bool {
	switch {
	case sd.algorithm.Equal(oidRSASSAPSS):
		return sd.Hash == crypto.SHA256 &&
			rsa.VerifyPSS(pub, sd.Hash, sum, sd.Signature, &rsa.PSSOptions{SaltLength: 32}) == nil
	case sd.algorithm.Equal(oidRSAEncryption), sd.algorithm.Equal(rsaOID(sd.Hash)):
		return rsa.VerifyPKCS1v15(pub, sd.Hash, sum, sd.Signature) == nil
	}
	return false
}

func ecdsaOID(h crypto.Hash) asn1.ObjectIdentifier {
	return map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA256: oidECDSAWithSHA256,
		crypto.SHA384: oidECDSAWithSHA384, crypto.SHA512: oidECDSAWithSHA512}[h]
}

func rsaOID(h crypto.Hash) asn1.ObjectIdentifier {
	return map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA256: oidSHA256WithRSA,
		crypto.SHA384: oidSHA384WithRSA, crypto.SHA512: oidSHA512WithRSA}[h]
}

// checkBinding holds the signed certificate reference against the certificate,
// so that no other certificate of the same key can be put in its place.
func (sd *SignedData) checkBinding(cert *x509.Certificate) error {
	if v, has := sd.attrs[oidSigningCertV2.String()]; has {
		return checkESS(v, cert, true)
	}
	v, has := sd.attrs[oidSigningCertV1.String()]
	if !has || !sd.ContentType.Equal(OIDTSTInfo) {
		return malformed("the signing-certificate-v2 attribute is missing")
	}
	return checkESS(v, cert, false)
}

func checkESS(v cryptobyte.String, cert *x509.Certificate, v2 bool) error {
	var outer, certs, id, hash cryptobyte.String
	if !v.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1(&certs, cbasn1.SEQUENCE) ||
		!certs.ReadASN1(&id, cbasn1.SEQUENCE) {
		return malformed("the signing certificate attribute cannot be read")
	}
	want := sha1Of(cert.Raw)
	if v2 {
		h := crypto.SHA256
		if id.PeekASN1Tag(cbasn1.SEQUENCE) {
			var err error
			if h, err = readHash(&id); err != nil {
				return err
			}
		}
		d := h.New()
		d.Write(cert.Raw)
		want = d.Sum(nil)
	}
	if !id.ReadASN1(&hash, cbasn1.OCTET_STRING) || !bytes.Equal(hash, want) {
		return fault.New(fault.Invalid, "The signature names another certificate than the enclosed one.")
	}
	return checkIssuerSerial(id, cert)
}

func sha1Of(b []byte) []byte {
	s := sha1.Sum(b) //nolint:gosec // see import
	return s[:]
}

func checkIssuerSerial(id cryptobyte.String, cert *x509.Certificate) error {
	if id.Empty() {
		return nil
	}
	var is, names, dir cryptobyte.String
	serial := new(big.Int)
	if !id.ReadASN1(&is, cbasn1.SEQUENCE) || !id.Empty() || !is.ReadASN1(&names, cbasn1.SEQUENCE) ||
		!is.ReadASN1Integer(serial) || !names.ReadASN1(&dir, cbasn1.Tag(4).Constructed().ContextSpecific()) {
		return malformed("the signing certificate's issuer and serial cannot be read")
	}
	if !bytes.Equal(dir, cert.RawIssuer) || serial.Cmp(cert.SerialNumber) != 0 {
		return fault.New(fault.Invalid, "The signature names another certificate's issuer and serial number.")
	}
	return nil
}

// CheckBaseline holds a detached signature against the rules of
// CAdES-BASELINE. SPEC: ETSI EN 319 122-1 §6.3.
func (sd *SignedData) CheckBaseline() error {
	if !sd.ContentType.Equal(oidData) || sd.Content != nil {
		return malformed("it must be detached and over plain data")
	}
	if !ordered(sd.rawAttrs) {
		return malformed("the signed attributes are not in the order of DER")
	}
	if sd.badOCSP != nil {
		return fault.Because(fault.Invalid, sd.badOCSP, "An OCSP answer that the signature encloses cannot be read: %s", fault.Message(sd.badOCSP))
	}
	for _, oid := range []asn1.ObjectIdentifier{oidContentType, oidMessageDigest, oidSigningTime, oidSigningCertV2} {
		if _, has := sd.attrs[oid.String()]; !has {
			return malformed("the signed attribute " + oid.String() + " is missing")
		}
	}
	if _, has := sd.attrs[oidSigningCertV1.String()]; has {
		return malformed("signing-certificate version 1 must be absent")
	}
	for oid := range sd.unsigned {
		if oid != oidSignatureTimeStamp.String() {
			return malformed("the unsigned attribute " + oid + " must be absent")
		}
	}
	return nil
}

// ordered tells whether the elements of a SET OF stand in the order of their octets,
// none twice, as DER wants. Programs that write the attributes anew before they check
// the signature find another one where they do not. SPEC: RFC 5652 §5.4, X.690 §11.6.
func ordered(raw []byte) bool {
	s, set, last := cryptobyte.String(raw), cryptobyte.String(nil), []byte(nil)
	if !s.ReadASN1(&set, cbasn1.SET) {
		return false
	}
	for !set.Empty() {
		var item cryptobyte.String
		if !set.ReadASN1Element(&item, cbasn1.SEQUENCE) || bytes.Compare(last, item) >= 0 {
			return false
		}
		last = item
	}
	return true
}
