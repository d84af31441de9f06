// Package pyhanko_test lets pyHanko, a PAdES signer that lerd's authors did not
// write, sign orders, and has lerd judge them.
//
// Invariant: pyHanko comes from PyPI at one version, in an environment of its own.
package pyhanko_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lerd/internal/export/demopki"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
	"lerd/internal/testkit/pdfs"
)

const program = `
import sys
from pyhanko.sign import signers, fields
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
d = sys.argv[1]
signer = signers.SimpleSigner.load(d + '/key.pem', d + '/cert.pem', ca_chain_files=(d + '/chain.pem',))
def sign(src, dst, name, form, box=None):
    with open(d + '/' + src, 'rb') as f:
        w = IncrementalPdfFileWriter(f)
        if box:
            fields.append_signature_field(w, fields.SigFieldSpec(name, box=box))
        with open(d + '/' + dst, 'wb') as out:
            signers.sign_pdf(w, signers.PdfSignatureMetadata(field_name=name, subfilter=form, md_algorithm='sha256'), signer=signer, output=out)
P, A = fields.SigSeedSubFilter.PADES, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED
sign('in.pdf', 'pades.pdf', 'One', P)
sign('in.pdf', 'seen.pdf', 'One', P, (60, 60, 200, 120))
sign('in.pdf', 'elder.pdf', 'One', A)
sign('pades.pdf', 'twice.pdf', 'Two', P)
`

// python gives an interpreter that has pyHanko.
func python(t *testing.T) string {
	t.Helper()
	if p := os.Getenv("LERD_PYHANKO_PYTHON"); p != "" {
		return p
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT RUN: pyHanko needs python3")
	}
	dir := t.TempDir()
	if out, err := exec.Command("python3", "-m", "venv", dir).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: pyHanko needs python3-venv: %s", out)
	}
	if out, err := exec.Command(dir+"/bin/pip", "install", "-q", "pyhanko==0.31.0").CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: pyHanko cannot be fetched: %s", bytes.TrimSpace(out))
	}
	return dir + "/bin/python"
}

func TestWhatPyHankoSigns(t *testing.T) {
	python := python(t)
	dir, now := t.TempDir(), time.Now().UTC().Truncate(time.Second)
	p, err := demopki.New(demopki.Options{Organisation: "Court", URL: "http://court.example", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(p.Seal.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"in.pdf": pdfs.New().Bytes(), "cert.pem": demopki.CertsPEM(p.Seal.Cert), "chain.pem": demopki.CertsPEM(p.Issuing.Cert),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), "sign.py": []byte(program)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(python, filepath.Join(dir, "sign.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("pyHanko: %v\n%s", err, out)
	}
	trust := pades.Trust{Roots: []*x509.Certificate{p.Root.Cert}}
	lists, err := p.CRLs(now)
	if err != nil {
		t.Fatal(err)
	}
	for _, der := range lists {
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		trust.CRLs = append(trust.CRLs, l)
	}
	for name, signatures := range map[string]int{"pades.pdf": 1, "seen.pdf": 1, "elder.pdf": 1, "twice.pdf": 2} {
		pdf, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := orderdoc.CheckBytes(t.Context(), pdf, orderdoc.Upload{}, orderdoc.DefaultLimits()); err != nil {
			t.Errorf("%s: refused: %v", name, err)
			continue
		}
		r, err := pades.Validate(t.Context(), pdf, trust, now.Add(time.Minute))
		if err != nil || r.Result != pades.Verified || len(r.Signatures) != signatures {
			t.Errorf("%s: %+v %v", name, r, err)
		}
		bent := bytes.Replace(pdf, []byte("7 Gs 123/26"), []byte("7 Gs 124/26"), 1)
		if r, err := pades.Validate(t.Context(), bent, trust, now); err != nil || r.Result != pades.Failed {
			t.Errorf("%s, changed: %+v %v", name, r, err)
		}
	}
}
