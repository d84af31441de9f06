package export

import (
	"os"
	"path/filepath"
	"testing"

	"lerd/internal/export/asic"
)

// TestWeakDigests lets openssl sign the manifest with SHA-1, which it still does.
func TestWeakDigests(t *testing.T) {
	needs(t, "openssl")
	d := newDesk(t)
	s := d.seal(1, 3)
	dir := t.TempDir()
	d.must(d.pki.Save(dir))
	fs := files(t, d.clear(s))
	d.must(os.WriteFile(filepath.Join(dir, "manifest"), at(fs, asic.ManifestName).b, 0o600))
	if out, err := run(t, dir, "openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha1", "-in", "manifest", "-signer", "seal.pem",
		"-inkey", "seal.key", "-certfile", "issuing.pem", "-outform", "DER", "-out", "weak"); err != nil {
		t.Skipf("NOT RUN: openssl does not sign with SHA-1: %s", out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "weak"))
	d.must(err)
	at(fs, asic.SignatureName).b = b
	changed := filepath.Join(dir, s.Container)
	d.must(os.WriteFile(changed, pack(t, fs), 0o600))
	d.expect(t, changed, "seal")
}
