package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/requests/malware"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
	"lerd/internal/testkit/pdfs"
)

// deskScanner stands in for a malware scanner: it knows the test file and a
// mark, and can be out of reach or blind.
type deskScanner struct{ down, blind bool }

const harmful = "a mark that the scanner takes for harmful"

func (d *deskScanner) Scan(_ context.Context, data []byte) (malware.Verdict, error) {
	if d.down {
		return malware.Verdict{}, fault.New(fault.Unavailable, "The malware scanner does not answer.")
	}
	v := malware.Verdict{Engine: "clamd"}
	if !d.blind && (bytes.Contains(data, []byte(harmful)) || bytes.Contains(data, []byte("EICAR-STANDARD-ANTIVIRUS"))) {
		v.Found, v.Name = true, "Test.Marked"
	}
	return v, nil
}

func (d *deskScanner) Ping(context.Context) error { return nil }

// withScanner gives a scenario whose documents are scanned.
func withScanner(t testing.TB) (*scenario, *deskScanner) {
	s, d := newScenario(t), &deskScanner{}
	s.papers.Scanner = d
	return s, d
}

// marked is an order in which the scanner finds something.
func markedOrder() []byte { return pdfs.NewWith("BT /F1 12 Tf (" + harmful + ") Tj ET").Bytes() }

func (s *scenario) sends(pdf []byte) (requests.Document, error) {
	return s.cases.Upload(s.as("asha.rao"), "order.pdf", "application/pdf", bytes.NewReader(pdf))
}

func (s *scenario) looksInto(id requests.ID) error {
	_, body, err := s.cases.OpenDocument(s.as("rita.lind"), id)
	if err == nil {
		io.Copy(io.Discard, body)
		body.Close()
	}
	return err
}

func TestAHarmfulFileIsRefusedAtTheDoor(t *testing.T) {
	s, _ := withScanner(t)
	_, err := s.sends(markedOrder())
	if orderdoc.CodeOf(err) != "malware" || fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), "print the order to PDF anew") {
		t.Errorf("%v", err)
	}
	if got := s.column("SELECT count(*)::text FROM document"); got[0] != "0" {
		t.Errorf("%v documents were kept", got)
	}
	s.inRegister("FR-30")
	if _, err := s.sends(s.order("X/1")); err != nil {
		t.Errorf("a plain order: %v", err)
	}
	s.verifyLog()
}

// TestADocumentWaitsForTheScanner: nobody sees it, nothing is decided on it, and
// nothing is lost.
func TestADocumentWaitsForTheScanner(t *testing.T) {
	s, scanner := withScanner(t)
	for name, trouble := range map[string]func(bool){"out of reach": func(b bool) { scanner.down = b }, "blind": func(b bool) { scanner.blind = b }} {
		s.clock.Advance(time.Hour) // since it was proven
		trouble(true)
		q := s.submit("IN/94/2026/" + name[:3])
		s.answeredAll(q.ID)
		if err := s.looksInto(q.ID); fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.Message(err), "waits for the malware scanner") {
			t.Errorf("%s: opened: %v", name, err)
		}
		if err := s.qualify(q.ID); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: qualified unseen: %v", name, err)
		}
		if n, err := s.sweepPapers(s.ctx); n != 0 || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: swept %d, %v", name, n, err)
		}
		doc := s.load(q.ID).Document.ID
		if got := s.column("SELECT (SELECT count(*) FROM document_print WHERE id = '" + string(doc) + "') + (SELECT count(*) FROM document_examination WHERE id = '" + string(doc) + "')"); got[0] != "0" {
			t.Errorf("%s: it was looked into", name)
		}
		trouble(false)
		if n, err := s.sweepPapers(s.ctx); n != 1 || err != nil {
			t.Errorf("%s: swept %d, %v", name, n, err)
		}
		if err := s.looksInto(q.ID); err != nil {
			t.Errorf("%s: then: %v", name, err)
		}
		if err := s.qualify(q.ID); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "not yet compared") {
			t.Errorf("%s: qualified before its text was compared: %v", name, err)
		}
		s.must(s.cases.Unclaim(s.as("rita.lind"), q.ID, "To have it compared."))
		s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
		s.must(s.qualify(q.ID))
	}
	if n, err := s.sweepPapers(s.ctx); n != 0 || err != nil {
		t.Errorf("examined again: %d, %v", n, err)
	}
	s.verifyLog()
}

// TestHarmfulWhenTheScannerIsBack holds the case, and keeps everybody out.
func TestHarmfulWhenTheScannerIsBack(t *testing.T) {
	s, scanner := withScanner(t)
	scanner.down = true
	doc, err := s.sends(markedOrder())
	s.must(err)
	q, err := s.send(s.as("asha.rao"), s.submission(doc.ID, "IN/94/2026/9"))
	s.must(err)
	other := s.submit("IN/94/2026/10")
	attached, err := s.sends(append(bytes.Clone(s.order("X")), "\n"...))
	s.must(err)
	s.must(s.cases.Write(s.as("asha.rao"), other.ID, "One more page.", []requests.DocumentID{attached.ID}))
	if _, _, err := s.cases.OpenAttachment(s.as("rita.lind"), other.ID, attached.ID); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an attachment that waits: %v", err)
	}
	scanner.down = false
	if n, err := s.sweepPapers(s.ctx); n != 3 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	s.inRegister("FR-30")
	if err := s.looksInto(q.ID); fault.KindOf(err) != fault.Gate {
		t.Errorf("opened: %v", err)
	}
	if _, _, err := s.cases.OpenDocument(s.as("asha.rao"), q.ID); fault.KindOf(err) != fault.Gate || strings.Contains(fault.Message(err), "fraud") {
		t.Errorf("its officer: %v", err)
	}
	s.answeredAll(q.ID)
	if err := s.qualify(q.ID); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "harmful") {
		t.Errorf("qualified: %v", err)
	}
	if _, body, err := s.cases.OpenAttachment(s.as("rita.lind"), other.ID, attached.ID); err != nil {
		t.Errorf("a clean attachment: %v", err)
	} else {
		body.Close()
	}
	s.verifyLog()
}

