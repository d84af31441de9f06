//go:build cgo

package hsm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
	"lerd/internal/keys/hsm"
)

const pin = "2684"

var modules = []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"}

// soft is a SoftHSM of its own.
type soft struct {
	t      *testing.T
	module string
	base   string // of the key's PEM files
}

// newSoft prepares an empty SoftHSM and saves the seal of a hierarchy beside it.
func newSoft(t *testing.T, p *demopki.PKI) *soft {
	t.Helper()
	s := &soft{t: t}
	for _, m := range modules {
		if _, err := os.Stat(m); err == nil {
			s.module = m
		}
	}
	if _, err := exec.LookPath("softhsm2-util"); err != nil || s.module == "" {
		t.Skip("NOT RUN: SoftHSM 2 is not installed")
	}
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	s.must(os.Mkdir(tokens, 0o700))
	conf := filepath.Join(dir, "softhsm2.conf")
	s.must(os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", conf)
	s.base = filepath.Join(dir, "seal")
	s.must(p.Seal.Save(s.base))
	return s
}

func (s *soft) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *soft) util(args ...string) {
	s.t.Helper()
	if out, err := exec.Command("softhsm2-util", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("softhsm2-util %v: %v\n%s", args, err, out)
	}
}

// plug puts the token with the key in.
func (s *soft) plug() {
	s.t.Helper()
	s.util("--init-token", "--free", "--label", "lerd", "--pin", pin, "--so-pin", pin)
	s.util("--import", s.base+".key", "--token", "lerd", "--label", "seal", "--id", "A1", "--pin", pin)
}

// pull takes it out.
func (s *soft) pull() { s.t.Helper(); s.util("--delete-token", "--token", "lerd") }

func (s *soft) config() hsm.Config {
	return hsm.Config{Module: s.module, Token: "lerd", PIN: pin, Label: "seal"}
}

// TestABundleIsSealedByAToken makes a whole bundle with a key that lies in
// SoftHSM, elliptic and RSA, the latter by PKCS #1 and PSS.
func TestABundleIsSealedByAToken(t *testing.T) {
	for name, kind := range map[string]struct{ rsa, pss bool }{"ECDSA": {}, "RSA": {rsa: true}, "RSA-PSS": {rsa: true, pss: true}} {
		t.Run(name, func(t *testing.T) {
			d := exporttest.New(t, demopki.Options{RSASeal: kind.rsa})
			s := newSoft(t, d.PKI)
			s.plug()
			key, err := hsm.Open(s.config())
			s.must(err)
			defer key.Close()
			d.Signer, err = cms.NewSigner(key, d.Signer.Chain())
			s.must(err)
			d.PSS = kind.pss
			_, container := d.Seal(2, 20)
			r, err := verify.Verify(t.Context(), container, verify.Options{Roots: d.Roots(), LogKeys: []string{d.LogKey}, Now: d.Maker.Now()})
			s.must(err)
			if !r.OK {
				r.Print(os.Stderr)
				t.Error("a bundle sealed by the token does not verify")
			}
		})
	}
}

// TestATokenThatComesAndGoes pulls the token out in the middle: nothing is
// sealed, nothing is lost, and the export goes on when it is back.
func TestATokenThatComesAndGoes(t *testing.T) {
	d := exporttest.New(t, demopki.Options{})
	s := newSoft(t, d.PKI)
	s.plug()
	key, err := hsm.Open(s.config())
	s.must(err)
	defer key.Close()
	d.Signer, err = cms.NewSigner(key, d.Signer.Chain())
	s.must(err)
	p, err := d.Maker.Prepare(t.Context(), d.Content(2, 20))
	s.must(err)
	s.pull()
	s.must(key.Close())
	if _, err := d.Maker.Seal(t.Context(), d.SealRequest(p)); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("sealed without its token: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(d.Maker.Dir, "*.asice*"))
	s.must(err)
	if len(left) > 0 {
		t.Errorf("something was sealed: %v", left)
	}
	s.plug()
	if _, err := d.Maker.Seal(t.Context(), d.SealRequest(p)); err != nil {
		t.Errorf("the token is back, and: %v", err)
	}
}

func TestAKeyThatIsNotThere(t *testing.T) {
	d := exporttest.New(t, demopki.Options{})
	s := newSoft(t, d.PKI)
	s.plug()
	for name, change := range map[string]func(*hsm.Config){
		"token": func(c *hsm.Config) { c.Token = "other" }, "label": func(c *hsm.Config) { c.Label = "other" },
		"PIN": func(c *hsm.Config) { c.PIN = "0000" }, "module": func(c *hsm.Config) { c.Module = "/nowhere.so" }, "nothing": func(c *hsm.Config) { *c = hsm.Config{} },
	} {
		c := s.config()
		change(&c)
		if k, err := hsm.Open(c); err == nil {
			k.Close()
			t.Errorf("another %s: the key was found", name)
		}
	}
	key, err := hsm.Open(s.config())
	s.must(err)
	defer key.Close()
	stranger := exporttest.New(t, demopki.Options{})
	if _, err := cms.NewSigner(key, stranger.Signer.Chain()); err == nil {
		t.Error("the token's key was taken for another certificate's")
	}
}
