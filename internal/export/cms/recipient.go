package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

var errNotForKey = fault.New(fault.Invalid, "The message is not encrypted to this key, or was changed.")

// CheckRecipient refuses a certificate to which nothing can be encrypted: the
// key is too weak or of another kind, or not for encryption.
func CheckRecipient(cert *x509.Certificate) error {
	if err := strongKey(cert.PublicKey); err != nil {
		return err
	}
	usage, word := x509.KeyUsageKeyEncipherment, "key encipherment"
	if _, isRSA := cert.PublicKey.(*rsa.PublicKey); !isRSA {
		usage, word = x509.KeyUsageKeyAgreement, "key agreement"
	}
	if cert.KeyUsage != 0 && cert.KeyUsage&usage == 0 {
		return fault.New(fault.Invalid, "The key usage of the recipient's certificate must allow %s.", word)
	}
	return nil
}

// recipientInfo writes the content key for one certificate.
func recipientInfo(p Profile, cert *x509.Certificate, cek []byte, rand io.Reader) ([]byte, error) {
	if err := CheckRecipient(cert); err != nil {
		return nil, err
	}
	switch pub := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return keyTransport(p, cert, pub, cek, rand)
	case *ecdsa.PublicKey:
		return keyAgreement(cert, pub, cek, rand)
	}
	return nil, fault.New(fault.Invalid, "The recipient's key must be RSA or ECDSA.")
}

// keyTransport is RSAES-OAEP with SHA-256, and PKCS #1 v1.5 under CBC: the tools
// that need CBC do not read OAEP. SPEC: RFC 5652 §6.2.1, RFC 3560, RFC 3370 §4.2.1.
func keyTransport(p Profile, cert *x509.Certificate, pub *rsa.PublicKey, cek []byte, rand io.Reader) ([]byte, error) {
	wrap, algorithm := wrapOAEP, addOAEP
	if p == CBC {
		wrap, algorithm = wrapPKCS1, addPKCS1
	}
	wrapped, err := wrap(rand, pub, cek)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		addIssuerAndSerial(b, cert.RawIssuer, cert.SerialNumber)
		algorithm(b)
		b.AddASN1OctetString(wrapped)
	})
	return b.Bytes()
}

func wrapOAEP(rand io.Reader, pub *rsa.PublicKey, cek []byte) ([]byte, error) {
	return rsa.EncryptOAEP(sha256.New(), rand, pub, cek, nil)
}

func wrapPKCS1(rand io.Reader, pub *rsa.PublicKey, cek []byte) ([]byte, error) {
	//lint:ignore SA1019 nobody can be asked about paddings here: the key's owner decrypts files, not answers to strangers
	return rsa.EncryptPKCS1v15(rand, pub, cek)
}

func addPKCS1(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidRSAEncryption)
		b.AddASN1NULL()
	})
}

func addOAEP(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidRSAESOAEP)
		b.AddASN1(cbasn1.SEQUENCE, addHashAndMGF)
	})
}

// keyAgreement is ephemeral-static ECDH. SPEC: RFC 5753 §3.1.
func keyAgreement(cert *x509.Certificate, pub *ecdsa.PublicKey, cek []byte, rand io.Reader) ([]byte, error) {
	theirs, err := pub.ECDH()
	if err != nil {
		return nil, err
	}
	ours, err := theirs.Curve().GenerateKey(rand)
	if err != nil {
		return nil, err
	}
	wrapped, err := agreeAndWrap(ours, theirs, cek)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { // kari
		b.AddASN1Int64(3)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { // originatorKey
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidECPublicKey) })
				b.AddASN1BitString(ours.PublicKey().Bytes())
			})
		})
		addAgreementAlgorithm(b)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addIssuerAndSerial(b, cert.RawIssuer, cert.SerialNumber)
				b.AddASN1OctetString(wrapped)
			})
		})
	})
	return b.Bytes()
}

func addAgreementAlgorithm(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidDHSHA256)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidAES256Wrap) })
	})
}

func agreeAndWrap(ours *ecdh.PrivateKey, theirs *ecdh.PublicKey, cek []byte) ([]byte, error) {
	shared, err := ours.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	kek, err := deriveKEK(shared)
	if err != nil {
		return nil, err
	}
	return wrapKey(kek, cek)
}

// recipient is one RecipientInfo read back.
type recipient struct {
	issuer     []byte
	serial     *big.Int
	originator []byte // EC point; nil for key transport
	pkcs1      bool   // key transport by PKCS #1 v1.5
	wrapped    []byte
}

func readRecipients(set cryptobyte.String) ([]recipient, error) {
	var out []recipient
	for !set.Empty() {
		var r recipient
		var ok bool
		if set.PeekASN1Tag(cbasn1.SEQUENCE) {
			r, ok = readKeyTransport(&set)
		} else {
			r, ok = readKeyAgreement(&set)
		}
		if !ok {
			return nil, fault.New(fault.Invalid, "A recipient of the encrypted message is of a form that is not known.")
		}
		out = append(out, r)
	}
	if len(out) == 0 || len(out) > 64 {
		return nil, fault.New(fault.Invalid, "The encrypted message must have 1 to 64 recipients.")
	}
	return out, nil
}

