// Package httpsig signs HTTP messages with Ed25519 and verifies what others
// signed: method, address, body and idempotency key of a request, and an answer
// together with the request that it answers.
//
// Invariants:
//   - what is verified covers all of Request or Response below; a signature over
//     less is none;
//   - a message with two signatures, or with a component twice, is refused rather
//     than guessed at;
//   - the body counts by its digest, which is recomputed.
//
// SPEC: RFC 9421 §2, §3.1, §3.2, §3.3.6; RFC 9530 §2.
package httpsig

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lerd/internal/fault"
)

// label names the one signature of a message.
const label = "lerd"

// Request lists what the signature of a request covers, in this order.
var Request = []string{`"@method"`, `"@target-uri"`, `"content-type"`, `"content-digest"`, `"idempotency-key"`}

// Response lists what the signature of an answer covers: with ";req" the request.
var Response = []string{`"@status"`, `"content-type"`, `"content-digest"`, `"@method";req`, `"@target-uri";req`, `"content-digest";req`, `"idempotency-key";req`}

// Key signs.
type Key struct {
	ID      string // letters, digits, and "-._:/"; what the other side knows the public key by
	Private ed25519.PrivateKey
}

// Rule says which signatures count.
type Rule struct {
	// Public gives the key of an id, ok false for one that is not known.
	Public func(id string) (key ed25519.PublicKey, ok bool)
	Now    time.Time
	Within time.Duration // how far Now and the signature's time may lie apart
}

// Verified is a signature that holds.
type Verified struct {
	KeyID     string
	Created   time.Time
	Nonce     string // of who signed; may be empty
	Base      []byte // what was signed
	Signature []byte
}

// Message is what of a message a signature can cover. Of an answer, To is the
// request.
type Message struct {
	Method string
	Target string // the whole address, as the client names it
	Status int    // of an answer
	Header http.Header
	Body   []byte
	To     *Message
}

// Digest gives the field Content-Digest of a body.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// Sign sets Content-Digest, Signature-Input and Signature of m over a list of
// components.
func Sign(m *Message, components []string, key Key, created time.Time, nonce string) error {
	m.Header.Set("Content-Digest", Digest(m.Body))
	params := "(" + strings.Join(components, " ") + ");created=" + strconv.FormatInt(created.Unix(), 10) + `;keyid="` + key.ID + `";alg="ed25519"`
	if nonce != "" {
		params += `;nonce="` + nonce + `"`
	}
	base, err := baseOf(m, components, params)
	if err != nil {
		return err
	}
	m.Header.Set("Signature-Input", label+"="+params)
	m.Header.Set("Signature", label+"=:"+base64.StdEncoding.EncodeToString(ed25519.Sign(key.Private, base))+":")
	return nil
}

// Verify wants exactly one signature of m over at least the components, under a
// key that the rule knows, made about now, over the body as it came. What is
// wrong is fault.SignIn, and is the same towards who sent it whatever it is.
func Verify(m *Message, components []string, rule Rule) (Verified, error) {
	v, err := verify(m, components, rule)
	if err != nil {
		return Verified{}, fault.Because(fault.SignIn, err, "The signature of this message does not hold.")
	}
	return v, nil
}

func verify(m *Message, components []string, rule Rule) (v Verified, err error) {
	in, signature, err := signatureOf(m.Header)
	if err != nil {
		return v, err
	}
	for _, need := range components {
		if !in.covers(need) {
			return v, fmt.Errorf("%s is not covered", need)
		}
	}
	key, ok := rule.Public(in.keyID)
	if !ok || len(key) != ed25519.PublicKeySize || in.alg != "" && in.alg != "ed25519" {
		return v, fmt.Errorf("no Ed25519 key is known as %q", in.keyID)
	}
	if age := rule.Now.Sub(in.created); age > rule.Within || age < -rule.Within {
		return v, fmt.Errorf("it was signed at %s", in.created.UTC().Format(time.RFC3339))
	}
	if got := m.Header.Values("Content-Digest"); len(got) != 1 || got[0] != Digest(m.Body) {
		return v, fmt.Errorf("the digest is not of this body")
	}
	base, err := baseOf(m, in.components, in.params)
	if err != nil {
		return v, err
	}
	if !ed25519.Verify(key, base, signature) {
		return v, fmt.Errorf("the signature is not by %q over this", in.keyID)
	}
	return Verified{in.keyID, in.created, in.nonce, base, signature}, nil
}

// baseOf gives what is signed. SPEC: RFC 9421 §2.5.
func baseOf(m *Message, components []string, params string) ([]byte, error) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, c := range components {
		if seen[c] {
			return nil, fmt.Errorf("%s is covered twice", c)
		}
		seen[c] = true
		value, err := valueOf(m, c)
		if err != nil {
			return nil, err
		}
		b.WriteString(c + ": " + value + "\n")
	}
	b.WriteString(`"@signature-params": ` + params)
	return []byte(b.String()), nil
}

// valueOf gives a component's value. SPEC: RFC 9421 §2.1, §2.2, §2.4.
func valueOf(m *Message, component string) (string, error) {
	name, req := strings.CutSuffix(component, ";req")
	if req {
		if m.To == nil {
			return "", fmt.Errorf("%s: there is no request", component)
		}
		m = m.To
	}
	field, ok := strings.CutPrefix(name, `"`)
	field, closed := strings.CutSuffix(field, `"`)
	if !ok || !closed || strings.ContainsAny(field, `";`) || field != strings.ToLower(field) {
		return "", fmt.Errorf("%s is no component that is known here", component)
	}
	if strings.HasPrefix(field, "@") {
		return derived(m, field)
	}
	values := m.Header.Values(field)
	if len(values) == 0 {
		return "", fmt.Errorf("there is no %s", field)
	}
	for i, v := range values {
		values[i] = strings.TrimSpace(v)
		if strings.ContainsAny(v, "\r\n") {
			return "", fmt.Errorf("%s has more than one line", field)
		}
	}
	return strings.Join(values, ", "), nil
}

func derived(m *Message, field string) (string, error) {
	switch {
	case field == "@method" && m.Method != "":
		return m.Method, nil
	case field == "@target-uri" && m.Target != "":
		return m.Target, nil
	case field == "@status" && m.Status > 0:
		return strconv.Itoa(m.Status), nil
	}
	return derivedOfAddress(m, field)
}
