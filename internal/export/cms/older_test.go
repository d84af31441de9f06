package cms_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export/cms"
)

// TestOlderToolsOpenTheirProfile lets gpgsm, which reads neither GCM nor OAEP
// in the version of Debian 12, open what is made for it.
func TestOlderToolsOpenTheirProfile(t *testing.T) {
	if _, err := exec.LookPath("gpgsm"); err != nil {
		t.Skip("NOT RUN: gpgsm is not installed")
	}
	dir, home := t.TempDir(), t.TempDir()
	e := recipients(t, pki(t, false))["rsa"]
	if err := e.Save(filepath.Join(dir, "me")); err != nil {
		t.Fatal(err)
	}
	write(t, home, "gpg-agent.conf", []byte("allow-loopback-pinentry\n"))
	p12 := filepath.Join(dir, "me.p12")
	mustOpenssl(t, "pkcs12", "-export", "-in", filepath.Join(dir, "me.pem"), "-inkey", filepath.Join(dir, "me.key"), "-out", p12,
		"-passout", "pass:x", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")
	gpgsm := func(args ...string) ([]byte, error) {
		cmd := exec.Command("gpgsm", append([]string{"--homedir", home, "--batch", "--disable-crl-checks", "--pinentry-mode", "loopback", "--passphrase-fd", "0"}, args...)...)
		cmd.Stdin = strings.NewReader("x")
		return cmd.Output()
	}
	if out, err := gpgsm("--import", p12); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("gpgconf", "--homedir", home, "--kill", "gpg-agent").Run() }) //nolint:errcheck // best effort
	plain := []byte("the contents of a bundle")
	if got, err := gpgsm("--decrypt", encrypt(t, dir, cms.CBC, plain, e.Cert)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("gpgsm gives %q, %v", got, err)
	}
}

// TestAChangedCBCMessageGivesNoError is why the seal inside has to be checked:
// the form itself does not notice.
func TestAChangedCBCMessageGivesNoError(t *testing.T) {
	e := recipients(t, pki(t, false))["p256"]
	file := encrypt(t, t.TempDir(), cms.CBC, bytes.Repeat([]byte("x"), 1000), e.Cert)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-500] ^= 1
	got, err := decrypt(t, write(t, t.TempDir(), "bad", b), e)
	if err != nil || bytes.Equal(got, bytes.Repeat([]byte("x"), 1000)) {
		t.Errorf("%v: say in VERIFY.txt that changes are noticed", err)
	}
}
