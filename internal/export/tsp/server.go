package tsp

import (
	"context"
	"encoding/asn1"
	"io"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"lerd/internal/export/cms"
)

// Authority is a time-stamping authority in the process, for tests and
// evaluation. tsphttp.Handler serves it over HTTP. Safe for concurrent use.
type Authority struct {
	Signer cms.Signer
	Now    func() time.Time
	Rand   io.Reader
	Policy asn1.ObjectIdentifier // empty: 1.3.6.1.4.1.13762.3, the policy of OpenSSL's examples

	mu     sync.Mutex
	serial int64
}

// Respond gives the TimeStampResp to a TimeStampReq; a query that cannot be
// answered gets a rejection (status 2), as RFC 3161 §2.4.2 wants.
func (a *Authority) Respond(ctx context.Context, query []byte) ([]byte, error) {
	imprint, nonce, ok := readRequest(query)
	if !ok {
		return rejection()
	}
	info, err := a.info(imprint, nonce)
	if err != nil {
		return nil, err
	}
	token, err := cms.SignToken(ctx, a.Signer, info, a.Now(), a.Rand)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

// Stamp answers in the process, without HTTP; it has Client's method.
func (a *Authority) Stamp(ctx context.Context, digest Digest) (*Stamp, error) {
	query, err := Request(digest, big.NewInt(a.next()))
	if err != nil {
		return nil, err
	}
	response, err := a.Respond(ctx, query)
	if err != nil {
		return nil, err
	}
	token, err := ParseResponse(response)
	if err != nil {
		return nil, err
	}
	info, err := ParseToken(token)
	if err != nil {
		return nil, err
	}
	return &Stamp{Response: response, Token: token, Time: info.Time}, nil
}

func rejection() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
	})
	return b.Bytes()
}

// readRequest takes the imprint as it stands and the nonce, nil when absent.
func readRequest(query []byte) (imprint []byte, nonce *big.Int, ok bool) {
	in := cryptobyte.String(query)
	var body, raw, peek, hashed cryptobyte.String
	var version int64
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
		return nil, nil, false
	}
	whole := raw
	if !whole.ReadASN1(&peek, cbasn1.SEQUENCE) {
		return nil, nil, false
	}
	h, err := readHash(&peek)
	if err != nil || !peek.ReadASN1(&hashed, cbasn1.OCTET_STRING) || len(hashed) != h.Size() {
		return nil, nil, false
	}
	body.SkipOptionalASN1(cbasn1.OBJECT_IDENTIFIER) // wanted policy: there is one only
	if body.PeekASN1Tag(cbasn1.INTEGER) {
		nonce = new(big.Int)
		if !body.ReadASN1Integer(nonce) {
			return nil, nil, false
		}
	}
	return raw, nonce, true
}

func (a *Authority) next() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serial++
	return a.Now().UnixNano()&^0xffff | a.serial&0xffff
}

func (a *Authority) info(imprint []byte, nonce *big.Int) ([]byte, error) {
	policy := a.Policy
	if len(policy) == 0 {
		policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 13762, 3}
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(policy)
		b.AddBytes(imprint)
		b.AddASN1BigInt(big.NewInt(a.next()))
		b.AddASN1GeneralizedTime(a.Now().UTC().Truncate(time.Second))
		if nonce != nil {
			b.AddASN1BigInt(nonce)
		}
	})
	return b.Bytes()
}
