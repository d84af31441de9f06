package main

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// callBack lets a reviewer and an approver call a bundle back.
func (s *scenario) callBack(id requests.ID) {
	s.t.Helper()
	s.must(s.cases.ProposeRecall(s.as("rita.lind"), id, "wrong_records", "The records are of a test system."))
	s.must(s.cases.ConfirmRecall(s.as("anna.keller"), id, "Compared both systems."))
}

// TestABundleIsCalledBackAndCorrected takes a release that was fetched through
// its recall, the agency's answer, and the correction that takes its place.
func TestABundleIsCalledBackAndCorrected(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/801")
	officer, reviewer, approver := s.as("asha.rao"), s.as("rita.lind"), s.as("anna.keller")
	_, err := s.fetched(officer, id)
	s.must(err)
	s.must(s.cases.Acknowledge(officer, id))
	old := *s.load(id).Release

	for _, who := range []string{"asha.rao", "anna.keller", "carl.ito", "ines.moreau"} {
		if err := s.cases.ProposeRecall(s.as(who), id, "wrong_records", "x"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("proposed by %s: %v", who, err)
		}
	}
	if err := s.cases.Correct(reviewer, id, "x"); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "Nothing of this case was called back") {
		t.Errorf("corrected before it was called back: %v", err)
	}
	s.must(s.cases.ProposeRecall(reviewer, id, "wrong_records", "The records are of a test system."))
	if c, err := s.cases.View(officer, id); err != nil || len(c.Recalls) != 0 || c.Request.State != requests.Closed {
		t.Errorf("the agency learns of a proposal: %+v, %v", c.Recalls, err)
	}
	if err := s.cases.ConfirmRecall(s.as("omar.haddad"), id, "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("confirmed by a reviewer: %v", err)
	}
	actor, _ := identity.From(approver)
	if err := s.cases.ConfirmRecall(identity.With(s.ctx, actor), id, "x"); fault.KindOf(err) != fault.StepUp {
		t.Errorf("confirmed without the passkey: %v", err)
	}
	s.must(s.cases.ConfirmRecall(approver, id, "Compared both systems."))
	if _, err := s.fetched(officer, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("downloaded after the recall: %v", err)
	}
	if err := s.cases.Reissue(reviewer, id, "expired", "x"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("issued again after the recall: %v", err)
	}
	if _, err := s.cases.Prove(officer, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("proof of what was called back: %v", err)
	}

	for i, days := range []int{3, 4, 7, 16} {
		s.clock.Advance(time.Duration(days) * 24 * time.Hour)
		s.jobs()
		if got := s.load(id).Recall().Reminders; got != i+1 {
			t.Errorf("%d reminders, want %d", got, i+1)
		}
	}
	if err := s.cases.ConfirmDeletion(officer, id, "", false); len(fault.ProblemsOf(err)) != 2 {
		t.Errorf("an empty answer: %v", err)
	}
	if err := s.cases.ConfirmDeletion(s.as("jana.weber"), id, "nobody", true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("answered by another agency: %v", err)
	}
	s.must(s.cases.AcknowledgeRecall(officer, id))
	s.must(s.cases.ConfirmDeletion(s.as("vikram.nair"), id, "The prosecutor's office of the district", true))
	if got := s.state(id); got != requests.Closed {
		t.Errorf("after the deletion: %s", got)
	}
	if err := s.cases.ConfirmDeletion(officer, id, "nobody", true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("answered twice: %v", err)
	}

	s.corrected(t, id, old)
	register, err := s.cases.RecallRegister(s.as("ines.moreau"))
	s.must(err)
	if len(register) != 1 || register[0].State != requests.RecallConfirmed || register[0].ReleaseRef != old.Ref || register[0].DeletedAt.IsZero() {
		t.Errorf("the register: %+v", register)
	}
	s.verifyLog()
}

// corrected takes the correction through every gate once more.
func (s *scenario) corrected(t *testing.T, id requests.ID, old requests.Release) {
	reviewer, approver := s.as("rita.lind"), s.as("anna.keller")
	if err := s.cases.Correct(s.as("omar.haddad"), id, "x"); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "The reviewer who decided this case") {
		t.Errorf("corrected by another reviewer: %v", err)
	}
	s.must(s.cases.Correct(reviewer, id, "Read the production system."))
	if err := s.cases.Approve(approver, id, old.Digest); fault.KindOf(err) != fault.Conflict {
		t.Errorf("approved what was called back: %v", err)
	}
	s.must(s.cases.Qualify(reviewer, id, []requests.Allegation{{Target: "t1", Rule: "PR-05"}}))
	s.jobs()
	if got := s.state(id); got != requests.Confirmed {
		t.Fatalf("the correction is %s", got)
	}
	s.must(s.cases.Approve(approver, id, s.load(id).Release.Digest))
	s.jobs()
	c := s.load(id)
	if c.Request.State != requests.ExportedCase || c.Release == nil || c.Release.Supersedes != old.ID || c.Superseded(*c.Release) != old.Ref || len(c.Recalled) != 1 {
		t.Fatalf("after the correction: %s, %+v", c.Request.State, c.Release)
	}
	b, err := s.fetched(s.as("asha.rao"), id)
	s.must(err)
	if got := s.opened(b)["supersedes"]; got != old.Ref {
		t.Errorf("the bundle says that it supersedes %q, want %q", got, old.Ref)
	}
}

