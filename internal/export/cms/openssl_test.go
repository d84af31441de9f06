package cms_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/tsp"
)

var now = time.Now().UTC().Truncate(time.Second)

func pki(t testing.TB, useRSA bool) *demopki.PKI {
	t.Helper()
	p, err := demopki.New(demopki.Options{Organisation: "Example", URL: "http://127.0.0.1/x", Now: now, RSASeal: useRSA})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openssl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("skipped: openssl is not installed")
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

func mustOpenssl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := openssl(t, args...); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// level makes a signature over content and gives what Verify needs.
func signed(t testing.TB, p *demopki.PKI, content []byte, pss bool, level string) []byte {
	t.Helper()
	signer, err := p.Signer()
	if err != nil {
		t.Fatal(err)
	}
	r := cms.SignRequest{Digest: sha256.Sum256(content), Signer: signer, SigningTime: now, PSS: pss, Rand: rand.Reader}
	if level != "B" {
		tsaSigner, err := p.TSASigner()
		if err != nil {
			t.Fatal(err)
		}
		tsa := &tsp.Authority{Signer: tsaSigner, Now: func() time.Time { return now }, Rand: rand.Reader}
		r.Stamp = func(ctx context.Context, d [32]byte) ([]byte, error) {
			s, err := tsa.Stamp(ctx, d)
			if err != nil {
				return nil, err
			}
			return s.Token, nil
		}
	}
	if level == "LT" {
		if r.CRLs, err = p.CRLs(now); err != nil {
			t.Fatal(err)
		}
		r.Certs = []*x509.Certificate{p.TSA.Cert, p.TSARoot.Cert}
	}
	der, err := cms.Sign(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestOpensslAcceptsEveryLevelAndKey is the officer's own command.
func TestOpensslAcceptsEveryLevelAndKey(t *testing.T) {
	ec, rs := pki(t, false), pki(t, true)
	for _, c := range []struct {
		name  string
		pki   *demopki.PKI
		pss   bool
		level string
	}{{"ECDSA B", ec, false, "B"}, {"ECDSA T", ec, false, "T"}, {"ECDSA LT", ec, false, "LT"},
		{"RSA PKCS1 LT", rs, false, "LT"}, {"RSA PSS LT", rs, true, "LT"}} {
		t.Run(c.name, func(t *testing.T) {
			dir, content := t.TempDir(), []byte("line\r\nline\n\x00binary")
			der := signed(t, c.pki, content, c.pss, c.level)
			write(t, dir, "sig", der)
			write(t, dir, "content", content)
			write(t, dir, "root.pem", demopki.CertsPEM(c.pki.Root.Cert))
			args := []string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", filepath.Join(dir, "sig"),
				"-content", filepath.Join(dir, "content"), "-CAfile", filepath.Join(dir, "root.pem"), "-out", os.DevNull}
			mustOpenssl(t, args...)
			write(t, dir, "content", append(content, 'x'))
			if out, err := openssl(t, args...); err == nil {
				t.Errorf("openssl accepted changed content: %s", out)
			}
			verifyOwn(t, c.pki, der, content, c.level == "LT")
		})
	}
}

func verifyOwn(t *testing.T, p *demopki.PKI, der, content []byte, lt bool) {
	t.Helper()
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	cert, err := sd.Check(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.CheckBaseline(); err != nil {
		t.Error(err)
	}
	if !sd.SigningTime.Equal(now) {
		t.Errorf("signing time = %s, want %s", sd.SigningTime, now)
	}
	path := cms.Path{Leaf: cert, Pool: sd.Certificates, Roots: []*x509.Certificate{p.Root.Cert}, CRLs: sd.CRLs, At: now, NeedStatus: lt}
	if _, err := path.Verify(); err != nil {
		t.Error(err)
	}
	path.Roots = []*x509.Certificate{p.TSARoot.Cert}
	if _, err := path.Verify(); err == nil {
		t.Error("a chain to another root must not be trusted")
	}
	sum[0] ^= 1
	if _, err := sd.Check(sum[:]); err == nil {
		t.Error("another digest must not verify")
	}
}

func write(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestOpensslSignaturesAreRead reads what another writer wrote.
func TestOpensslSignaturesAreRead(t *testing.T) {
	for _, useRSA := range []bool{false, true} {
		p, dir, content := pki(t, useRSA), t.TempDir(), []byte("content\n")
		if err := p.Save(dir); err != nil {
			t.Fatal(err)
		}
		base := []string{"cms", "-sign", "-cades", "-binary", "-md", "sha256", "-in", write(t, dir, "content", content),
			"-signer", filepath.Join(dir, "seal.pem"), "-inkey", filepath.Join(dir, "seal.key"),
			"-certfile", filepath.Join(dir, "issuing.pem"), "-outform", "DER", "-out", filepath.Join(dir, "sig")}
		variants := [][]string{base}
		if useRSA {
			variants = append(variants, append(base[:len(base):len(base)], "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"))
		}
		for _, args := range variants {
			mustOpenssl(t, args...)
			der, err := os.ReadFile(filepath.Join(dir, "sig"))
			if err != nil {
				t.Fatal(err)
			}
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatalf("%v: %v", args, err)
			}
			sum := sha256.Sum256(content)
			if _, err := sd.Check(sum[:]); err != nil {
				t.Errorf("%v: %v", args, err)
			}
		}
	}
}

// TestEveryFlippedOctetIsNoticed changes each octet of a signature in turn.
// Octets of enclosed certificates and lists that the signature does not need
// may change; the content must then still be the one that was signed.
func TestEveryFlippedOctetIsNoticed(t *testing.T) {
	p := pki(t, false)
	content := []byte("content")
	der := signed(t, p, content, false, "B")
	sum := sha256.Sum256(content)
	cert := p.Seal.Cert.Raw
	from := bytes.Index(der, cert)
	undetected := 0
	for i := range der {
		bad := bytes.Clone(der)
		bad[i] ^= 0x01
		sd, err := cms.Parse(bad)
		if err != nil {
			continue
		}
		got, err := sd.Check(sum[:])
		if err == nil && (i >= from && i < from+len(cert) || !got.Equal(p.Seal.Cert)) {
			t.Errorf("octet %d of the seal certificate changed unnoticed", i)
		}
		if err == nil {
			undetected++
			inPool := bytes.Equal(bad[from:from+len(cert)], cert)
			if !inPool {
				t.Errorf("octet %d changed unnoticed", i)
			}
		}
	}
	others := len(p.Issuing.Cert.Raw) + len(p.Root.Cert.Raw)
	if undetected > others+4 {
		t.Errorf("%d changed octets went unnoticed; only the %d of the other certificates may", undetected, others)
	}
}

// recipients are the kinds of keys that an agency may have.
func recipients(t *testing.T, p *demopki.PKI) map[string]demopki.Entity {
	t.Helper()
	out := map[string]demopki.Entity{}
	for name, curve := range map[string]elliptic.Curve{"rsa": nil, "p256": elliptic.P256(), "p384": elliptic.P384()} {
		e, err := p.RecipientOn(demopki.Options{Organisation: "Agency", Now: now}, curve)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = e
	}
	return out
}

// TestEncryptionOpensWithOpensslAndHere encrypts to three keys at once, which
// each open it.
func TestEncryptionOpensWithOpensslAndHere(t *testing.T) {
	dir := t.TempDir()
	agency := recipients(t, pki(t, false))
	for _, profile := range []cms.Profile{cms.GCM, cms.CBC} {
		for _, size := range []int{1, 15, 16, 127, 128, 255, 256, 65536, 256<<10 - 1, 256 << 10, 3<<20 + 7} {
			plain := make([]byte, size)
			rand.Read(plain)
			file := encrypt(t, dir, profile, plain, agency["rsa"].Cert, agency["p256"].Cert, agency["p384"].Cert)
			for name, e := range agency {
				if err := e.Save(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				out := filepath.Join(dir, "out")
				mustOpenssl(t, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", file,
					"-recip", filepath.Join(dir, name+".pem"), "-inkey", filepath.Join(dir, name+".key"), "-out", out)
				if got, _ := os.ReadFile(out); !bytes.Equal(got, plain) {
					t.Fatalf("%s, %s, %d octets: openssl gives other contents", profile, name, size)
				}
				if got, err := decrypt(t, file, e); err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("%s, %s, %d octets: %v", profile, name, size, err)
				}
			}
		}
	}
}

func encrypt(t testing.TB, dir string, p cms.Profile, plain []byte, to ...*x509.Certificate) string {
	t.Helper()
	dst, err := os.Create(filepath.Join(dir, "p7m"))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	w, err := cms.NewWriter(p, dst, int64(len(plain)), to, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for rest := plain; len(rest) > 0; { // in pieces of odd sizes
		n := min(len(rest), 1+len(rest)*2/3)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dst.Name()
}

func decrypt(t testing.TB, file string, e demopki.Entity) ([]byte, error) {
	t.Helper()
	src, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var out bytes.Buffer
	_, err = cms.DecryptFile(&out, src, e.Cert, e.Key)
	return out.Bytes(), err
}

// TestNoPlaintextOfAChangedMessage flips every octet of an encrypted file.
func TestNoPlaintextOfAChangedMessage(t *testing.T) {
	p, dir := pki(t, false), t.TempDir()
	e, err := p.Recipient(demopki.Options{Organisation: "Agency", Now: now}, false)
	if err != nil {
		t.Fatal(err)
	}
	file := encrypt(t, dir, cms.GCM, []byte("personal data of one account"), e.Cert)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if got, err := decrypt(t, write(t, dir, "bad", bad), e); err == nil || len(got) > 0 {
			t.Errorf("octet %d: %d octets of plaintext, error %v", i, len(got), err)
		}
	}
	for n := range good {
		if got, err := decrypt(t, write(t, dir, "bad", good[:n]), e); err == nil || len(got) > 0 {
			t.Errorf("cut to %d: %d octets of plaintext, error %v", n, len(got), err)
		} else if want := fmt.Sprintf("not complete: %d of its octets are missing", len(good)-n); n >= 64 && !strings.Contains(err.Error(), want) {
			t.Errorf("cut to %d: %v, want %q", n, err, want)
		}
	}
	other, err := p.Recipient(demopki.Options{Organisation: "Other", Now: now}, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decrypt(t, file, other); err == nil {
		t.Error("another agency's key must not open it")
	}
	if _, err := decrypt(t, file, demopki.Entity{Cert: e.Cert, Key: other.Key}); err == nil {
		t.Error("another key under the same certificate must not open it")
	}
}

func FuzzParse(f *testing.F) {
	p := pki(f, false)
	f.Add(signed(f, p, []byte("x"), false, "B"))
	f.Add(signed(f, p, []byte("x"), false, "T"))
	f.Fuzz(func(t *testing.T, der []byte) {
		sd, err := cms.Parse(der)
		if err != nil {
			return
		}
		sum := sha256.Sum256([]byte("x"))
		sd.Check(sum[:])   //nolint:errcheck // must not panic
		sd.CheckBaseline() //nolint:errcheck // must not panic
	})
}

func FuzzDecrypt(f *testing.F) {
	p := pki(f, false)
	e, err := p.Recipient(demopki.Options{Organisation: "Agency", Now: now}, false)
	if err != nil {
		f.Fatal(err)
	}
	for _, profile := range []cms.Profile{cms.GCM, cms.CBC} {
		good, err := os.ReadFile(encrypt(f, f.TempDir(), profile, []byte("secret"), e.Cert))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(good)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := decrypt(t, write(t, dir, "in", der), e)
		if err != nil && len(got) > 0 {
			t.Error("plaintext before an error")
		}
	})
}
