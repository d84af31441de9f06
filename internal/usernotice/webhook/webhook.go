// Package webhook hands notices to the platform by signed HTTP requests, and takes
// the platform's signed receipts.
//
// Invariants:
//   - every request is signed, its body included, and carries the notice's id as
//     its idempotency key: the platform tells nobody twice;
//   - a receipt counts only if it verifies under the platform's key, belongs to
//     this very request, and says that this notice was delivered;
//   - a receipt is kept so that anybody with the platform's public key can verify
//     it again.
//
// SPEC: RFC 9421; the header Idempotency-Key as in draft-ietf-httpapi-idempotency-key-header.
package webhook

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"lerd/internal/fault"
	"lerd/internal/httpsig"
	"lerd/internal/usernotice"
)

// Courier hands letters to one address.
type Courier struct {
	URL         string // https, or http on a loopback address
	Key         httpsig.Key
	PlatformID  string // key id of the platform
	PlatformKey ed25519.PublicKey
	Client      *http.Client // follows no redirects: see NewClient
	Now         func() time.Time
}

// NewClient gives a client that follows no redirect and waits ten seconds.
func NewClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

const (
	jsonType   = "application/json"
	maxReceipt = 16 << 10
	clockSkew  = 5 * time.Minute
)

// Notice is the body of a request.
type Notice struct {
	Notice      string `json:"notice"`
	Reference   string `json:"reference"`
	AccountID   string `json:"account_id"` // decimal
	Link        string `json:"link"`
	DisclosedOn string `json:"disclosed_on"`
	Kind        string `json:"kind,omitempty"` // error; absent: a disclosure
}

// Receipt is the body of an answer.
type Receipt struct {
	Notice      string    `json:"notice"`
	Outcome     string    `json:"outcome"` // delivered
	DeliveredAt time.Time `json:"delivered_at"`
}

// Kept is a receipt as it is stored: all that its signature covers.
type Kept struct {
	Target         string `json:"target"`
	IdempotencyKey string `json:"idempotency_key"`
	RequestDigest  string `json:"request_digest"`
	Status         int    `json:"status"`
	ContentType    string `json:"content_type"`
	ContentDigest  string `json:"content_digest"`
	SignatureInput string `json:"signature_input"`
	Signature      string `json:"signature"`
	Body           []byte `json:"body"`
}

// Deliver hands one letter over. An answer that is no receipt is Unavailable: it
// is tried again later.
func (c *Courier) Deliver(ctx context.Context, l usernotice.Letter) (receipt string, err error) {
	defer fault.Wrap(&err, "webhook.Deliver(%s)", l.ID)
	sent, req, err := c.request(ctx, l)
	if err != nil {
		return "", err
	}
	resp, err := c.Client.Do(req)
	if err != nil {
		return "", fault.New(fault.Unavailable, "The platform cannot be reached to deliver a notice.") // the cause names addresses
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReceipt+1))
	if err != nil || len(body) > maxReceipt || resp.StatusCode != http.StatusOK {
		return "", fault.New(fault.Unavailable, "The platform answered a notice with status %d and no receipt.", resp.StatusCode)
	}
	kept := Kept{Target: sent.Target, IdempotencyKey: sent.Header.Get("Idempotency-Key"), RequestDigest: sent.Header.Get("Content-Digest"), Status: resp.StatusCode,
		ContentType: resp.Header.Get("Content-Type"), Body: body}
	for name, to := range map[string]*string{"Content-Digest": &kept.ContentDigest, "Signature-Input": &kept.SignatureInput, "Signature": &kept.Signature} {
		if v := resp.Header.Values(name); len(v) == 1 {
			*to = v[0]
		}
	}
	// A platform that was asked before may give the answer that it gave then: it is
	// of this very request, and no older than the first time it was made.
	now := c.Now()
	first := l.First
	if first.IsZero() || first.After(now) {
		first = now
	}
	if _, err := kept.Verify(c.PlatformID, c.PlatformKey, first.Add(-clockSkew), now.Add(clockSkew)); err != nil {
		return "", fault.Because(fault.Unavailable, err, "The platform's receipt for a notice does not hold.")
	}
	out, err := json.Marshal(kept)
	return string(out), err
}

func (c *Courier) request(ctx context.Context, l usernotice.Letter) (*httpsig.Message, *http.Request, error) {
	body, err := json.Marshal(Notice{string(l.ID), l.Ref, strconv.FormatInt(l.Account, 10), l.Link, l.DisclosedOn, l.Kind})
	if err != nil {
		return nil, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", jsonType)
	req.Header.Set("Idempotency-Key", `"`+string(l.ID)+`"`) // a structured string
	m := &httpsig.Message{Method: req.Method, Target: c.URL, Header: req.Header, Body: body}
	return m, req, httpsig.Sign(m, httpsig.Request, c.Key, c.Now(), "")
}

// Verify verifies a kept receipt, which was signed and says that the user was told
// between two times: those of the notice's first attempt and of its receipt, or wider.
func (k Kept) Verify(keyID string, key ed25519.PublicKey, from, until time.Time) (r Receipt, err error) {
	defer fault.Wrap(&err, "webhook.Kept.Verify")
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	m := &httpsig.Message{Status: k.Status, Body: k.Body,
		Header: header("Content-Type", k.ContentType, "Content-Digest", k.ContentDigest, "Signature-Input", k.SignatureInput, "Signature", k.Signature),
		To:     &httpsig.Message{Method: http.MethodPost, Target: k.Target, Header: header("Idempotency-Key", k.IdempotencyKey, "Content-Digest", k.RequestDigest)}}
	half := until.Sub(from) / 2
	rule := httpsig.Rule{Now: from.Add(half), Within: half, Public: func(id string) (ed25519.PublicKey, bool) { return key, id == keyID }}
	if _, err := httpsig.Verify(m, httpsig.Response, rule); err != nil {
		return r, err
	}
	if kind, _, err := mime.ParseMediaType(k.ContentType); err != nil || kind != jsonType {
		return r, fault.New(fault.Invalid, "A receipt is JSON.")
	}
	if err := json.Unmarshal(k.Body, &r); err != nil || r.Outcome != "delivered" || `"`+r.Notice+`"` != k.IdempotencyKey || r.DeliveredAt.IsZero() {
		return r, fault.New(fault.Invalid, "The receipt does not say that this notice was delivered.")
	}
	if r.DeliveredAt.Before(from) || r.DeliveredAt.After(until) {
		return r, fault.New(fault.Invalid, "The receipt says that the notice was delivered at another time than it can have been.")
	}
	return r, nil
}

// Read gives a receipt as it is stored.
func Read(stored string) (k Kept, err error) {
	defer fault.Wrap(&err, "webhook.Read")
	if err := json.Unmarshal([]byte(stored), &k); err != nil {
		return k, err
	}
	return k, nil
}
