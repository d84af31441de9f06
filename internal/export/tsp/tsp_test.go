package tsp_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lerd/internal/export/demopki"
	"lerd/internal/export/tsp"
	"lerd/internal/export/tsp/tsphttp"
	"lerd/internal/fault"
)

var now = time.Now().UTC().Truncate(time.Second)

func authority(t testing.TB) (*demopki.PKI, *tsp.Authority) {
	t.Helper()
	p, err := demopki.New(demopki.Options{Organisation: "Example", URL: "http://127.0.0.1/x", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.TSASigner()
	if err != nil {
		t.Fatal(err)
	}
	return p, &tsp.Authority{Signer: s, Now: func() time.Time { return now }, Rand: rand.Reader}
}

func TestClientAgainstServerAndOpenssl(t *testing.T) {
	p, a := authority(t)
	srv := httptest.NewServer(tsphttp.Handler(a))
	defer srv.Close()
	c := &tsp.Client{Post: tsphttp.Post(srv.URL, srv.Client()), Roots: []*x509.Certificate{p.TSARoot.Cert}, Rand: rand.Reader}
	data := []byte("a file")
	s, err := c.Stamp(context.Background(), sha256.Sum256(data))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Time.Equal(now) {
		t.Errorf("time = %s, want %s", s.Time, now)
	}
	dir := t.TempDir()
	files := map[string][]byte{"data": data, "tsr": s.Response, "root.pem": demopki.CertsPEM(p.TSARoot.Cert)}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func() ([]byte, error) {
		cmd := exec.Command("openssl", "ts", "-verify", "-data", "data", "-in", "tsr", "-CAfile", "root.pem")
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("skipped: openssl is not installed")
	}
	if out, err := verify(); err != nil {
		t.Fatalf("openssl ts -verify: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(); err == nil {
		t.Error("openssl accepted other data")
	}
}

// TestServerAnswersOpenssl lets openssl write the query.
func TestServerAnswersOpenssl(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("skipped: openssl is not installed")
	}
	_, a := authority(t)
	query, err := exec.Command("openssl", "ts", "-query", "-digest",
		"0000000000000000000000000000000000000000000000000000000000000000", "-sha256", "-cert").Output()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Respond(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	token, err := tsp.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	info, err := tsp.ParseToken(token)
	if err != nil || info.Nonce == nil {
		t.Errorf("token %+v, %v", info, err)
	}
}

func TestWrongTokensAreRefused(t *testing.T) {
	p, a := authority(t)
	d := sha256.Sum256([]byte("right"))
	s, err := a.Stamp(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	trust := tsp.Trust{Roots: []*x509.Certificate{p.TSARoot.Cert}}
	if _, err := tsp.Verify(s.Token, d[:], crypto.SHA256, trust); err != nil {
		t.Fatal(err)
	}
	other := sha256.Sum256([]byte("wrong"))
	if _, err := tsp.Verify(s.Token, other[:], crypto.SHA256, trust); err == nil {
		t.Error("a token over another digest was taken")
	}
	if _, err := tsp.Verify(s.Token, d[:], crypto.SHA256, tsp.Trust{Roots: []*x509.Certificate{p.Root.Cert}}); err == nil {
		t.Error("a token of an unknown authority was taken")
	}
	sealSigner, err := p.Signer()
	if err != nil {
		t.Fatal(err)
	}
	bad := &tsp.Authority{Signer: sealSigner, Now: a.Now, Rand: rand.Reader}
	s, err = bad.Stamp(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tsp.Verify(s.Token, d[:], crypto.SHA256, tsp.Trust{Roots: []*x509.Certificate{p.Root.Cert}}); err == nil {
		t.Error("a token signed with the seal's certificate was taken")
	}
}

func TestAuthorityInTrouble(t *testing.T) {
	p, a := authority(t)
	replay, err := a.Stamp(context.Background(), sha256.Sum256([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"rubbish": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"replay":  func(w http.ResponseWriter, _ *http.Request) { w.Write(replay.Response) },
		"refuse":  func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{0x30, 5, 0x30, 3, 2, 1, 2}) },
	}
	for name, h := range answers {
		srv := httptest.NewServer(h)
		c := &tsp.Client{Post: tsphttp.Post(srv.URL, srv.Client()), Roots: []*x509.Certificate{p.TSARoot.Cert}, Rand: rand.Reader}
		_, err := c.Stamp(context.Background(), sha256.Sum256([]byte("x")))
		if err == nil {
			t.Errorf("%s: a stamp was given", name)
		}
		if name == "down" && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: kind %s, want unavailable", name, fault.KindOf(err))
		}
		srv.Close()
	}
}

func FuzzParseResponse(f *testing.F) {
	_, a := authority(f)
	s, err := a.Stamp(context.Background(), sha256.Sum256([]byte("x")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Response)
	f.Fuzz(func(t *testing.T, der []byte) {
		token, err := tsp.ParseResponse(der)
		if err == nil {
			tsp.ParseToken(token) //nolint:errcheck // must not panic
		}
	})
}

func FuzzRespond(f *testing.F) {
	_, a := authority(f)
	q, err := tsp.Request(sha256.Sum256(nil), big.NewInt(7))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q)
	f.Fuzz(func(t *testing.T, query []byte) {
		if _, err := a.Respond(context.Background(), query); err != nil {
			t.Error(err)
		}
	})
}
