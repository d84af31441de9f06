package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/verifycli"
)

// TestAReceiptIsVerifiedOffline takes the file from the page, unpacks it, and
// hands it to the verifier that knows neither database nor portal.
func TestAReceiptIsVerifiedOffline(t *testing.T) {
	d := newDesk(t)
	id := d.submitted(d.withOrder())
	at := "/requests/" + id + "/receipt"
	d.await(func() string {
		page, err := d.officer.get(d.ctx, at)
		d.must(err)
		if strings.Contains(textOf(page.root), "Download the signed receipt") {
			return "sealed"
		}
		return ""
	})
	got := d.ask(d.officer, "GET", at+".zip", nil, "")
	if got.status != http.StatusOK {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	dir, ref := unpackTo(t, []byte(got.body)), d.load(requests.ID(id)).Request.Ref
	c := d.load(requests.ID(id))
	g, _ := c.Signature(requests.SignedToCosign)
	text := readAs(t, filepath.Join(dir, ref+".txt"))
	for _, want := range []string{ref, c.Document.SHA256, g.Digest, "lerd-verify proof " + ref + ".tlog-proof", "We answer by"} {
		if !strings.Contains(text, want) {
			t.Errorf("the receipt does not say %q:\n%s", want, text)
		}
	}
	entry := readAs(t, filepath.Join(dir, ref+".entry.json"))
	for _, want := range []string{c.Document.SHA256, g.Digest, `"kind":"request.cosign"`, `"received_at":"` + stampOf(c.Request.ReceivedAt) + `"`} {
		if !strings.Contains(entry, want) {
			t.Errorf("the entry does not say %s:\n%s", want, entry)
		}
	}
	opening := filepath.Join(dir, ref+".opening")
	check := func(entryFile, opening string) (string, error) {
		var out bytes.Buffer
		err := (&verifycli.Proof{File: filepath.Join(dir, ref+".tlog-proof"), Entry: entryFile, VKey: filepath.Join(dir, "log.vkey"), Opening: opening}).Check(&out)
		return out.String(), err
	}
	said, err := check(filepath.Join(dir, ref+".entry.json"), opening)
	for _, want := range []string{"VERIFIED", "request.cosign", "effect_by = " + stampOf(c.Request.EffectBy) + "\n", "attestation_sha256 = " + g.AttestationSHA256 + "\n"} {
		if err != nil || !strings.Contains(said, want) {
			t.Errorf("%v: it does not say %q: %s", err, want, said)
		}
	}
	if strings.Contains(entry, stampOf(c.Request.EffectBy)) {
		t.Errorf("the public entry tells how long the law gives:\n%s", entry)
	}
	for name, alter := range map[string]func(string) string{
		"another deadline":       func(s string) string { return strings.Replace(s, "effect_by\":\"2", "effect_by\":\"3", 1) },
		"another entry":          func(s string) string { return "9" + s },
		"another salt":           func(s string) string { i := strings.Index(s, "\t"); return s[:i+1] + string(s[i+1]^1) + s[i+2:] },
		"nothing":                func(string) string { return "" },
		"the same opening twice": func(s string) string { return s + s },
	} {
		was := readAs(t, opening)
		forged := filepath.Join(dir, "forged.opening")
		d.must(os.WriteFile(forged, []byte(alter(was)), 0o600))
		if said, err := check(filepath.Join(dir, ref+".entry.json"), forged); err == nil {
			t.Errorf("an opening with %s verifies: %s", name, said)
		}
	}
	forged := filepath.Join(dir, "forged.json")
	d.must(os.WriteFile(forged, []byte(strings.Replace(entry, c.Document.SHA256, strings.Repeat("0", 64), 1)), 0o600))
	if said, err := check(forged, ""); err == nil {
		t.Errorf("a receipt over another order verifies: %s", said)
	}
}

// TestNoReceiptBeforeTheSubmission: nothing is receipted that does not count yet.
func TestNoReceiptBeforeTheSubmission(t *testing.T) {
	s := newScenario(t)
	q := s.proposed("IN/94/2026/601")
	if _, err := s.cases.Receipt(s.as("asha.rao"), q.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a receipt before the second signature: %v", err)
	}
	s.cosigned(q.ID)
	r, err := s.cases.Receipt(s.as("asha.rao"), q.ID)
	s.must(err)
	if r.Proof != nil || r.Event.Kind != "request.cosign" {
		t.Errorf("before the log has signed: %d octets of proof of %s", len(r.Proof), r.Event.Kind)
	}
	s.sequenceAll()
	if r, err = s.cases.Receipt(s.as("vikram.nair"), q.ID); err != nil || r.Proof == nil {
		t.Errorf("after the log has signed: %v", err)
	}
	for _, who := range []string{"jana.weber", "carl.ito"} {
		if _, err := s.cases.Receipt(s.as(who), q.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s gets it: %v", who, err)
		}
	}
}

func stampOf(at interface{ Format(string) string }) string {
	return at.Format("2006-01-02T15:04:05.000000Z")
}

func readAs(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// unpackTo writes the files of an archive into a folder of their own.
func unpackTo(t *testing.T, archive []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), b, 0o600) != nil {
			t.Fatal(fmt.Errorf("%s: %w", f.Name, err))
		}
	}
	return dir
}
