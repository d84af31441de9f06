package pades_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lerd/internal/export/demopki"
	"lerd/internal/testkit/pdfs"
)

// openssl signs as `openssl cms` does, with further arguments.
func (c court) openssl(args ...string) func([]byte) []byte {
	return func(covered []byte) []byte {
		c.t.Helper()
		dir := c.t.TempDir()
		file := func(name string, b []byte) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				c.t.Fatal(err)
			}
			return path
		}
		key, err := x509.MarshalPKCS8PrivateKey(c.pki.Seal.Key)
		if err != nil {
			c.t.Fatal(err)
		}
		cmd := append([]string{"cms", "-sign", "-binary", "-outform", "DER", "-in", file("in", covered), "-out", filepath.Join(dir, "out"),
			"-signer", file("cert.pem", demopki.CertsPEM(c.pki.Seal.Cert)), "-certfile", file("chain.pem", demopki.CertsPEM(c.pki.Issuing.Cert)),
			"-inkey", file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))}, args...)
		if out, err := exec.Command("openssl", cmd...).CombinedOutput(); err != nil {
			c.t.Fatalf("openssl %v: %v\n%s", cmd, err, out)
		}
		der, err := os.ReadFile(filepath.Join(dir, "out"))
		if err != nil {
			c.t.Fatal(err)
		}
		return der
	}
}

// What another maker signs is read the same. OpenSSL claims its own clock, which
// lies outside the certificates of these tests where they are of the past.
func TestOpensslSignaturesAreJudged(t *testing.T) {
	c := newCourtAt(t, realNow())
	for _, x := range []struct {
		name string
		args []string
		want string
	}{
		{"CAdES", []string{"-cades", "-md", "sha256"}, "verified []"},
		{"CAdES over SHA-512", []string{"-cades", "-md", "sha512"}, "verified []"},
		{"without the name of its certificate", []string{"-md", "sha256"}, "unverifiable [unbound]"},
		{"SHA-1", []string{"-cades", "-md", "sha1"}, "unverifiable [weak]"},
		{"its content enclosed", []string{"-cades", "-md", "sha256", "-nodetach"}, "failed [malformed]"},
		{"no signed attributes", []string{"-noattr", "-md", "sha256"}, "unverifiable [unreadable]"},
		{"its certificate left out", []string{"-cades", "-md", "sha256", "-nocerts"}, "unverifiable [unreadable]"},
	} {
		doc := pdfs.New().Sign(pdfs.Signing{Sign: c.openssl(x.args...)})
		if got := verdict(t, doc.Bytes(), withLists(t, c), realNow()); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}
