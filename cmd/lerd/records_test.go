package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/records"
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
	c, sheet, err := s.cases.ViewRelease(approver, q.ID, 0, 1<<20)
	s.must(err)
	if len(sheet.Rows) == 0 || c.Release.Phones == 0 || c.Release.Addresses == 0 {
		t.Fatalf("%d rows", len(sheet.Rows))
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
	s.noQuestionCanBeGuessed(q.ID)
}

// noQuestionCanBeGuessed tries, as a reader of the public log, every account near
// the one of a case: none of the digests is in an entry. Beside the log they are, for
// who compares them with the platform's own list of questions.
func (s *scenario) noQuestionCanBeGuessed(id requests.ID) {
	s.t.Helper()
	for _, target := range s.load(id).Request.Targets {
		_, err := s.cases.Source.Summary(s.as("carl.ito"), records.AccountID(target.AccountID))
		s.must(err)
	}
	public := strings.Join(s.column("SELECT convert_from(entry, 'UTF8') FROM audit.event"), "\n")
	beside := strings.Join(s.column("SELECT convert_from(p.body, 'UTF8') FROM audit.payload p JOIN audit.event e ON e.id = p.event_id WHERE e.kind = 'source.asked'"), "\n")
	found := 0
	for _, target := range s.load(id).Request.Targets {
		for about := target.AccountID - 500; about < target.AccountID+500; about++ {
			sum := sha256.Sum256([]byte(records.Question("summary", records.AccountID(about).String(), records.Period{})))
			digest := hex.EncodeToString(sum[:])
			if strings.Contains(public, digest) {
				s.t.Errorf("the public log tells that account %d was asked for", about)
			}
			if strings.Contains(beside, base64.StdEncoding.EncodeToString([]byte(digest))) {
				found++
			}
		}
	}
	if found == 0 {
		s.t.Error("the digest of no question is beside the log: the test guesses wrongly")
	}
}
