package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/store"
)

// TestOneRequestTheWholeWay is the main job, told by its roles.
func TestOneRequestTheWholeWay(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/17")
	if q.State != requests.Submitted || q.Ref == "" || q.EffectBy.IsZero() {
		t.Fatalf("after submission: %s %q due %s", q.State, q.Ref, q.EffectBy)
	}
	s.review(q.ID)
	s.jobs()
	if got := s.state(q.ID); got != requests.AwaitingConfirmation {
		t.Fatalf("after review: %s", got)
	}
	s.confirm()
	s.jobs()
	if got := s.state(q.ID); got != requests.Confirmed {
		t.Fatalf("after confirmation: %s", got)
	}

	approver := s.as("anna.keller")
	c, sheet, err := s.cases.ViewRelease(approver, q.ID, 0, 1<<20)
	s.must(err)
	if len(sheet.Rows) == 0 || c.Release.Phones == 0 || c.Release.Addresses == 0 || len(sheet.Rows) != c.Release.Phones+c.Release.Addresses {
		t.Fatalf("the approver sees %d rows, the release says %d and %d", len(sheet.Rows), c.Release.Phones, c.Release.Addresses)
	}
	if err := s.cases.Approve(approver, q.ID, "0000"); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("approved under another digest: %v", err)
	}
	s.must(s.cases.Approve(approver, q.ID, c.Release.Digest))
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		t.Fatalf("after approval: %s\n%s", got, s.log)
	}

	officer := s.as("asha.rao")
	bundle, name, err := s.cases.Download(officer, q.ID)
	s.must(err)
	path := filepath.Join(t.TempDir(), name)
	saveTo(t, path, bundle)
	s.must(s.cases.Acknowledge(officer, q.ID))
	if got := s.state(q.ID); got != requests.Closed {
		t.Fatalf("after acknowledgement: %s", got)
	}
	s.verifyBundle(path)
	s.verifyLog()
}

func saveTo(t *testing.T, path string, r io.ReadCloser) {
	t.Helper()
	defer r.Close()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, r); err != nil {
		t.Fatal(err)
	}
}

// verifyBundle opens the bundle with the agency's key and verifies it as the
// command does.
func (s *scenario) verifyBundle(path string) {
	s.t.Helper()
	s.must(s.verifierOf(path).Run())
}

// verifierOf is the command with which the agency verifies a bundle.
func (s *scenario) verifierOf(path string) *bundleVerifyCmd {
	s.t.Helper()
	roots := filepath.Join(s.t.TempDir(), "roots.pem")
	var pem []byte
	for _, name := range []string{"root", "tsa-root"} {
		b, err := os.ReadFile(s.cfg.path("keys", "demo-pki", name+".pem"))
		s.must(err)
		pem = append(pem, b...)
	}
	s.must(os.WriteFile(roots, pem, 0o600))
	if _, err := cms.ReadCertsPEM(roots); err != nil {
		s.t.Fatal(err)
	}
	return &bundleVerifyCmd{File: path, TrustRoot: []string{roots}, LogVKey: s.cfg.path("keys", "log.vkey"),
		Cert: s.cfg.path("agencies", "in.pem"), Key: s.cfg.path("agencies", "in.key")}
}

// verifyLog recomputes the log and replays it over every table, as the auditor.
func (s *scenario) verifyLog() store.AuditReport {
	s.t.Helper()
	s.sequenceAll()
	report, err := s.verify()
	s.must(err)
	if report.Rows == 0 || report.Pending != 0 {
		s.t.Fatalf("verified %d rows, %d events pending", report.Rows, report.Pending)
	}
	return report
}

func (s *scenario) verify() (store.AuditReport, error) {
	from := auditSource{Dir: s.cfg.Dir}
	trust, err := from.trust()
	s.must(err)
	kept, err := from.keeper().Load()
	s.must(err)
	db, err := store.Open(s.ctx, store.Config{URL: s.db.Auditor})
	s.must(err)
	defer db.Close()
	if s.earnest { // the verification would say that the database's owner has set its clock
		defer s.clockSlack(s.slack)
		s.clockSlack("10 minutes")
	}
	if s.refusing { // nor the test's own trigger
		_, err := s.ownerDB().Exec("DROP FUNCTION IF EXISTS refuse_kind() CASCADE")
		s.must(err)
	}
	return db.VerifyAudit(s.ctx, store.AuditCheck{Trust: trust, Kept: kept})
}
