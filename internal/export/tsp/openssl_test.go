package tsp_test

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/export/tsp"
	"lerd/internal/export/tsp/tsphttp"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
)

const policy = "1.3.6.1.4.1.99999.1"

const opensslConf = `[tsa]
serial = serial
signer_digest = sha256
default_policy = ` + policy + `
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

// opensslTSA is an RFC 3161 server whose every answer openssl makes.
func opensslTSA(t *testing.T, p *demopki.PKI) *httptest.Server {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("NOT RUN: openssl is not installed")
	}
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(p.Save(dir))
	must(os.WriteFile(filepath.Join(dir, "conf"), []byte(opensslConf), 0o600))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "no query", http.StatusBadRequest)
			return
		}
		name := filepath.Join(dir, rand.Text())
		must(os.WriteFile(name, query, 0o600))
		cmd := exec.Command("openssl", "ts", "-reply", "-config", "conf", "-section", "tsa", "-queryfile", name,
			"-inkey", "tsa.key", "-signer", "tsa.pem", "-chain", "tsa-root.pem", "-out", name+".tsr")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			http.Error(w, string(out), http.StatusInternalServerError)
			return
		}
		reply, err := os.ReadFile(name + ".tsr")
		must(err)
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(reply) //nolint:errcheck // the client sees a broken answer
	}))
	t.Cleanup(srv.Close)
	return srv
}

func client(srv *httptest.Server, p *demopki.PKI) *tsp.Client {
	return &tsp.Client{Post: tsphttp.Post(srv.URL, srv.Client()), Roots: []*x509.Certificate{p.TSARoot.Cert}, Rand: rand.Reader, Now: time.Now}
}

// TestABundleIsStampedByOpenssl seals a whole bundle with stamps of a real
// RFC 3161 server, the first authority being out of reach.
func TestABundleIsStampedByOpenssl(t *testing.T) {
	d := exporttest.New(t, demopki.Options{})
	srv := opensslTSA(t, d.PKI)
	gone := httptest.NewServer(http.NotFoundHandler())
	down := client(gone, d.PKI)
	gone.Close()
	good := client(srv, d.PKI)
	good.Policies = []string{"1.2.3", policy}
	d.TSA = tsp.First{down, good}
	_, container := d.Seal(2, 10)
	r, err := verify.Verify(t.Context(), container, verify.Options{Roots: d.Roots(), LogKeys: []string{d.LogKey}, Now: time.Now()})
	if err != nil || !r.OK || r.Level != "LT" {
		r.Print(os.Stderr)
		t.Errorf("level %s, %v", r.Level, err)
	}
	tsr, err := os.ReadFile(container + ".tsr")
	if err != nil {
		t.Fatal(err)
	}
	token, err := tsp.ParseResponse(tsr)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := tsp.ParseToken(token); err != nil || info.Policy != policy {
		t.Errorf("the stamp is not openssl's: %+v, %v", info, err)
	}
	d.TSA = tsp.First{down, down}
	d.Maker.Dir = t.TempDir()
	p, err := d.Maker.Prepare(t.Context(), d.Content(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Maker.Seal(t.Context(), d.SealRequest(p)); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "out of reach") {
		t.Errorf("both authorities are down: %v", err)
	}
}

// TestAnswersThatDoNotFit are good stamps to another question.
func TestAnswersThatDoNotFit(t *testing.T) {
	p, a := authority(t)
	digest, other := sha256.Sum256([]byte("x")), sha256.Sum256([]byte("y"))
	answer := func(d tsp.Digest, nonce *big.Int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			query, err := tsp.Request(d, nonce)
			if err != nil {
				t.Error(err)
			}
			reply, err := a.Respond(r.Context(), query)
			if err != nil {
				t.Error(err)
			}
			w.Write(reply) //nolint:errcheck // the client sees a broken answer
		}
	}
	for name, c := range map[string]struct {
		handler http.Handler
		change  func(*tsp.Client)
		want    string
	}{
		"another nonce":   {answer(digest, big.NewInt(7)), nil, "nonce"},
		"another imprint": {answer(other, big.NewInt(7)), nil, "imprint"},
		"another policy":  {tsphttp.Handler(a), func(c *tsp.Client) { c.Policies = []string{policy} }, "policy"},
		"a slow clock":    {tsphttp.Handler(a), func(c *tsp.Client) { c.Now = func() time.Time { return now.Add(tsp.MaxSkew + time.Second) } }, "clock"},
		"a fast clock":    {tsphttp.Handler(a), func(c *tsp.Client) { c.Now = func() time.Time { return now.Add(-tsp.MaxSkew - time.Second) } }, "clock"},
	} {
		srv := httptest.NewServer(c.handler)
		client := client(srv, p)
		client.Now = func() time.Time { return now }
		if c.change != nil {
			c.change(client)
		}
		if _, err := client.Stamp(t.Context(), digest); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		// The next authority is asked in place of one that answers wrongly.
		if _, err := (tsp.First{client, a}).Stamp(t.Context(), digest); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		srv.Close()
	}
}
