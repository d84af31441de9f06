package pades_test

import (
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"lerd/internal/export/demopki"
	"lerd/internal/testkit/pdfs"
)

// answer makes an OCSP answer about a certificate by its issuer.
func (c court) answer(about, by demopki.Entity, status int, at, next time.Time) []byte {
	c.t.Helper()
	der, err := ocsp.CreateResponse(by.Cert, by.Cert, ocsp.Response{Status: status, SerialNumber: about.Cert.SerialNumber, ThisUpdate: at, NextUpdate: next, RevokedAt: at}, by.Key)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}

// TestOCSPAnswers: those of the issuer count, while they are current; those of
// somebody else do not.
func TestOCSPAnswers(t *testing.T) {
	c, other := newCourt(t), newCourt(t)
	next := now.Add(time.Hour)
	colleague, err := c.pki.Recipient(demopki.Options{Organisation: "Example", Now: now}, false)
	if err != nil {
		t.Fatal(err)
	}
	byColleague, err := ocsp.CreateResponse(c.pki.Issuing.Cert, colleague.Cert, ocsp.Response{Status: ocsp.Good, SerialNumber: c.pki.Seal.Cert.SerialNumber,
		ThisUpdate: now, NextUpdate: next, Certificate: colleague.Cert}, colleague.Key)
	if err != nil {
		t.Fatal(err)
	}
	authority := c.answer(c.pki.Issuing, c.pki.Root, ocsp.Good, now, next)
	for _, x := range []struct {
		name   string
		answer []byte
		want   string
	}{
		{"good", c.answer(c.pki.Seal, c.pki.Issuing, ocsp.Good, now, next), "verified []"},
		{"revoked", c.answer(c.pki.Seal, c.pki.Issuing, ocsp.Revoked, now.Add(-time.Minute), next), "failed [revoked]"},
		{"revoked afterwards", c.answer(c.pki.Seal, c.pki.Issuing, ocsp.Revoked, now.Add(time.Minute), next), "verified []"},
		{"unknown", c.answer(c.pki.Seal, c.pki.Issuing, ocsp.Unknown, now, next), "unverifiable [not_shown]"},
		{"of yesterday", c.answer(c.pki.Seal, c.pki.Issuing, ocsp.Good, now.AddDate(0, 0, -2), now.AddDate(0, 0, -1)), "unverifiable [not_shown]"},
		{"by another", other.answer(c.pki.Seal, other.pki.Issuing, ocsp.Good, now, next), "unverifiable [not_shown]"},
		{"by another certificate of the issuer", byColleague, "unverifiable [not_shown]"},
		{"about another", c.answer(c.pki.TSA, c.pki.Issuing, ocsp.Good, now, next), "unverifiable [not_shown]"},
	} {
		doc := pdfs.New().Sign(pdfs.Signing{Sign: c.sign("T")}).Store(nil, nil, [][]byte{authority, x.answer})
		if got := verdict(t, doc.Bytes(), c.trust(), now); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}
