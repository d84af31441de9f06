package cms_test

import (
	"bytes"
	"crypto/x509"
	"testing"

	"lerd/internal/export/cms"
)

// TestAKnownListIsNoOther has a list believed, and then every one that differs from it
// in one bit: what is remembered of the first counts for none of them, nor under
// another authority of the same name.
func TestAKnownListIsNoOther(t *testing.T) {
	p, other := pki(t, false), pki(t, false)
	lists, err := p.CRLs(now)
	if err != nil {
		t.Fatal(err)
	}
	covered := func(list *x509.RevocationList, issuer *x509.Certificate) bool {
		ok, err := cms.Path{CRLs: []*x509.RevocationList{list}, At: now}.Covered(p.Seal.Cert, issuer)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for _, der := range lists {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(list.RawIssuer, p.Issuing.Cert.RawSubject) {
			continue
		}
		for range 2 { // the first time it is reckoned, the second time remembered
			if !covered(list, p.Issuing.Cert) {
				t.Fatal("a good list does not cover")
			}
		}
		if !bytes.Equal(other.Issuing.Cert.RawSubject, list.RawIssuer) || covered(list, other.Issuing.Cert) {
			t.Error("a list counts under another key of the same name")
		}
		for i := range len(der) * 8 {
			bad := bytes.Clone(der)
			bad[i/8] ^= 1 << (i % 8)
			if changed, err := x509.ParseRevocationList(bad); err == nil && covered(changed, p.Issuing.Cert) {
				t.Fatalf("a list with bit %d turned is believed", i)
			}
		}
		return
	}
	t.Fatal("the issuing authority has no list")
}
