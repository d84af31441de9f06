package dss

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export"
	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
)

// TestBouncyCastleAgrees lets BouncyCastle check the signature beside the
// container and its time stamp, and open what was encrypted.
func TestBouncyCastleAgrees(t *testing.T) {
	for name, rsa := range map[string]bool{"EC": false, "RSA": true} {
		t.Run(name, func(t *testing.T) {
			d := exporttest.New(t, demopki.Options{RSASeal: rsa})
			s, container := d.Seal(2, 30)
			out := java(t, "lerd.Bouncy", "verify", container+".p7s", container)
			if out != "signature true\nstamp true\n" {
				t.Errorf("BouncyCastle says:\n%s", out)
			}
			agency, err := d.PKI.Recipient(demopki.Options{Organisation: "Agency", Now: d.Maker.Now()}, rsa)
			if err != nil {
				t.Fatal(err)
			}
			_, file := d.Encrypt(export.EncryptRequest{Sealed: s, Recipients: []*x509.Certificate{agency.Cert}})
			opened(t, name, agency, file, "authenticated")
		})
	}
}

// opened decrypts with BouncyCastle and looks for a zip.
func opened(t *testing.T, algorithm string, to demopki.Entity, file, how string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(to.Key)
	if err != nil {
		t.Fatal(err)
	}
	key, plain := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "plain.zip")
	if err := os.WriteFile(key, der, 0o600); err != nil {
		t.Fatal(err)
	}
	out := java(t, "lerd.Bouncy", "decrypt", algorithm, key, file, plain)
	if !strings.HasSuffix(out, "opened "+how+"\n") {
		t.Fatalf("BouncyCastle says:\n%s", out)
	}
	b, err := os.ReadFile(plain)
	if err != nil || !strings.HasPrefix(string(b), "PK\x03\x04") {
		t.Errorf("BouncyCastle gives no zip (%v)", err)
	}
}
