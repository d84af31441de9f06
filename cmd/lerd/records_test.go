package main

import (
	"path/filepath"
	"testing"
	"time"

	"lerd/internal/records/httprecords/reference"
	"lerd/internal/requests"
	"lerd/internal/testkit/mtls"
)

// TestTheWholeWayOverHTTPS lets a case be answered from a platform's engine
// over HTTPS in place of the views: the same records leave, and every question
// is on record.
func TestTheWholeWayOverHTTPS(t *testing.T) {
	s := newScenario(t)
	views := s.source
	certs := mtls.New(t)
	cfg := s.cfg
	cfg.AccountsURL = certs.Serve(t, (&reference.Server{Source: views, Snapshot: "s"}).Handler())
	cfg.Records = recordsConfig{Kind: "http", Cert: certs.File("client.pem"), Key: certs.File("client.key"), CA: certs.File("ca.pem")}
	engine, err := openRecords(t.Context(), cfg)
	s.must(err)
	t.Cleanup(engine.Close)
	s.cases.Source = guarded(cfg, engine, s.store, func() time.Time { return s.clock.Now() })

	q := s.submit("IN/94/2026/17")
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	approver := s.as("anna.keller")
	c, rows, err := s.cases.ViewRelease(approver, q.ID)
	s.must(err)
	if len(rows) == 0 || c.Release.Phones == 0 || c.Release.Addresses == 0 {
		t.Fatalf("%d rows", len(rows))
	}
	s.must(s.cases.Approve(approver, q.ID, c.Release.Digest))
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		t.Fatalf("the case is %s\n%s", got, s.log)
	}
	bundle, name, err := s.cases.Download(s.as("asha.rao"), q.ID)
	s.must(err)
	path := filepath.Join(t.TempDir(), name)
	saveTo(t, path, bundle)
	s.verifyBundle(path)
	s.verifyLog()
	if n := len(s.column("SELECT id::text FROM audit.event WHERE kind = 'source.asked'")); n < 5 {
		t.Errorf("%d questions are on record", n)
	}
}