// expect reads one element and tells whether it is, octet for octet, what write gives.
func expect(s *cryptobyte.String, write func(*cryptobyte.Builder)) bool {
	var b cryptobyte.Builder
	write(&b)
	want, err := b.Bytes()
	var got cryptobyte.String
	return err == nil && s.ReadASN1Element(&got, cbasn1.SEQUENCE) && bytes.Equal(got, want)
}

func readIssuerAndSerial(s *cryptobyte.String, r *recipient) bool {
	var id, issuer cryptobyte.String
	r.serial = new(big.Int)
	ok := s.ReadASN1(&id, cbasn1.SEQUENCE) && id.ReadASN1Element(&issuer, cbasn1.SEQUENCE) &&
		id.ReadASN1Integer(r.serial) && id.Empty()
	r.issuer = issuer
	return ok
}

func readTransport(body *cryptobyte.String, r *recipient) bool {
	if again := *body; expect(&again, addPKCS1) {
		r.pkcs1, *body = true, again
		return true
	}
	return expect(body, addOAEP)
}

func readKeyTransport(set *cryptobyte.String) (r recipient, ok bool) {
	var body, wrapped cryptobyte.String
	var version int64
	ok = set.ReadASN1(&body, cbasn1.SEQUENCE) && body.ReadASN1Integer(&version) && version == 0 &&
		readIssuerAndSerial(&body, &r) && readTransport(&body, &r) &&
		body.ReadASN1(&wrapped, cbasn1.OCTET_STRING) && body.Empty()
	r.wrapped = wrapped
	return r, ok
}

func readKeyAgreement(set *cryptobyte.String) (r recipient, ok bool) {
	var body, outer, originator, alg, list, one, wrapped cryptobyte.String
	var version int64
	var oid asn1.ObjectIdentifier
	var point []byte
	ctx := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }
	ok = set.ReadASN1(&body, ctx(1)) && body.ReadASN1Integer(&version) && version == 3 &&
		body.ReadASN1(&outer, ctx(0)) && outer.ReadASN1(&originator, ctx(1)) && outer.Empty() &&
		originator.ReadASN1(&alg, cbasn1.SEQUENCE) && alg.ReadASN1ObjectIdentifier(&oid) && oid.Equal(oidECPublicKey) &&
		originator.ReadASN1BitStringAsBytes(&point) && originator.Empty() && expect(&body, addAgreementAlgorithm) &&
		body.ReadASN1(&list, cbasn1.SEQUENCE) && body.Empty() && list.ReadASN1(&one, cbasn1.SEQUENCE) && list.Empty() &&
		readIssuerAndSerial(&one, &r) && one.ReadASN1(&wrapped, cbasn1.OCTET_STRING) && one.Empty()
	r.wrapped, r.originator = wrapped, point
	return r, ok
}

// openKey recovers the content key for cert's recipient entry.
func openKey(recipients []recipient, cert *x509.Certificate, key crypto.PrivateKey) ([]byte, error) {
	for _, r := range recipients {
		if !bytes.Equal(r.issuer, cert.RawIssuer) || r.serial.Cmp(cert.SerialNumber) != 0 {
			continue
		}
		switch k := key.(type) {
		case *ecdsa.PrivateKey:
			return r.openEC(k)
		case crypto.Decrypter:
			return r.openRSA(k)
		}
		return nil, fault.New(fault.Invalid, "The private key must be RSA or ECDSA.")
	}
	return nil, errNotForKey
}

func (r recipient) openRSA(key crypto.Decrypter) ([]byte, error) {
	var opts crypto.DecrypterOpts = &rsa.OAEPOptions{Hash: crypto.SHA256}
	if r.pkcs1 {
		//lint:ignore SA1019 see wrapPKCS1
		opts = &rsa.PKCS1v15DecryptOptions{SessionKeyLen: 32} // a wrong padding gives a random key, not an error
	}
	cek, err := key.Decrypt(rand.Reader, r.wrapped, opts)
	if err != nil || len(cek) != 32 || r.originator != nil {
		return nil, errNotForKey
	}
	return cek, nil
}

func (r recipient) openEC(key *ecdsa.PrivateKey) ([]byte, error) {
	ours, err := key.ECDH()
	if err != nil || r.originator == nil {
		return nil, errNotForKey
	}
	theirs, err := ours.Curve().NewPublicKey(r.originator)
	if err != nil {
		return nil, errNotForKey
	}
	shared, err := ours.ECDH(theirs)
	if err != nil {
		return nil, errNotForKey
	}
	kek, err := deriveKEK(shared)
	if err != nil {
		return nil, err
	}
	return unwrapKey(kek, r.wrapped)
}