// TestExaminationsHoldInTheDatabase attacks them with SQL.
func TestExaminationsHoldInTheDatabase(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/11")
	c := s.load(q.ID)
	insert := func(scan, malware, signing string, anchors int) string {
		engine := map[bool]string{true: "", false: "clamd"}[scan == "none"]
		return fmt.Sprintf(`INSERT INTO document_examination (id, agency_id, scan, engine, malware, signing, signatures, anchors, revisions, pictures, at, event_id)
			VALUES ('%s', '%s', '%s', '%s', '%s', '%s', '[]', %d, 1, '', now(), $EVENT)`, c.Document.ID, q.Agency, scan, engine, malware, signing, anchors)
	}
	for _, a := range s.attackers(t) {
		a.refused("harmful and not held", a.try("document:"+string(c.Document.ID), insert("found", "x", "", 0)), "its case is not held")
		a.refused("verified under no anchor", a.try("document:"+string(c.Document.ID), insert("clean", "", "verified", 0)), "check constraint")
		a.refused("clean with a name", a.try("document:"+string(c.Document.ID), insert("clean", "x", "", 0)), "check constraint")
	}
	if n, err := s.sweepPapers(s.ctx); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for _, a := range s.attackers(t) {
		if err := a.try("document:"+string(c.Document.ID), fmt.Sprintf(`UPDATE document_examination SET signing = 'verified', anchors = 1, event_id = $EVENT WHERE id = '%s'`, c.Document.ID)); err == nil {
			t.Error("an examination was changed")
		}
		if err := a.try("document:"+string(c.Document.ID), fmt.Sprintf(`DELETE FROM document_examination WHERE id = '%s'`, c.Document.ID)); err == nil {
			t.Error("an examination was taken away")
		}
	}
}

// courtOf makes anchors in a data folder and gives what signs below them.
func courtOf(t *testing.T, dir, country string) func([]byte) []byte {
	t.Helper()
	p, err := demopki.New(demopki.Options{Organisation: "Court", URL: "http://court.example", Now: storyNow.AddDate(0, 0, -1)})
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, country), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, country, "court.pem"), demopki.CertsPEM(p.Root.Cert), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	lists, err := p.CRLs(storyNow)
	if err != nil {
		t.Fatal(err)
	}
	return func(covered []byte) []byte {
		signer, err := p.Signer()
		if err != nil {
			t.Fatal(err)
		}
		der, err := cms.Sign(t.Context(), cms.SignRequest{Digest: sha256.Sum256(covered), Signer: signer, SigningTime: storyNow, Rand: rand.Reader, CRLs: lists})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
}

// TestSignaturesReachTheChecklist: a failed one fails the check, a verified one
// answers nothing in the reviewer's place.
func TestSignaturesReachTheChecklist(t *testing.T) {
	s := newScenario(t)
	dir := t.TempDir()
	sign := courtOf(t, dir, "IN")
	var err error
	s.papers.Trust, err = pades.Load(os.DirFS(dir))
	s.must(err)
	good := pdfs.New().Sign(pdfs.Signing{Sign: sign}).Bytes()
	for _, x := range []struct {
		name    string
		pdf     []byte
		want    pades.Result
		refuses bool
	}{
		{"none", pdfs.New().Bytes(), pades.None, false},
		{"verified", good, pades.Verified, false},
		{"unverifiable", pdfs.New().Sign(pdfs.Signing{Sign: courtOf(t, t.TempDir(), "IN")}).Bytes(), pades.Unverifiable, false},
		{"failed", bytes.Replace(good, []byte("7 Gs 123/26"), []byte("7 Gs 124/26"), 1), pades.Failed, true},
	} {
		doc, err := s.sends(x.pdf)
		s.must(err)
		q, err := s.send(s.as("asha.rao"), s.submission(doc.ID, "IN/94/2026/"+x.name))
		s.must(err)
		s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
		if _, err := s.sweepPapers(s.ctx); err != nil {
			t.Fatal(err)
		}
		e, ok, err := s.papers.Found(s.ctx, doc)
		if err != nil || !ok || e.Signing != x.want || x.want == pades.Failed && e.Signatures[0].Reasons[0] != pades.Digest || x.want == pades.Verified && e.Signatures[0].Signer == "" {
			t.Errorf("%s: %+v %v", x.name, e, err)
		}
		v, err := s.cases.Verdict(s.as("rita.lind"), s.load(q.ID))
		s.must(err)
		failed, open := slices.Contains(v.Failing, "VC-02"), slices.Contains(v.Open, "VC-02")
		if failed != x.refuses || open == x.refuses {
			t.Errorf("%s: VC-02 failed %v, open %v", x.name, failed, open)
		}
	}
	s.verifyLog()
}