// TestAnOverturnedFindingCallsItsBundleBack: two of trust and safety overturn a
// finding after its bundle has left; lerd proposes the recall, and nobody can
// reject it.
func TestAnOverturnedFindingCallsItsBundleBack(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/802")
	finding := string(s.load(id).Asks[0].Finding)
	if err := s.findings.Appeal(s.as("rita.lind"), finding, violations.Overturn, "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer decides on an appeal: %v", err)
	}
	s.must(s.findings.Appeal(s.as("carl.ito"), finding, violations.Overturn, "Appeal A-1: hijacked."))
	if err := s.findings.Appeal(s.as("carl.ito"), finding, violations.Overturn, "Appeal A-1: hijacked."); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Message(err), "not open to your word") {
		t.Errorf("one person twice: %v", err)
	}
	s.jobs()
	if rc := s.load(id).Recall(); rc != nil {
		t.Fatalf("called back on one word: %+v", rc)
	}
	s.must(s.findings.Appeal(s.as("emil.novak"), finding, violations.Overturn, "Appeal A-1: hijacked."))
	s.jobs()
	rc := s.load(id).Recall()
	if rc == nil || rc.State != requests.RecallProposed || rc.Reason != "finding_overturned" || rc.ProposedBy != "" {
		t.Fatalf("proposed: %+v", rc)
	}
	if err := s.cases.RejectRecall(s.as("anna.keller"), id, "No."); fault.KindOf(err) != fault.Gate {
		t.Errorf("rejected: %v", err)
	}
	s.must(s.cases.ConfirmRecall(s.as("anna.keller"), id, "The finding fell."))
	s.jobs()
	if got := s.state(id); got != requests.Recalled || len(s.load(id).Recalls) != 1 {
		t.Errorf("the case is %s", got)
	}
	s.verifyLog()
}

// TestAnAppealThatIsUpheld: two who confirmed it do not uphold it alone; while the
// appeal runs nothing leaves.
func TestAnAppealThatIsUpheld(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	finding := string(c.Asks[0].Finding)
	s.must(s.findings.Appeal(s.as("carl.ito"), finding, violations.Uphold, "Appeal A-2: nothing new."))
	if err := s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest); fault.KindOf(err) != fault.Gate {
		t.Errorf("approved during the appeal: %v", err)
	}
	s.must(s.findings.Appeal(s.as("dana.cruz"), finding, violations.Uphold, "Appeal A-2: nothing new."))
	if err := s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest); fault.KindOf(err) != fault.Gate {
		t.Errorf("upheld by the two who confirmed it: %v", err)
	}
	s.must(s.findings.Appeal(s.as("emil.novak"), finding, violations.Uphold, "Appeal A-2: nothing new."))
	s.must(s.cases.Approve(s.as("anna.keller"), c.Request.ID, rel.Digest))
	s.jobs()
	if got := s.state(c.Request.ID); got != requests.ExportedCase {
		t.Errorf("after the appeal: %s", got)
	}
	s.verifyLog()
}

// opened gives what a bundle says of itself (data/export.json).
func (s *scenario) opened(bundle []byte) map[string]any {
	s.t.Helper()
	var out map[string]any
	s.must(json.Unmarshal(fromZip(s.t, s.container(bundle), "data/export.json"), &out))
	return out
}

// container gives the container in an encrypted bundle of the Indian agency.
func (s *scenario) container(bundle []byte) []byte { return s.containerOf("in", bundle) }

// containerOf is container for the agency of a country.
func (s *scenario) containerOf(country string, bundle []byte) []byte {
	s.t.Helper()
	dir := s.t.TempDir()
	s.must(os.WriteFile(filepath.Join(dir, "b.p7m"), bundle, 0o600))
	f, err := os.Open(filepath.Join(dir, "b.p7m"))
	s.must(err)
	defer f.Close()
	pair, err := tls.LoadX509KeyPair(s.cfg.path("agencies", country+".pem"), s.cfg.path("agencies", country+".key"))
	s.must(err)
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	s.must(err)
	var set bytes.Buffer
	_, err = cms.DecryptFile(&set, f, cert, pair.PrivateKey)
	s.must(err)
	return fromZip(s.t, set.Bytes(), ".asice")
}

// fromZip gives the first file of an archive whose name ends as given.
func fromZip(t testing.TB, b []byte, suffix string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, suffix) {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer rc.Close()
		out, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Fatalf("there is no %s", suffix)
	return nil
}
