package export_test

import (
	"bytes"
	"context"
	"encoding/asn1"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
)

func verified(t *testing.T, d *exporttest.Desk, container string) verify.Report {
	t.Helper()
	r, err := verify.Verify(context.Background(), container, verify.Options{Roots: d.Roots(), LogKeys: []string{d.LogKey}, Now: d.Maker.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestABundleByOCSPAlone seals without a revocation list, and verifies when no
// responder is there any more: by lerd's verifier, and by openssl.
func TestABundleByOCSPAlone(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	_, container := d.Seal(3, 20)
	r.Server.Close()
	report := verified(t, d, container)
	if !report.OK || report.Level != "LT" {
		report.Print(os.Stderr)
		t.Fatalf("level %s, ok %v", report.Level, report.OK)
	}
	raw, err := os.ReadFile(container + ".p7s")
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Parse(raw)
	if err != nil || len(sd.OCSPs) != 3 || len(sd.CRLs) != 0 {
		t.Fatalf("enclosed: %d answers, %d lists, %v", len(sd.OCSPs), len(sd.CRLs), err)
	}
	opensslAccepts(t, d, container)
	for _, o := range sd.OCSPs {
		at := bytes.Index(raw, o.Raw)
		for i := 0; i < len(o.Raw); i += 5 {
			changed := bytes.Clone(raw)
			changed[at+i] ^= 0x20
			if err := os.WriteFile(container+".p7s", changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if verified(t, d, container).OK {
				t.Fatalf("octet %d of an enclosed answer was changed, and the bundle holds", i)
			}
		}
	}
}

func opensslAccepts(t *testing.T, d *exporttest.Desk, container string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Log("NOT RUN: openssl is not installed")
		return
	}
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, demopki.CertsPEM(d.PKI.Root.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", container+".p7s", "-content", container,
		"-CAfile", root, "-out", os.DevNull).CombinedOutput()
	if err != nil {
		t.Errorf("openssl refuses a seal with OCSP answers: %v\n%s", err, out)
	}
}

// TestNothingIsSealedByOCSPThatDoesNotHold gives the maker answers that do not
// cover what they must.
func TestNothingIsSealedByOCSPThatDoesNotHold(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	p, err := d.Maker.Prepare(t.Context(), d.Content(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	good := d.SealRequest(p)
	r.Change = func(a *xocsp.Response) { a.NextUpdate = a.ThisUpdate.Add(time.Second) }
	short := d.SealRequest(p) // ends before the seal is made, below
	r.Change = nil
	for name, c := range map[string]struct {
		answers [][]byte
		later   time.Duration
	}{
		"none of the seal":      {answers: good.OCSPs[1:]},
		"none of the authority": {answers: [][]byte{good.OCSPs[0], good.OCSPs[2]}},
		"none of the stamps":    {answers: good.OCSPs[:2]},
		"stale":                 {answers: short.OCSPs, later: 2 * time.Second},
		"no answer":             {answers: append([][]byte{asn1.NullBytes}, good.OCSPs...)},
		"one that refuses":      {answers: append([][]byte{xocsp.TryLaterErrorResponse}, good.OCSPs...)},
	} {
		now := d.Maker.Now
		d.Maker.Now = func() time.Time { return now().Add(c.later) }
		request := good
		request.OCSPs = c.answers
		_, err := d.Maker.Seal(t.Context(), request)
		if fault.KindOf(err) != fault.Gate {
			t.Errorf("%s: %v", name, err)
		}
		d.Maker.Now = now
		if left, _ := filepath.Glob(filepath.Join(d.Maker.Dir, "*")); len(left) != 1 || !strings.HasSuffix(left[0], "staging") {
			t.Errorf("%s: something is left: %v", name, left)
		}
	}
	if _, err := d.Maker.Seal(t.Context(), good); err != nil {
		t.Errorf("with good answers: %v", err)
	}
}
