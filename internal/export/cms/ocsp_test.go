package cms_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
)

var ocspNow = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// answerBy makes an answer about the seal, good and current at ocspNow, by the
// issuing authority or by whom it entrusted.
func answerBy(t testing.TB, p *demopki.PKI, by demopki.Entity, change func(*ocsp.Response)) *cms.OCSP {
	t.Helper()
	a := ocsp.Response{Status: ocsp.Good, SerialNumber: p.Seal.Cert.SerialNumber, ThisUpdate: ocspNow.Add(-time.Minute), NextUpdate: ocspNow.Add(time.Hour)}
	if by.Cert != p.Issuing.Cert {
		a.Certificate = by.Cert
	}
	if change != nil {
		change(&a)
	}
	der, err := ocsp.CreateResponse(p.Issuing.Cert, by.Cert, a, by.Key)
	if err != nil {
		t.Fatal(err)
	}
	o, err := cms.ParseOCSP(der)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func ocspPKI(t testing.TB) (*demopki.PKI, demopki.Options) {
	t.Helper()
	o := demopki.Options{Organisation: "Example", Now: ocspNow}
	p, err := demopki.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p, o
}

// TestAResponderThatMustBeCheckedItself: without ocsp-nocheck a list, or an answer
// of the authority itself, has to cover the delegate; another delegate's does not.
func TestAResponderThatMustBeCheckedItself(t *testing.T) {
	p, opt := ocspPKI(t)
	delegate, err := p.Responder(opt, &p.Issuing, false)
	if err != nil {
		t.Fatal(err)
	}
	answer := answerBy(t, p, delegate, nil)
	about := func(a *ocsp.Response) { a.SerialNumber = delegate.Cert.SerialNumber }
	list := func() *x509.RevocationList {
		raw, err := p.CRLs(ocspNow)
		if err != nil {
			t.Fatal(err)
		}
		l, err := x509.ParseRevocationList(raw[1])
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	clean := list()
	p.Revoked[delegate.Cert.SerialNumber.String()] = ocspNow.Add(-time.Hour)
	revoked := list()
	for name, c := range map[string]struct {
		path cms.Path
		want error
	}{
		"nothing about it":         {cms.Path{}, cms.ErrResponder},
		"by a list":                {cms.Path{CRLs: []*x509.RevocationList{clean}}, nil},
		"revoked by a list":        {cms.Path{CRLs: []*x509.RevocationList{revoked}}, cms.ErrResponder},
		"by the authority":         {cms.Path{OCSPs: []*cms.OCSP{answerBy(t, p, p.Issuing, about)}}, nil},
		"by itself":                {cms.Path{OCSPs: []*cms.OCSP{answerBy(t, p, delegate, about)}}, cms.ErrResponder},
		"the authority's is stale": {cms.Path{OCSPs: []*cms.OCSP{answerBy(t, p, p.Issuing, func(a *ocsp.Response) { about(a); a.NextUpdate = ocspNow.Add(-time.Second) })}}, cms.ErrResponder},
	} {
		c.path.At = ocspNow
		if err := c.path.CheckOCSP(answer, p.Seal.Cert, p.Issuing.Cert); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		c.path.OCSPs = append(c.path.OCSPs, answer)
		if ok, err := c.path.Covered(p.Seal.Cert, p.Issuing.Cert); ok != (c.want == nil || len(c.path.CRLs) > 0) || err != nil {
			t.Errorf("%s: covered %v, %v", name, ok, err) // a revoked responder says nothing of the certificate
		}
	}
}

// TestAnAnswerCountsForItsTime: what comes after the time that counts covers it,
// what ended before does not, and neither does a later revocation hurt.
func TestAnAnswerCountsForItsTime(t *testing.T) {
	p, _ := ocspPKI(t)
	for name, c := range map[string]struct {
		at     time.Time
		change func(*ocsp.Response)
		want   error
	}{
		"within":           {ocspNow, nil, nil},
		"before it begins": {ocspNow.Add(-time.Hour), nil, nil},
		"at its end":       {ocspNow.Add(time.Hour), nil, nil},
		"behind its end":   {ocspNow.Add(time.Hour + time.Second), nil, cms.ErrStale},
		"revoked later":    {ocspNow, func(a *ocsp.Response) { a.Status, a.RevokedAt = ocsp.Revoked, ocspNow.Add(time.Minute) }, nil},
		"revoked then":     {ocspNow, func(a *ocsp.Response) { a.Status, a.RevokedAt = ocsp.Revoked, ocspNow }, cms.ErrRevoked},
		"backwards":        {ocspNow.Add(-3 * time.Hour), func(a *ocsp.Response) { a.NextUpdate = ocspNow.Add(-2 * time.Hour) }, cms.ErrStale},
	} {
		path := cms.Path{At: c.at}
		if err := path.CheckOCSP(answerBy(t, p, p.Issuing, c.change), p.Seal.Cert, p.Issuing.Cert); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestOneRevocationOutweighsAllElse: a list or another answer that says good does
// not help a certificate of which one says that it was revoked.
func TestOneRevocationOutweighsAllElse(t *testing.T) {
	p, _ := ocspPKI(t)
	good := answerBy(t, p, p.Issuing, nil)
	bad := answerBy(t, p, p.Issuing, func(a *ocsp.Response) { a.Status, a.RevokedAt = ocsp.Revoked, ocspNow.Add(-time.Hour) })
	for _, answers := range [][]*cms.OCSP{{good, bad}, {bad, good}} {
		if ok, err := (cms.Path{OCSPs: answers, At: ocspNow}).Covered(p.Seal.Cert, p.Issuing.Cert); ok || !errors.Is(err, cms.ErrRevoked) {
			t.Errorf("covered: %v, %v", ok, err)
		}
	}
	if ok, err := (cms.Path{OCSPs: []*cms.OCSP{good}, At: ocspNow}).Covered(p.Seal.Cert, p.Issuing.Cert); !ok || err != nil {
		t.Errorf("a good answer does not cover: %v", err)
	}
}

// TestEveryFlippedBitOfAnAnswer changes each bit of answers by the authority and
// by a delegate: none may still be taken.
func TestEveryFlippedBitOfAnAnswer(t *testing.T) {
	p, opt := ocspPKI(t)
	delegate, err := p.Responder(opt, &p.Issuing, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []demopki.Entity{p.Issuing, delegate} {
		raw := answerBy(t, p, by, nil).Raw
		for bit := range len(raw) * 8 {
			changed := bytes.Clone(raw)
			changed[bit/8] ^= 1 << (bit % 8)
			o, err := cms.ParseOCSP(changed)
			if err == nil && (cms.Path{At: ocspNow}).CheckOCSP(o, p.Seal.Cert, p.Issuing.Cert) == nil {
				t.Errorf("by %s: bit %d of octet %d of %d can be changed unseen", by.Cert.Subject.CommonName, bit%8, bit/8, len(raw))
			}
		}
	}
}

// TestAnAnswerAboutTheSameNumberOfAnotherIssuer: the number alone names nothing.
func TestAnAnswerAboutTheSameNumberOfAnotherIssuer(t *testing.T) {
	p, opt := ocspPKI(t)
	other, err := demopki.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	good := answerBy(t, p, p.Issuing, nil)
	twin := *other.Seal.Cert
	twin.SerialNumber = new(big.Int).Set(p.Seal.Cert.SerialNumber)
	if err := (cms.Path{At: ocspNow}).CheckOCSP(good, &twin, other.Issuing.Cert); !errors.Is(err, cms.ErrOther) {
		t.Errorf("an answer about a number of another issuer: %v", err)
	}
}

// FuzzOCSP: whatever comes, reading and judging an answer ends, and nothing but
// the true answer is taken.
func FuzzOCSP(f *testing.F) {
	p, opt := ocspPKI(f)
	delegate, err := p.Responder(opt, &p.Issuing, true)
	if err != nil {
		f.Fatal(err)
	}
	good := map[string]bool{}
	for _, by := range []demopki.Entity{p.Issuing, delegate} {
		raw := answerBy(f, p, by, nil).Raw
		good[string(raw)] = true
		f.Add(raw)
	}
	f.Add(ocsp.TryLaterErrorResponse)
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := cms.ParseOCSP(data)
		if err != nil {
			return
		}
		if (cms.Path{At: ocspNow}).CheckOCSP(o, p.Seal.Cert, p.Issuing.Cert) == nil && !good[string(data)] {
			t.Fatal("an answer is taken that nobody gave")
		}
	})
}

// TestACertificateOfTheIssuerIsNoResponder: one that the issuer gave for something
// else cannot vouch for others, good as it is by a current list.
func TestACertificateOfTheIssuerIsNoResponder(t *testing.T) {
	p, opt := ocspPKI(t)
	colleague, err := p.Recipient(opt, false)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := p.CRLs(ocspNow)
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(raw[1])
	if err != nil {
		t.Fatal(err)
	}
	path := cms.Path{At: ocspNow, CRLs: []*x509.RevocationList{list}}
	if ok, err := path.Covered(p.Seal.Cert, p.Issuing.Cert); !ok || err != nil {
		t.Fatalf("the list does not cover the seal: %v", err)
	}
	answer := answerBy(t, p, p.Seal, func(a *ocsp.Response) { a.SerialNumber = colleague.Cert.SerialNumber })
	if err := path.CheckOCSP(answer, colleague.Cert, p.Issuing.Cert); !errors.Is(err, cms.ErrResponder) {
		t.Errorf("a certificate for something else answers: %v", err)
	}
}
