package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/verifycli"
)

// TestEveryAnswerIsSigned: a release, a refusal and "nothing to hand over" are
// results that openssl and lerd-verify judge; the last says the same whether or
// not there is an account.
func TestEveryAnswerIsSigned(t *testing.T) {
	s := newScenario(t)
	officer, reviewer := s.as("asha.rao"), s.as("rita.lind")
	released := s.ready("IN/94/2026/951")
	refused := s.submit("IN/94/2026/952").ID
	s.must(s.cases.Claim(reviewer, refused))
	s.must(s.cases.Refuse(reviewer, refused, []string{"RR-12"}, "Too wide."))
	nobody := s.submitWith("IN/94/2026/953", func(in *requests.Submission) { in.Targets[0].Identifier = "+447700900999" }).ID
	s.review(nobody)
	open := s.submit("IN/94/2026/954").ID
	s.jobs()
	s.clock.Advance(4 * 24 * time.Hour)
	s.jobs()
	if _, err := s.cases.ResultFile(officer, refused); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a result that the log has not signed: %v", err)
	}
	s.sequenceAll()
	if _, err := s.cases.ResultFile(officer, open); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a result of an open case: %v", err)
	}
	if _, err := s.cases.ResultFile(s.as("jana.weber"), refused); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a result for another agency: %v", err)
	}
	for id, want := range map[requests.ID][]string{
		released: {`"result": "released"`, `"outcome": "produce"`, s.load(released).Release.EncryptedSHA256},
		refused:  {`"result": "refused"`, "RR-12", `"cure"`},
		nobody:   {`"result": "nothing_to_hand_over"`, "whether or not there is such an account"},
	} {
		r, err := s.cases.ResultFile(officer, id)
		s.must(err)
		for _, w := range want {
			if !strings.Contains(string(r.File), w) {
				t.Errorf("%s lacks %q:\n%s", id, w, r.File)
			}
		}
		if strings.Contains(string(r.File), "+4477") || strings.Contains(string(r.File), "RR-14") {
			t.Errorf("the result says too much:\n%s", r.File)
		}
		s.judged(r)
	}
	s.verifyLog()
}

// judged verifies a result by openssl and lerd-verify, and expects both to refuse
// a changed one.
func (s *scenario) judged(r requests.SignedResult) {
	s.t.Helper()
	dir := s.t.TempDir()
	at := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		s.must(os.WriteFile(path, b, 0o600))
		return path
	}
	var roots []byte
	for _, name := range []string{"root", "tsa-root"} {
		b, err := os.ReadFile(s.cfg.path("keys", "demo-pki", name+".pem"))
		s.must(err)
		roots = append(roots, b...)
	}
	seal, root := at("p7s", r.Seal), at("root.pem", roots)
	openssl := func(content string) error {
		out, err := exec.Command("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", seal, "-content", content, "-CAfile", root, "-attime", fmt.Sprint(storyNow.AddDate(0, 0, 5).Unix()), "-out", filepath.Join(dir, "out")).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	if err := openssl(at("result.json", r.File)); err != nil {
		s.t.Errorf("openssl refuses the seal: %v", err)
	}
	if err := openssl(at("changed.json", append([]byte(" "), r.File...))); err == nil {
		s.t.Error("openssl takes a changed result")
	}
	check := verifycli.Proof{File: at("proof", r.Proof), Entry: at("event.json", r.Entry), VKey: s.cfg.path("keys", "log.vkey")}
	if err := check.Check(&strings.Builder{}); err != nil {
		s.t.Errorf("lerd-verify refuses the proof: %v", err)
	}
	check.Entry = at("other.json", append(append([]byte{}, r.Entry...), '\n'))
	if err := check.Check(&strings.Builder{}); err == nil {
		s.t.Error("lerd-verify takes another event")
	}
	record, err := audit.ParseEntry(r.Entry)
	s.must(err)
	if got := record.Facts[requests.FactResult]; got != sha256Hex(r.File) {
		s.t.Errorf("the event commits to %s", got)
	}
	if !json.Valid(r.File) {
		s.t.Error("the result is no JSON")
	}
}

func sha256Hex(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// TestNothingOfAKindReadsNotHeld releases a case in whose period there is a number
// and no address: its agency reads on the page and in the signed result what
// stands in the bundle, and no more.
func TestNothingOfAKindReadsNotHeld(t *testing.T) {
	s := newScenario(t)
	q := s.submitWith("IN/94/2026/955", func(in *requests.Submission) {
		from := storyNow.AddDate(0, -1, 0)
		in.Targets[0].From, in.Targets[0].To = from.Format("2006-01-02T15:04"), from.Add(time.Minute).Format("2006-01-02T15:04")
	})
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	before := s.load(q.ID)
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, before.Release.Digest))
	s.jobs()
	s.sequenceAll()
	if rows := s.column("SELECT DISTINCT category FROM release_record"); fmt.Sprint(rows) != "[phone_number]" {
		t.Fatalf("the release holds rows of %v, and the test needs numbers alone", rows)
	}
	c, err := s.cases.View(s.as("asha.rao"), q.ID)
	s.must(err)
	target := c.Request.Targets[0]
	for cat, want := range map[requests.Category]string{requests.PhoneNumber: "produce", requests.IPAddress: "not_held"} {
		if got := c.Outcome(target, cat); got != want {
			t.Errorf("its agency reads %s of %s, want %s", got, cat, want)
		}
	}
	r, err := s.cases.ResultFile(s.as("asha.rao"), q.ID)
	s.must(err)
	var file struct {
		Items []struct{ Category, Outcome string }
	}
	s.must(json.Unmarshal(r.File, &file))
	if got := fmt.Sprint(file.Items); got != "[{phone_number produce} {ip_address not_held}]" {
		t.Errorf("the signed result says %s", got)
	}
	for _, who := range []string{"rita.lind", "helen.park"} { // who may not read the rows does not learn whether there are any
		c, err := s.cases.View(s.as(who), q.ID)
		s.must(err)
		for _, i := range c.Release.Items {
			if i.Empty {
				t.Errorf("%s learns that there is nothing of %s", who, i.Category)
			}
		}
	}
	s.verifyLog()
}
