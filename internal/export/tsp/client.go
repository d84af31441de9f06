package tsp

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"math/big"

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
}

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
	return &Stamp{Response: response, Token: token, Time: info.Time}, nil
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
