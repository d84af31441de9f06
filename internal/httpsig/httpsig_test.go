package httpsig

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
)

// The key test-key-ed25519 of RFC 9421, appendix B.1.4.
const rfcKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----`

// TestTheRFCsOwnSignatureHolds verifies the signature of RFC 9421, appendix B.2.6.
func TestTheRFCsOwnSignatureHolds(t *testing.T) {
	block, _ := pem.Decode([]byte(rfcKey))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	m := &Message{Method: "POST", Target: "https://example.com/foo?param=Value&Pet=dog", Header: http.Header{}}
	for name, value := range map[string]string{"Date": "Tue, 20 Apr 2021 02:07:55 GMT", "Content-Type": "application/json", "Content-Length": "18",
		"Signature-Input": `sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
		"Signature":       `sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:`} {
		m.Header.Set(name, value)
	}
	in, signature, err := signatureOf(m.Header)
	if err != nil {
		t.Fatal(err)
	}
	base, err := baseOf(m, in.components, in.params)
	if err != nil || !ed25519.Verify(key.(ed25519.PublicKey), base, signature) {
		t.Fatalf("the RFC's own example does not hold: %v over\n%s", err, base)
	}
	m.Header.Set("Date", "Tue, 20 Apr 2021 02:07:56 GMT")
	if base, _ := baseOf(m, in.components, in.params); ed25519.Verify(key.(ed25519.PublicKey), base, signature) {
		t.Error("it holds over another date")
	}
}

var (
	private  = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	signedAt = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	rule     = Rule{Now: signedAt.Add(time.Minute), Within: 5 * time.Minute, Public: func(id string) (ed25519.PublicKey, bool) {
		return private.Public().(ed25519.PublicKey), id == "moderation"
	}}
)

func request(t *testing.T) *Message {
	t.Helper()
	m := &Message{Method: "POST", Target: "https://lerd.example/api/findings?dry=1", Header: http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"k1"}}, Body: []byte(`{"a":1}`)}
	if err := Sign(m, Request, Key{"moderation", private}, signedAt, "n-1"); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEveryChangeOfASignedRequestIsNoticed changes each thing that counts.
func TestEveryChangeOfASignedRequestIsNoticed(t *testing.T) {
	if v, err := Verify(request(t), Request, rule); err != nil || v.KeyID != "moderation" || v.Nonce != "n-1" || !v.Created.Equal(signedAt) {
		t.Fatalf("%+v, %v", v, err)
	}
	set := func(name, value string) func(*Message) { return func(m *Message) { m.Header.Set(name, value) } }
	edit := func(name, old, new string) func(*Message) {
		return func(m *Message) { m.Header.Set(name, strings.Replace(m.Header.Get(name), old, new, 1)) }
	}
	for what, change := range map[string]func(*Message){
		"method": func(m *Message) { m.Method = "PUT" }, "address": func(m *Message) { m.Target = "https://lerd.example/api/findings" },
		"body": func(m *Message) { m.Body = []byte(`{"a":2}`) }, "body and its digest": func(m *Message) { m.Body = []byte(`{"a":2}`); m.Header.Set("Content-Digest", Digest(m.Body)) },
		"type": set("Content-Type", "text/csv"), "key of idempotency": set("Idempotency-Key", "k2"), "no key of idempotency": func(m *Message) { m.Header.Del("Idempotency-Key") },
		"no signature": func(m *Message) { m.Header.Del("Signature") }, "a second signature": func(m *Message) { m.Header.Add("Signature", m.Header.Get("Signature")) },
		"two in one field": func(m *Message) { m.Header.Set("Signature", m.Header.Get("Signature")+", b=:AAAA:") }, "another label": edit("Signature", label+"=", "other="),
		"less covered": edit("Signature-Input", `"content-digest" `, ""), "covered twice": edit("Signature-Input", `("@method" `, `("@method" "@method" `),
		"another key": edit("Signature-Input", "moderation", "moderator"), "a later time": edit("Signature-Input", "created=17", "created=18"),
		"another algorithm": edit("Signature-Input", "ed25519", "hmac-sha256"), "an unknown parameter": edit("Signature-Input", ";alg", ";tag=\"x\";alg"),
		"a bit of the signature": edit("Signature", "=:", "=:A"), "an empty input": set("Signature-Input", label+"=()"),
		"expired": edit("Signature-Input", ";alg", ";created=1;alg"),
	} {
		m := request(t)
		change(m)
		if _, err := Verify(m, Request, rule); fault.KindOf(err) != fault.SignIn {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, off := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
		late := rule
		late.Now = signedAt.Add(off)
		if _, err := Verify(request(t), Request, late); err == nil {
			t.Errorf("it holds %s away", off)
		}
	}
}

// TestAnAnswerBelongsToItsRequest: a receipt for one request is none for another.
func TestAnAnswerBelongsToItsRequest(t *testing.T) {
	answer := func(to *Message) *Message {
		m := &Message{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{}`), To: to}
		if err := Sign(m, Response, Key{"moderation", private}, signedAt, ""); err != nil {
			t.Fatal(err)
		}
		return m
	}
	first, second := request(t), request(t)
	second.Header.Set("Idempotency-Key", "k2")
	m := answer(first)
	if _, err := Verify(m, Response, rule); err != nil {
		t.Fatal(err)
	}
	m.To = second
	if _, err := Verify(m, Response, rule); err == nil {
		t.Error("the answer to one request holds for another")
	}
	m = answer(first)
	m.Status = 202
	if _, err := Verify(m, Response, rule); err == nil {
		t.Error("another status holds")
	}
	if _, err := Verify(request(t), Response, rule); err == nil {
		t.Error("a request is taken for an answer")
	}
}

// FuzzReadingASignature: no field makes the reader fail otherwise than by saying so.
func FuzzReadingASignature(f *testing.F) {
	f.Add(`sig=("@method" "content-digest";req);created=1;keyid="a"`, "sig=:"+base64.StdEncoding.EncodeToString(make([]byte, 64))+":")
	f.Fuzz(func(t *testing.T, in, signature string) {
		m := &Message{Method: "POST", Target: "https://a/b", Header: http.Header{"Signature-Input": {in}, "Signature": {signature}}}
		if _, err := Verify(m, nil, rule); err == nil {
			t.Errorf("%q holds", in)
		}
	})
}
