package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/export/ocsp"
	"lerd/internal/export/ocsp/ocsphttp"
	"lerd/internal/export/tsp"
	"lerd/internal/fault"
	"lerd/internal/jobs"
	"lerd/internal/requests"
)

// TestReleasesByOCSPAlone has no revocation list at all. While the responder does
// not say of each certificate that it is good, the case waits, with the reason in
// the log, and nothing leaves; when it does, the same export goes on.
func TestReleasesByOCSPAlone(t *testing.T) {
	s := newScenario(t)
	x := s.caseJob.Export.(*jobs.Exporter)
	pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
	s.must(err)
	stranger, err := demopki.New(demopki.Options{Organisation: "Stranger", Now: s.clock.Now()})
	s.must(err)
	r := exporttest.NewResponder(t)
	r.PKI, r.Now = pki, s.clock.Now
	client, err := ocsphttp.Client("")
	s.must(err)
	x.Keys.CRLs = func(context.Context) ([][]byte, error) { return nil, nil }
	x.Keys.OCSP = &ocsp.Client{Post: ocsphttp.Post(client), URL: r.Server.URL, Rand: rand.Reader, Now: s.clock.Now}
	id := s.approved("IN/94/2026/731")
	now := s.clock.Now()
	for _, c := range []struct {
		says  string
		spoil func()
	}{
		{"out of reach", func() { x.Keys.OCSP.URL = "http://127.0.0.1:1" }},
		{"was revoked on", func() {
			r.Change = func(a *xocsp.Response) { a.Status, a.RevokedAt = xocsp.Revoked, now.Add(-time.Hour) }
		}},
		{"does not know", func() { r.Change = func(a *xocsp.Response) { a.Status = xocsp.Unknown } }},
		{"ended on", func() {
			r.Change = func(a *xocsp.Response) { a.ThisUpdate, a.NextUpdate = now.Add(-48*time.Hour), now.Add(-24*time.Hour) }
		}},
		{"another certificate", func() { r.Change = func(a *xocsp.Response) { a.SerialNumber = pki.Root.Cert.SerialNumber } }},
		{"not entrusted", func() { r.By = func(a *demopki.Entity) demopki.Entity { return stranger.Issuing } }},
		{"signature of the OCSP answer", func() { r.Spoil = func(b []byte) []byte { b[len(b)-1] ^= 1; return b } }},
		{"not well-formed", func() { r.Spoil = func(b []byte) []byte { return b[1:] } }},
		{"longer than", func() { r.Spoil = func(b []byte) []byte { return bytes.Repeat(b, 1000) } }},
	} {
		x.Keys.OCSP.URL, r.Change, r.By, r.Spoil = r.Server.URL, nil, nil, nil
		c.spoil()
		s.caseJob.RunOnce(s.ctx) //nolint:errcheck // it cannot but fail, or wait
		if !strings.Contains(s.log.String(), c.says) {
			t.Errorf("nobody is told that an answer %q", c.says)
		}
		if got := s.state(id); got != requests.Approved || s.exported() != 0 {
			t.Fatalf("an answer %q, and the case is %s", c.says, got)
		}
		if left, _ := filepath.Glob(s.cfg.path("blobs", "bundles", "*")); len(left) != 0 {
			t.Fatalf("an answer %q, and something left: %v", c.says, left)
		}
	}
	x.Keys.OCSP.URL, r.Change, r.By, r.Spoil = r.Server.URL, nil, nil, nil
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase {
		t.Fatalf("the responder answers again, and the case is %s\n%s", got, s.log)
	}
	s.verifyLog()
}

// TestAResultWaitsForItsStamp: a result is not signed while the authority of time
// or the responder is away, and is when they are back.
func TestAResultWaitsForItsStamp(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/732").ID
	s.must(s.cases.Claim(s.as("rita.lind"), id))
	s.must(s.cases.Refuse(s.as("rita.lind"), id, []string{"RR-12"}, "Too wide."))
	keys := s.keys
	results := &jobs.Results{Steps: s.cases, Keys: func() jobs.Keys { return keys }, Now: s.clock.Now}
	client, err := ocsphttp.Client("")
	s.must(err)
	keys.TSA = tsp.First{&downTSA{down: true}}
	_, away := results.RunOnce(s.ctx)
	keys = s.keys
	keys.CRLs = func(context.Context) ([][]byte, error) { return nil, nil }
	keys.OCSP = &ocsp.Client{Post: ocsphttp.Post(client), URL: "http://127.0.0.1:1", Rand: rand.Reader, Now: s.clock.Now}
	_, silent := results.RunOnce(s.ctx)
	for what, err := range map[string]error{"time stamps": away, "OCSP answers": silent} {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("without %s: %v", what, err)
		}
	}
	keys = s.keys
	if n, err := results.RunOnce(s.ctx); n != 1 || err != nil {
		t.Errorf("all are back: %d signed, %v", n, err)
	}
}
