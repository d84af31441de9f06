// Package ocsp asks the responders of certificate authorities whether
// certificates were revoked, where no revocation list says so.
//
// Invariants:
//   - an answer is given back only after it was verified: it is about that
//     certificate of that issuer, by the issuer or whom it entrusted, current, and
//     says that the certificate is good;
//   - an answer that bears a nonce bears the one that was sent;
//   - a responder that cannot be reached, or is not able to answer, is
//     fault.Unavailable: asking again may help. Everything else that is wrong is
//     fault.Gate, with its reason.
//
// SPEC: RFC 6960, RFC 9654.
package ocsp

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// MaxSkew is how far in the future an answer may begin, by the clock here.
const MaxSkew = 5 * time.Minute

// Client asks responders. Safe for concurrent use.
type Client struct {
	// Post takes an OCSPRequest to the responder at an address and brings its
	// OCSPResponse; ocsphttp.Post does it over HTTP.
	Post func(ctx context.Context, url string, query []byte) (response []byte, err error)
	// URL is asked about every certificate; empty: the address in the certificate.
	URL       string
	NeedNonce bool      // an answer without a nonce is refused
	Rand      io.Reader // for the nonce
	Now       func() time.Time
}

// Link is a certificate and the one that issued it.
type Link struct{ Cert, Issuer *x509.Certificate }

// Links gives what must be known not to be revoked, of chains that lie one behind
// the other, each from its first certificate to its root.
func Links(certs []*x509.Certificate) (links []Link) {
	for i, c := range certs[:max(len(certs)-1, 0)] {
		if !bytes.Equal(c.RawIssuer, c.RawSubject) && bytes.Equal(c.RawIssuer, certs[i+1].RawSubject) {
			links = append(links, Link{c, certs[i+1]})
		}
	}
	return links
}

// Missing asks about each link that no list covers, all at once, and gives the
// verified answers in DER, in the order of the links.
func (c *Client) Missing(ctx context.Context, links []Link, lists []*x509.RevocationList) (answers [][]byte, err error) {
	defer fault.Wrap(&err, "ask whether certificates were revoked")
	status := cms.Path{CRLs: lists, At: c.Now()}
	got := make([][]byte, len(links))
	var all errgroup.Group
	for i, l := range links {
		covered, err := status.Covered(l.Cert, l.Issuer)
		if err != nil {
			return nil, gate(err)
		}
		if !covered {
			all.Go(func() (err error) { got[i], err = c.ask(ctx, l, status); return err })
		}
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	for _, a := range got {
		if a != nil {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

func gate(err error) error {
	return fault.Because(fault.Gate, err, "Nothing is sealed: %s", fault.Message(err))
}

func (c *Client) ask(ctx context.Context, l Link, status cms.Path) ([]byte, error) {
	url, err := c.address(l.Cert)
	if err != nil {
		return nil, err
	}
	query, nonce, err := cms.Question(l.Cert, l.Issuer, c.Rand)
	if err != nil {
		return nil, err
	}
	der, err := c.Post(ctx, url, query)
	if err != nil {
		return nil, err
	}
	o, err := cms.ParseOCSP(der)
	if fault.KindOf(err) == fault.Unavailable {
		return nil, err
	}
	if err != nil {
		return nil, gate(err)
	}
	if err := c.checkAnswer(o, nonce); err != nil {
		return nil, err
	}
	if err := status.CheckOCSP(o, l.Cert, l.Issuer); err != nil {
		return nil, gate(err)
	}
	return der, nil
}

// address is where to ask: the operator's responder, or the first one that the
// certificate names by http.
func (c *Client) address(cert *x509.Certificate) (string, error) {
	if c.URL != "" {
		return c.URL, nil
	}
	if len(cert.OCSPServer) == 0 {
		return "", fault.New(fault.Gate, "Nothing is sealed: no revocation list covers the certificate %q, and it names no OCSP responder. Set up a list, or seal.ocsp.url.", cert.Subject.CommonName)
	}
	return cert.OCSPServer[0], nil
}

func (c *Client) checkAnswer(o *cms.OCSP, nonce []byte) error {
	if o.Nonce != nil && !bytes.Equal(o.Nonce, nonce) {
		return fault.New(fault.Gate, "Nothing is sealed: the OCSP answer is to another question, its nonce differs.")
	}
	if o.Nonce == nil && c.NeedNonce {
		return fault.New(fault.Gate, "Nothing is sealed: the OCSP answer bears no nonce, and may be an old one.")
	}
	if begins := o.ThisUpdate; begins.After(c.Now().Add(MaxSkew)) {
		return fault.New(fault.Gate, "Nothing is sealed: the OCSP answer begins on %s, in the future. Check the clock.", begins.UTC().Format(time.RFC3339))
	}
	return nil
}
