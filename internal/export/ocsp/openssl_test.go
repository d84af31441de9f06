package ocsp_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/ocsp"
	"lerd/internal/export/ocsp/ocsphttp"
	"lerd/internal/fault"
)

// opensslResponder begins `openssl ocsp` on loopback for the issuing authority,
// signing by a delegate, and gives its address. index has a line for each
// certificate that it knows. SPEC: openssl-ca(1), the format of the index.
func opensslResponder(t *testing.T, p *demopki.PKI, index string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("NOT RUN: openssl is not installed")
	}
	dir := t.TempDir()
	delegate, err := p.Responder(demopki.Options{Organisation: "Example", Now: time.Now()}, &p.Issuing, true)
	if err == nil {
		err = delegate.Save(filepath.Join(dir, "ocsp"))
	}
	if err == nil {
		err = p.Issuing.Save(filepath.Join(dir, "ca"))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "index"), []byte(index), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("openssl", "ocsp", "-port", port, "-index", "index", "-CA", "ca.pem", "-rsigner", "ocsp.pem", "-rkey", "ocsp.key", "-nmin", "10")
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() }) //nolint:errcheck // it is killed
	// A connection without a question would hold it up: it says when it listens.
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ACCEPT") {
			return "http://" + address
		}
	}
	t.Fatal("openssl ocsp does not listen")
	return ""
}

// line is one of the index: V valid, R revoked.
func line(e demopki.Entity, revoked string) string {
	serial := strings.ToUpper(e.Cert.SerialNumber.Text(16))
	if len(serial)%2 == 1 {
		serial = "0" + serial
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\tunknown\t/CN=x\n", map[bool]string{true: "V", false: "R"}[revoked == ""],
		e.Cert.NotAfter.UTC().Format("060102150405Z"), revoked, serial)
}

// TestOpenSSLsResponder asks a responder of other people: it repeats the nonce,
// and says good, revoked and unknown.
func TestOpenSSLsResponder(t *testing.T) {
	p, err := demopki.New(demopki.Options{Organisation: "Example", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	client, err := ocsphttp.Client("")
	if err != nil {
		t.Fatal(err)
	}
	link := []ocsp.Link{{Cert: p.Seal.Cert, Issuer: p.Issuing.Cert}}
	ask := func(url string) ([][]byte, error) {
		c := ocsp.Client{Post: ocsphttp.Post(client), URL: url, NeedNonce: true, Rand: rand.Reader, Now: time.Now}
		return c.Missing(context.Background(), link, nil)
	}
	good := opensslResponder(t, p, line(p.Seal, ""))
	answers, err := ask(good)
	if err != nil || len(answers) != 1 {
		t.Fatalf("good: %v", err)
	}
	replayed := ocsp.Client{Post: func(context.Context, string, []byte) ([]byte, error) { return answers[0], nil }, URL: good, Rand: rand.Reader, Now: time.Now}
	if _, err := replayed.Missing(context.Background(), link, nil); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "nonce differs") {
		t.Errorf("an answer to another question: %v", err)
	}
	for name, c := range map[string]struct{ index, says string }{
		"revoked": {line(p.Seal, time.Now().Add(-time.Hour).UTC().Format("060102150405Z")+",keyCompromise"), "was revoked on"},
		"unknown": {"", "does not know"},
	} {
		if _, err := ask(opensslResponder(t, p, c.index)); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o, err := cms.ParseOCSP(answers[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := (cms.Path{At: time.Now()}).CheckOCSP(o, p.Seal.Cert, p.Root.Cert); err == nil {
		t.Error("the answer counts for a certificate of another issuer")
	}
}
