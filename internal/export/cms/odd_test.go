package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
)

// element gives the first element of DER, and what follows.
func element(t *testing.T, der []byte) (raw asn1.RawValue, rest []byte) {
	t.Helper()
	rest, err := asn1.Unmarshal(der, &raw)
	if err != nil {
		t.Fatal(err)
	}
	return raw, rest
}

// TestOddFormsOfASeal makes a seal that holds, but for the order of its
// signed attributes, and one with two signers.
func TestOddFormsOfASeal(t *testing.T) {
	p := pki(t, false)
	content := []byte("content")
	sum := sha256.Sum256(content)
	der := signed(t, p, content, false, "B")
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.CheckBaseline(); err != nil {
		t.Fatal(err)
	}
	si := signerInfo(t, der)
	attrs := signedAttrs(t, si)
	var items [][]byte
	for rest := attrs.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		one, rest = element(t, rest)
		items = append(items, one.FullBytes)
	}
	slices.Reverse(items)
	body := bytes.Join(items, nil)
	set := append([]byte{0x31}, attrs.FullBytes[1:len(attrs.FullBytes)-len(body)]...)
	digest := sha256.Sum256(append(set, body...))
	signature, err := p.Seal.Key.(*ecdsa.PrivateKey).Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	turned := bytes.Replace(si, attrs.Bytes, body, 1)
	turned = withSignature(t, turned, signature)
	odd := withSigners(t, der, turned)
	if sd, err = cms.Parse(odd); err != nil {
		t.Fatal(err)
	}
	if _, err := sd.Check(sum[:]); err != nil {
		t.Fatalf("the seal of this test does not hold: %v", err)
	}
	if err := sd.CheckBaseline(); err == nil || !strings.Contains(err.Error(), "order of DER") {
		t.Errorf("attributes in another order: %v", err)
	}
	if _, err := cms.Parse(withSigners(t, der, append(bytes.Clone(si), si...))); err == nil || !strings.Contains(err.Error(), "exactly one signer") {
		t.Errorf("two signers: %v", err)
	}
	if _, err := cms.Parse(withSigners(t, der, nil)); err == nil || !strings.Contains(err.Error(), "exactly one signer") {
		t.Errorf("no signer: %v", err)
	}
}

// parts are those of a SignedData: version, digests, content, certificates …, signers last.
func parts(t *testing.T, der []byte) (list []asn1.RawValue) {
	t.Helper()
	outer, _ := element(t, der)
	_, rest := element(t, outer.Bytes)
	wrapped, _ := element(t, rest)
	body, _ := element(t, wrapped.Bytes)
	for rest := body.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		one, rest = element(t, rest)
		list = append(list, one)
	}
	return list
}

func signerInfo(t *testing.T, der []byte) []byte {
	t.Helper()
	list := parts(t, der)
	return list[len(list)-1].Bytes
}

func signedAttrs(t *testing.T, si []byte) asn1.RawValue {
	t.Helper()
	seq, _ := element(t, si)
	for rest := seq.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		if one, rest = element(t, rest); one.Class == asn1.ClassContextSpecific && one.Tag == 0 {
			return one
		}
	}
	t.Fatal("no signed attributes")
	return asn1.RawValue{}
}

// withSignature puts another value into a SignerInfo.
func withSignature(t *testing.T, si, signature []byte) []byte {
	t.Helper()
	seq, _ := element(t, si)
	var body []byte
	for rest := seq.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		if one, rest = element(t, rest); one.Class == asn1.ClassUniversal && one.Tag == asn1.TagOctetString {
			one = asn1.RawValue{FullBytes: wrap(t, asn1.ClassUniversal, asn1.TagOctetString, false, signature)}
		}
		body = append(body, one.FullBytes...)
	}
	return wrap(t, asn1.ClassUniversal, asn1.TagSequence, true, body)
}

// withSigners puts other SignerInfos into a ContentInfo.
func withSigners(t *testing.T, der, signers []byte) []byte {
	t.Helper()
	var body []byte
	list := parts(t, der)
	for _, one := range list[:len(list)-1] {
		body = append(body, one.FullBytes...)
	}
	body = append(body, wrap(t, asn1.ClassUniversal, asn1.TagSet, true, signers)...)
	outer, _ := element(t, der)
	oid, _ := element(t, outer.Bytes)
	inside := wrap(t, asn1.ClassContextSpecific, 0, true, wrap(t, asn1.ClassUniversal, asn1.TagSequence, true, body))
	return wrap(t, asn1.ClassUniversal, asn1.TagSequence, true, append(bytes.Clone(oid.FullBytes), inside...))
}

func wrap(t *testing.T, class, tag int, compound bool, body []byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: compound, Bytes: body})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestWordsOfAChainThatDoesNotHold asks about certificates with a critical extension
// that nobody knows, below an authority whose time is over, and for time stamping by
// an extension that is not critical.
func TestWordsOfAChainThatDoesNotHold(t *testing.T) {
	root := selfMade(t, nil, func(c *x509.Certificate) {})
	old := selfMade(t, &root, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })
	leaf := func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.ExtKeyUsage = false, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	}
	unknown := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	}
	for name, c := range map[string]struct {
		leaf    demopki.Entity
		pool    []*x509.Certificate
		purpose cms.Purpose
		want    string
	}{
		"good":                   {selfMade(t, &root, leaf), nil, cms.Seal, ""},
		"critical extension":     {selfMade(t, &root, func(c *x509.Certificate) { leaf(c); unknown(c) }), nil, cms.Seal, "critical extension that is not understood"},
		"authority's time over":  {selfMade(t, &old, leaf), []*x509.Certificate{old.Cert}, cms.Seal, "above that of"},
		"authority not enclosed": {selfMade(t, &old, leaf), nil, cms.Seal, "does not lead to a trusted root"},
		"time stamping, not critical": {selfMade(t, &root, func(c *x509.Certificate) {
			leaf(c)
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
		}), nil, cms.TimeStamp, "by a critical extension"},
	} {
		_, err := cms.Path{Leaf: c.leaf.Cert, Pool: c.pool, Roots: []*x509.Certificate{root.Cert}, At: now, Purpose: c.purpose}.Verify()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// selfMade issues an authority's certificate, or what change makes of it.
func selfMade(t *testing.T, issuer *demopki.Entity, change func(*x509.Certificate)) demopki.Entity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: serial.String()}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
	change(c)
	parent, signer := c, crypto.Signer(key)
	if issuer != nil {
		parent, signer = issuer.Cert, issuer.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return demopki.Entity{Cert: cert, Key: key}
}
