package webhook

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/httpsig"
	"lerd/internal/usernotice"
)

var (
	ours     = ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", 32)))
	theirs   = ed25519.NewKeyFromSeed([]byte(strings.Repeat("t", 32)))
	at       = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	theirKey = theirs.Public().(ed25519.PublicKey)
	letter   = usernotice.Letter{ID: "7f9c24e5-0000-4000-8000-000000000001", Ref: "UN-2026-7KQM-4D2X", Account: 10000001, Link: "https://lerd.example/notice/x", DisclosedOn: "2026-11-02"}
)

// platform answers as the platform does, spoilt as a test wants it.
type platform struct {
	t     *testing.T
	url   string
	spoil func(answer *httpsig.Message, receipt *Receipt)
	after func(http.Header, []byte) []byte // what happens to the signed answer on its way
	asked time.Time                        // when it is asked; zero: when it signs its answer
	seen  []Notice
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	req := &httpsig.Message{Method: r.Method, Target: p.url, Header: r.Header, Body: body}
	asked := p.asked
	if asked.IsZero() {
		asked = at
	}
	rule := httpsig.Rule{Now: asked, Within: time.Minute, Public: func(id string) (ed25519.PublicKey, bool) { return ours.Public().(ed25519.PublicKey), id == "lerd" }}
	if _, err := httpsig.Verify(req, httpsig.Request, rule); err != nil {
		p.t.Errorf("lerd's request does not verify: %v", err)
	}
	var n Notice
	if err := json.Unmarshal(body, &n); err != nil {
		p.t.Error(err)
	}
	p.seen = append(p.seen, n)
	receipt := Receipt{n.Notice, "delivered", at}
	answer := &httpsig.Message{Status: 200, Header: http.Header{"Content-Type": {jsonType}}, To: req}
	if p.spoil != nil {
		p.spoil(answer, &receipt)
	}
	if answer.Body == nil {
		answer.Body, _ = json.Marshal(receipt)
	}
	if err := httpsig.Sign(answer, httpsig.Response, httpsig.Key{ID: "platform", Private: theirs}, at, ""); err != nil {
		p.t.Error(err)
	}
	if p.after != nil {
		answer.Body = p.after(answer.Header, answer.Body)
	}
	for name, v := range answer.Header {
		w.Header()[name] = v
	}
	w.WriteHeader(answer.Status)
	w.Write(answer.Body)
}

func (p *platform) courier(t *testing.T) *Courier {
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.t, p.url = t, srv.URL+"/hooks/notices"
	return &Courier{URL: p.url, Key: httpsig.Key{ID: "lerd", Private: ours}, PlatformID: "platform", PlatformKey: theirKey, Client: NewClient(), Now: func() time.Time { return at }}
}

// TestAReceiptIsKeptAndVerifiesAgain tells the ordinary story.
func TestAReceiptIsKeptAndVerifiesAgain(t *testing.T) {
	p := &platform{}
	stored, err := p.courier(t).Deliver(context.Background(), letter)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.seen) != 1 || p.seen[0] != (Notice{string(letter.ID), letter.Ref, "10000001", letter.Link, letter.DisclosedOn, ""}) {
		t.Errorf("the platform was asked %+v", p.seen)
	}
	k, err := Read(stored)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := k.Verify("platform", theirKey, at.Add(-time.Minute), at.AddDate(3, 0, 0)); err != nil || r.Notice != string(letter.ID) {
		t.Errorf("years later: %+v, %v", r, err)
	}
	k.Body = []byte(strings.Replace(string(k.Body), "2026-11-02", "2026-11-03", 1))
	if _, err := k.Verify("platform", theirKey, at.AddDate(-1, 0, 0), at.AddDate(3, 0, 0)); err == nil {
		t.Error("a changed receipt verifies")
	}
}

// TestWhatIsNoReceipt: nothing but the platform's own word counts.
func TestWhatIsNoReceipt(t *testing.T) {
	for what, p := range map[string]*platform{
		"another notice":                {spoil: func(_ *httpsig.Message, r *Receipt) { r.Notice = "7f9c24e5-0000-4000-8000-000000000002" }},
		"not delivered":                 {spoil: func(_ *httpsig.Message, r *Receipt) { r.Outcome = "queued" }},
		"delivered before it was asked": {spoil: func(_ *httpsig.Message, r *Receipt) { r.DeliveredAt = at.AddDate(0, -1, 0) }},
		"delivered tomorrow":            {spoil: func(_ *httpsig.Message, r *Receipt) { r.DeliveredAt = at.AddDate(0, 0, 1) }},
		"accepted only":                 {spoil: func(m *httpsig.Message, _ *Receipt) { m.Status = 202 }},
		"a redirect": {spoil: func(m *httpsig.Message, _ *Receipt) {
			m.Status = 307
			m.Header.Set("Location", "https://elsewhere.example/")
		}},
		"an error":            {spoil: func(m *httpsig.Message, _ *Receipt) { m.Status = 500 }},
		"for another request": {spoil: func(m *httpsig.Message, _ *Receipt) { m.To.Header.Set("Idempotency-Key", `"x"`) }},
		"for another address": {spoil: func(m *httpsig.Message, _ *Receipt) { m.To.Target += "/x" }},
		"not JSON":            {spoil: func(m *httpsig.Message, _ *Receipt) { m.Header.Set("Content-Type", "text/html") }},
		"too long":            {spoil: func(m *httpsig.Message, _ *Receipt) { m.Body = []byte(strings.Repeat(" ", maxReceipt+1)) }},
		"unsigned":            {after: func(h http.Header, b []byte) []byte { h.Del("Signature"); return b }},
		"changed on its way":  {after: func(_ http.Header, b []byte) []byte { return append(b, ' ') }},
		"changed with its digest": {after: func(h http.Header, b []byte) []byte {
			b = append(b, ' ')
			h.Set("Content-Digest", httpsig.Digest(b))
			return b
		}},
	} {
		t.Run(what, func(t *testing.T) {
			if stored, err := p.courier(t).Deliver(context.Background(), letter); fault.KindOf(err) != fault.Unavailable || stored != "" {
				t.Errorf("%q, %v", stored, err)
			}
		})
	}
	p := &platform{}
	c := p.courier(t)
	c.PlatformKey = ours.Public().(ed25519.PublicKey)
	if _, err := c.Deliver(context.Background(), letter); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("under another key: %v", err)
	}
	c.URL = "http://127.0.0.1:1/"
	if _, err := c.Deliver(context.Background(), letter); fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("out of reach: %v", err)
	}
}

// TestAPlatformRepeatsItsAnswer: what it was asked hours ago, of which the answer was
// lost, it answers with the bytes that it answered then, as is usual with idempotency
// keys. An answer from before the first attempt is none.
func TestAPlatformRepeatsItsAnswer(t *testing.T) {
	later := at.Add(14 * time.Hour)
	for first, holds := range map[time.Time]bool{at: true, at.Add(time.Hour): false, later: false} {
		c := (&platform{asked: later}).courier(t)
		c.Now = func() time.Time { return later }
		again := letter
		again.First = first
		if _, err := c.Deliver(context.Background(), again); (err == nil) != holds || err != nil && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("asked first at %s: %v", first.Format(time.TimeOnly), err)
		}
	}
}
