package smtpmail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"lerd/internal/fault"
)

// post is a mail server in this process that keeps what it is given.
type post struct {
	mu      sync.Mutex
	letters []string
	to      []string
	clear   int // letters that came without TLS
	refuse  error
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return &visit{p, c}, nil }

type visit struct {
	*post
	conn *smtp.Conn
}

func (v *visit) Reset()                               {}
func (v *visit) Logout() error                        { return nil }
func (v *visit) Mail(string, *smtp.MailOptions) error { return nil }
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.to = append(v.to, to)
	return v.refuse
}
func (v *visit) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.letters = append(v.letters, string(b))
	if _, encrypted := v.conn.TLSConnectionState(); !encrypted {
		v.clear++
	}
	return err
}

// open serves the post, with STARTTLS where cert is given, and gives its port.
func open(t *testing.T, p *post, cert *tls.Certificate) int {
	t.Helper()
	s := smtp.NewServer(p)
	s.Domain = "mail.example"
	if cert != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// localhost makes a certificate for 127.0.0.1 and the pool that trusts it.
func localhost(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func sender(t *testing.T, c Config) *Sender {
	t.Helper()
	c.Host, c.From, c.Origin, c.Now = "127.0.0.1", "portal@platform.example", "https://portal.example", time.Now
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestALetterSaysNothing sends one over STARTTLS and reads every byte of it.
func TestALetterSaysNothing(t *testing.T) {
	cert, roots := localhost(t)
	p := &post{}
	s := sender(t, Config{Port: open(t, p, cert), Roots: roots})
	if err := s.Send(context.Background(), "kavya@agency.example"); err != nil {
		t.Fatal(err)
	}
	if len(p.letters) != 1 || p.clear != 0 || p.to[0] != "kavya@agency.example" {
		t.Fatalf("%d letters to %q, %d of them in clear", len(p.letters), p.to, p.clear)
	}
	letter := p.letters[0]
	for _, want := range []string{"Subject: There is something new on the portal", "https://portal.example", "Auto-Submitted: auto-generated", "To: <kavya@agency.example>"} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter lacks %q:\n%s", want, letter)
		}
	}
	for _, not := range []string{"LR-", "Rao", "request", "Officer", "sign-in", "/requests"} {
		if strings.Contains(letter, not) {
			t.Errorf("the letter says %q:\n%s", not, letter)
		}
	}
}

// TestNoLetterWithoutTLS offers a server without STARTTLS, and one whose
// certificate nobody vouches for.
func TestNoLetterWithoutTLS(t *testing.T) {
	cert, _ := localhost(t)
	for name, c := range map[string]*tls.Certificate{"no STARTTLS": nil, "an unknown certificate": cert} {
		p := &post{}
		if err := sender(t, Config{Port: open(t, p, c)}).Send(context.Background(), "kavya@agency.example"); fault.KindOf(err) != fault.Unavailable || len(p.letters)+len(p.to) > 0 {
			t.Errorf("%s: %v, and %d letters arrived", name, err, len(p.letters))
		}
	}
	if _, err := New(Config{Host: "mail.example", From: "portal@platform.example", Plain: true, Now: time.Now}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("plain mail to another machine: %v", err)
	}
	p := &post{}
	if err := sender(t, Config{Port: open(t, p, nil), Plain: true}).Send(context.Background(), "kavya@agency.example"); err != nil || p.clear != 1 {
		t.Errorf("plain mail on this machine: %v", err)
	}
}

// TestNothingIsInjected gives addresses that would begin further headers or
// further recipients.
func TestNothingIsInjected(t *testing.T) {
	p := &post{}
	s := sender(t, Config{Port: open(t, p, nil), Plain: true})
	for _, address := range []string{"kavya@agency.example\r\nBcc: all@evil.example", "kavya@agency.example\nSubject: Pay", "kavya@agency.example, all@evil.example", "<script>@agency.example>", "", "kavya"} {
		if err := s.Send(context.Background(), address); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, letter := range p.letters {
		t.Errorf("sent:\n%s", letter)
	}
}

// TestRefusalsAreToldApart answers for good, and for now.
func TestRefusalsAreToldApart(t *testing.T) {
	p := &post{}
	s := sender(t, Config{Port: open(t, p, nil), Plain: true})
	for code, want := range map[int]fault.Kind{550: fault.Invalid, 450: fault.Unavailable} {
		p.refuse = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "No."}
		if err := s.Send(context.Background(), "kavya@agency.example"); fault.KindOf(err) != want {
			t.Errorf("%d: %v", code, err)
		}
	}
	dead := sender(t, Config{Port: 1, Plain: true})
	if err := dead.Send(context.Background(), "kavya@agency.example"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
}
