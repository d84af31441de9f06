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
