package cms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// SignRequest is what a detached CAdES signature is made of.
type SignRequest struct {
	Digest      [sha256.Size]byte // SHA-256 of the content that is signed
	Signer      Signer
	SigningTime time.Time // claimed time, kept to the second
	PSS         bool      // RSA keys: RSASSA-PSS in place of PKCS#1 v1.5
	Rand        io.Reader // for the signature

	// Stamp gives an RFC 3161 token over the SHA-256 of the signature value.
	// Nil makes a level B signature.
	Stamp func(ctx context.Context, digest [sha256.Size]byte) (token []byte, err error)
	// Certs are added to the signer's chain: the whole chain of the TSA, for LT.
	Certs []*x509.Certificate
	// CRLs and OCSPs (OCSPResponse), in DER, that cover every certificate of both
	// chains make level LT.
	CRLs, OCSPs [][]byte
}

// Content is the part of SignedData that differs between a detached signature
// and a time-stamp token.
type content struct {
	kind  asn1.ObjectIdentifier
	octet []byte // nil: detached
}

// Sign makes a detached CAdES-BASELINE signature: level B, T with Stamp, LT
// with CRLs as well. It gives the ContentInfo in DER.
// SPEC: ETSI EN 319 122-1 §6.3; RFC 5652 §5.
func Sign(ctx context.Context, r SignRequest) (der []byte, err error) {
	defer fault.Wrap(&err, "sign")
	return signContent(ctx, r, content{kind: oidData})
}

// SignToken makes a SignedData around a TSTInfo. It is for the loopback
// authority of tests and evaluation. SPEC: RFC 3161 §2.4.2.
func SignToken(ctx context.Context, s Signer, tstInfo []byte, at time.Time, rand io.Reader) ([]byte, error) {
	r := SignRequest{Digest: sha256.Sum256(tstInfo), Signer: s, SigningTime: at, Rand: rand}
	return signContent(ctx, r, content{kind: OIDTSTInfo, octet: tstInfo})
}

func signContent(ctx context.Context, r SignRequest, c content) ([]byte, error) {
	chain := r.Signer.Chain()
	attrs, err := signedAttributes(r, c.kind, chain[0])
	if err != nil {
		return nil, err
	}
	algorithm, opts, err := signatureAlgorithm(r.Signer.Public(), r.PSS)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(attrs)
	signature, err := r.Signer.Sign(r.Rand, digest[:], opts)
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The sealing key could not be used. Try again when it is in reach.")
	}
	token, err := stampSignature(ctx, r, signature)
	if err != nil {
		return nil, err
	}
	si := signerInfo{cert: chain[0], attrs: attrs, algorithm: algorithm, signature: signature, token: token}
	return writeSignedData(c, distinct(append(slices.Clone(chain), r.Certs...)), revocationValues(r), si)
}

func stampSignature(ctx context.Context, r SignRequest, signature []byte) ([]byte, error) {
	if r.Stamp == nil {
		return nil, nil
	}
	// SPEC: EN 319 122-1 §5.3: the imprint is over the value octets of the signature field.
	return r.Stamp(ctx, sha256.Sum256(signature))
}

type signerInfo struct {
	cert      *x509.Certificate
	attrs     []byte // SET OF Attribute, tag 0x31
	algorithm []byte // AlgorithmIdentifier
	signature []byte
	token     []byte
}

// signedAttributes gives the SET OF Attribute over which the signature goes.
func signedAttributes(r SignRequest, kind asn1.ObjectIdentifier, cert *x509.Certificate) ([]byte, error) {
	values := []struct {
		oid   asn1.ObjectIdentifier
		write func(*cryptobyte.Builder)
	}{
		{oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(kind) }},
		{oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(r.Digest[:]) }},
		{oidSigningTime, func(b *cryptobyte.Builder) { addTime(b, r.SigningTime) }},
		{oidSigningCertV2, func(b *cryptobyte.Builder) { addSigningCertificate(b, cert) }},
	}
	var items [][]byte
	for _, v := range values {
		item, err := attribute(v.oid, v.write)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return setOf(cbasn1.SET, items)
}

// addTime writes UTCTime up to 2049 and GeneralizedTime after. SPEC: RFC 5652 §11.3.
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if y := t.Year(); y >= 1950 && y < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}

// addSigningCertificate writes SigningCertificateV2 with the default SHA-256
// left out, as DER wants. SPEC: RFC 5035 §3.
func addSigningCertificate(b *cryptobyte.Builder, cert *x509.Certificate) {
	hash := sha256.Sum256(cert.Raw)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // SigningCertificateV2
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // certs
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // ESSCertIDv2
				b.AddASN1OctetString(hash[:])
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // IssuerSerial
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // GeneralNames
						b.AddASN1(cbasn1.Tag(4).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
							b.AddBytes(cert.RawIssuer)
						})
					})
					b.AddASN1BigInt(cert.SerialNumber)
				})
			})
		})
	})
}

