package tsp

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/fault"
)

// Client asks one authority. Safe for concurrent use.
type Client struct {
	// Post takes a TimeStampReq to the authority and brings its TimeStampResp;
	// tsphttp.Post does it over HTTP.
	Post  func(ctx context.Context, query []byte) (response []byte, err error)
	Roots []*x509.Certificate // of the authority
	Pool  []*x509.Certificate // its issuing authorities, where it does not send them
	Rand  io.Reader           // for the nonce
	// Policies are the OIDs (dotted) under which a stamp is taken; none: any.
	Policies []string
	// Now, where given, must agree with the stamp to within MaxSkew.
	Now func() time.Time
}

// MaxSkew is how far an authority's time may be from the clock here. More is a
// fault of one of the two, and a stamp that nobody could explain in court.
const MaxSkew = 5 * time.Minute

// Stamp asks for a token over digest, and verifies the answer: digest, nonce,
// signature and chain. An authority out of reach is fault.Unavailable.
// SPEC: RFC 3161 §3.4.
func (c *Client) Stamp(ctx context.Context, digest Digest) (s *Stamp, err error) {
	defer fault.Wrap(&err, "stamp")
	nonce, err := newNonce(c.Rand)
	if err != nil {
		return nil, err
	}
	query, err := Request(digest, nonce)
	if err != nil {
		return nil, err
	}
	response, err := c.Post(ctx, query)
	if err != nil {
		return nil, err
	}
	token, err := ParseResponse(response)
	if err != nil {
		return nil, err
	}
	info, err := Verify(token, digest[:], crypto.SHA256, Trust{Roots: c.Roots, Pool: c.Pool})
	if err != nil {
		return nil, err
	}
	if info.Nonce == nil || info.Nonce.Cmp(nonce) != 0 {
		return nil, fault.New(fault.Invalid, "The time stamp answers another question: its nonce differs.")
	}
	if err := c.checkTerms(info); err != nil {
		return nil, err
	}
	return &Stamp{Response: response, Token: token, Time: info.Time}, nil
}

// checkTerms holds a stamp against what was agreed with the authority.
func (c *Client) checkTerms(info *Info) error {
	if len(c.Policies) > 0 && !slices.Contains(c.Policies, info.Policy) {
		return fault.New(fault.Invalid, "The time stamp was given under the policy %s, which is none of those agreed.", info.Policy)
	}
	if c.Now != nil && c.Now().Sub(info.Time).Abs() > MaxSkew {
		return fault.New(fault.Invalid, "The time stamp says %s, more than %s from the clock here. Check both clocks.", info.Time.Format(time.RFC3339), MaxSkew)
	}
	return nil
}

func newNonce(rand io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, err
	}
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b), nil
}

// Request writes a TimeStampReq that asks for the certificates too.
// SPEC: RFC 3161 §2.4.1.
func Request(digest Digest, nonce *big.Int) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addImprint(b, digest[:])
		b.AddASN1BigInt(nonce)
		b.AddASN1Boolean(true)
	})
	return b.Bytes()
}

func addImprint(b *cryptobyte.Builder, digest []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidSHA256)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(digest)
	})
}