func attribute(oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, value)
	})
	return b.Bytes()
}

// setOf writes a SET OF in DER: the elements in the order of their octets.
func setOf(tag cbasn1.Tag, items [][]byte) ([]byte, error) {
	items = slices.Clone(items)
	slices.SortFunc(items, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, item := range items {
			b.AddBytes(item)
		}
	})
	return b.Bytes()
}

// signatureAlgorithm gives the AlgorithmIdentifier for the key, SHA-256 always.
func signatureAlgorithm(pub any, pss bool) ([]byte, crypto.SignerOpts, error) {
	if err := strongKey(pub); err != nil {
		return nil, nil, err
	}
	var b cryptobyte.Builder
	if _, isRSA := pub.(*rsa.PublicKey); !isRSA {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidECDSAWithSHA256) })
		der, err := b.Bytes()
		return der, crypto.SHA256, err
	}
	if !pss {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidRSAEncryption)
			b.AddASN1NULL()
		})
		der, err := b.Bytes()
		return der, crypto.SHA256, err
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidRSASSAPSS)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addHashAndMGF(b)
			b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(32) })
		})
	})
	der, err := b.Bytes()
	return der, &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}, err
}

// addHashAndMGF writes [0] sha256 and [1] mgf1 with sha256, as PSS and OAEP share them.
func addHashAndMGF(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), addSHA256)
	b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidMGF1)
			addSHA256(b)
		})
	})
}

func addSHA256(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidSHA256) })
}

// values are revocation values as they stand in SignedData.crls.
type values struct {
	items [][]byte
	other bool // some are no lists
	err   error
}

// revocationValues gives lists as they are, and OCSP answers as other revocation
// information. SPEC: RFC 5652 §10.2.1, RFC 5940 §2.1; EN 319 122-1 §5.4.2.2.
func revocationValues(r SignRequest) (v values) {
	v.items = slices.Clone(r.CRLs)
	for _, answer := range r.OCSPs {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidRIOCSP)
			b.AddBytes(answer)
		})
		item, err := b.Bytes()
		v.items, v.other, v.err = append(v.items, item), true, errors.Join(v.err, err)
	}
	return v
}

func writeSignedData(c content, certs []*x509.Certificate, revocation values, si signerInfo) ([]byte, error) {
	var raw [][]byte
	for _, cert := range certs {
		raw = append(raw, cert.Raw)
	}
	certSet, err := setOf(cbasn1.Tag(0).Constructed().ContextSpecific(), raw)
	if err != nil {
		return nil, err
	}
	crlSet, err := setOf(cbasn1.Tag(1).Constructed().ContextSpecific(), revocation.items)
	if err := errors.Join(err, revocation.err); err != nil {
		return nil, err
	}
	version := (&SignedData{ContentType: c.kind, other: revocation.other}).version()
	var b cryptobyte.Builder
	addContentInfo(&b, oidSignedData, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(version)
		b.AddASN1(cbasn1.SET, addSHA256)
		addEncapsulated(b, c)
		b.AddBytes(certSet)
		if len(revocation.items) > 0 {
			b.AddBytes(crlSet)
		}
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addSignerInfo(b, si) })
	})
	return b.Bytes()
}

func addContentInfo(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, body func(*cryptobyte.Builder)) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, body)
		})
	})
}

func addEncapsulated(b *cryptobyte.Builder, c content) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(c.kind)
		if c.octet != nil {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(c.octet)
			})
		}
	})
}

func addSignerInfo(b *cryptobyte.Builder, si signerInfo) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addIssuerAndSerial(b, si.cert.RawIssuer, si.cert.SerialNumber)
		addSHA256(b)
		b.AddBytes(append([]byte{0xa0}, si.attrs[1:]...)) // [0] IMPLICIT in place of SET
		b.AddBytes(si.algorithm)
		b.AddASN1OctetString(si.signature)
		if si.token != nil {
			b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidSignatureTimeStamp)
					b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(si.token) })
				})
			})
		}
	})
}

func addIssuerAndSerial(b *cryptobyte.Builder, rawIssuer []byte, serial *big.Int) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(rawIssuer)
		b.AddASN1BigInt(serial)
	})
}

func distinct(certs []*x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range certs {
		if !slices.ContainsFunc(out, c.Equal) {
			out = append(out, c)
		}
	}
	return out
}
