package ocsp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
	"lerd/internal/export/ocsp"
	"lerd/internal/export/ocsp/ocsphttp"
	"lerd/internal/fault"
)

// ask asks about every link of the desk's chains.
func ask(d *exporttest.Desk) ([][]byte, error) {
	return d.OCSP.Missing(context.Background(), d.Links(), nil)
}

func TestEachCertificateThatNoListCoversIsAskedAbout(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	answers, err := ask(d)
	if err != nil || len(answers) != 3 || r.Asked != 3 {
		t.Fatalf("%d answers to %d questions: %v", len(answers), r.Asked, err)
	}
	raw, err := d.PKI.CRLs(d.Maker.Now())
	if err != nil {
		t.Fatal(err)
	}
	var lists []*x509.RevocationList
	for _, der := range raw[:2] { // not of the time stamps' root
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, l)
	}
	answers, err = d.OCSP.Missing(context.Background(), d.Links(), lists)
	if err != nil || len(answers) != 1 || r.Asked != 4 {
		t.Errorf("beside two lists: %d answers, %d questions in all, %v", len(answers), r.Asked, err)
	}
	d.OCSP.URL = "http://127.0.0.1:1" // the operator's address counts before the certificate's
	if _, err := ask(d); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("the configured address is not asked: %v", err)
	}
}

// TestWhatIsWrongWithAnAnswerIsSaid gives every sort of bad answer, and wants its
// reason and its kind.
func TestWhatIsWrongWithAnAnswerIsSaid(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	stranger, _ := exporttest.NewByOCSP(t, demopki.Options{})
	delegates, own := r.By, func(a *demopki.Entity) demopki.Entity { return *a }
	options := demopki.Options{Organisation: "Example", Now: d.Maker.Now()}
	as := func(make func(*demopki.Entity) (demopki.Entity, error)) func(*demopki.Entity) demopki.Entity {
		return func(a *demopki.Entity) demopki.Entity {
			e, err := make(a)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	}
	now := d.Maker.Now()
	for name, c := range map[string]struct {
		by     func(*demopki.Entity) demopki.Entity
		change func(*xocsp.Response)
		spoil  func([]byte) []byte
		nonce  bool
		want   error
		kind   fault.Kind
		says   string
	}{
		"good by the issuer":  {by: own},
		"good by delegates":   {by: delegates},
		"good without an end": {change: func(a *xocsp.Response) { a.NextUpdate = time.Time{} }},
		"revoked": {change: func(a *xocsp.Response) { a.Status, a.RevokedAt = xocsp.Revoked, now.Add(-time.Hour) },
			want: cms.ErrRevoked, kind: fault.Gate, says: "was revoked on"},
		"unknown": {change: func(a *xocsp.Response) { a.Status = xocsp.Unknown }, want: cms.ErrUnknown, kind: fault.Gate, says: "does not know"},
		"stale": {change: func(a *xocsp.Response) { a.ThisUpdate, a.NextUpdate = now.Add(-3*time.Hour), now.Add(-time.Hour) },
			want: cms.ErrStale, kind: fault.Gate, says: "ended on"},
		"old and without an end": {change: func(a *xocsp.Response) { a.ThisUpdate, a.NextUpdate = now.Add(-2*time.Hour), time.Time{} },
			want: cms.ErrStale, kind: fault.Gate, says: "ended on"},
		"of tomorrow": {change: func(a *xocsp.Response) { a.ThisUpdate, a.NextUpdate = now.Add(24*time.Hour), now.Add(48*time.Hour) }, kind: fault.Gate, says: "in the future"},
		"about another certificate": {change: func(a *xocsp.Response) { a.SerialNumber = d.PKI.Root.Cert.SerialNumber },
			want: cms.ErrOther, kind: fault.Gate, says: "about another certificate"},
		"by a stranger's authority": {by: func(*demopki.Entity) demopki.Entity { return stranger.PKI.Issuing }, want: cms.ErrResponder, kind: fault.Gate, says: "not entrusted"},
		"by a delegate of a stranger": {by: as(func(*demopki.Entity) (demopki.Entity, error) {
			return stranger.PKI.Responder(options, &stranger.PKI.Issuing, true)
		}), want: cms.ErrResponder, kind: fault.Gate, says: "not entrusted"},
		"by a delegate that may be revoked": {by: as(func(a *demopki.Entity) (demopki.Entity, error) { return d.PKI.Responder(options, a, false) }),
			want: cms.ErrResponder, kind: fault.Gate, says: "may have been revoked"},
		"by a certificate for something else": {by: as(func(a *demopki.Entity) (demopki.Entity, error) { return d.PKI.Recipient(options, false) }),
			want: cms.ErrResponder, kind: fault.Gate},
		"by a delegate that has expired": {by: as(func(a *demopki.Entity) (demopki.Entity, error) {
			return d.PKI.Responder(demopki.Options{Organisation: "Example", Now: now.AddDate(-3, 0, 0)}, a, true)
		}), want: cms.ErrValidity, kind: fault.Gate, says: "was not valid"},
		"an octet of the signature": {spoil: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, by: own, want: cms.ErrResponder, kind: fault.Gate, says: "signature"},
		"cut off":                   {spoil: func(b []byte) []byte { return b[:len(b)-2] }, kind: fault.Gate, says: "not well-formed"},
		"something behind":          {spoil: func(b []byte) []byte { return append(b, 0) }, kind: fault.Gate, says: "not well-formed"},
		"no answer at all":          {spoil: func([]byte) []byte { return []byte("sorry") }, kind: fault.Gate, says: "not well-formed"},
		"without end":               {spoil: func(b []byte) []byte { return bytes.Repeat(b, 1000) }, kind: fault.TooLarge, says: "longer than"},
		"later":                     {spoil: func([]byte) []byte { return xocsp.TryLaterErrorResponse }, kind: fault.Unavailable, says: "did not answer"},
		"not for you":               {spoil: func([]byte) []byte { return xocsp.UnauthorizedErrorResponse }, kind: fault.Gate, says: "did not answer"},
		"without the nonce":         {nonce: true, kind: fault.Gate, says: "no nonce"},
	} {
		t.Run(name, func(t *testing.T) {
			if r.By, r.Change, r.Spoil = delegates, c.change, c.spoil; c.by != nil {
				r.By = c.by
			}
			d.OCSP.NeedNonce = c.nonce
			answers, err := ask(d)
			if c.kind == "" {
				if err != nil || len(answers) != 3 {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || fault.KindOf(err) != c.kind || (c.want != nil && !errors.Is(err, c.want)) || !strings.Contains(fault.Message(err), c.says) {
				t.Errorf("%d answers, kind %v: %v", len(answers), fault.KindOf(err), err)
			}
		})
	}
}

// TestAResponderOutOfReach covers silence, other statuses, redirections, and
// certificates that name nobody.
func TestAResponderOutOfReach(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	elsewhere := httptest.NewServer(http.RedirectHandler(r.Server.URL, http.StatusFound))
	defer elsewhere.Close()
	for name, url := range map[string]string{"nobody there": "http://127.0.0.1:1", "redirected": elsewhere.URL} {
		if d.OCSP.URL = url; true {
			if _, err := ask(d); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	d.OCSP.URL = "file:///etc/passwd"
	if _, err := ask(d); fault.KindOf(err) != fault.Gate {
		t.Errorf("an address of another kind: %v", err)
	}
	plain := exporttest.New(t, demopki.Options{})
	d.OCSP.URL = ""
	if _, err := d.OCSP.Missing(context.Background(), plain.Links(), nil); fault.KindOf(err) != fault.Gate || !strings.Contains(fault.Message(err), "names no OCSP responder") {
		t.Errorf("certificates without an address: %v", err)
	}
}

// TestThroughAProxy sees that the proxy is asked, and not the responder.
func TestThroughAProxy(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked = append(asked, req.URL.Host)
		r.ServeHTTP(w, req)
	}))
	defer proxy.Close()
	client, err := ocsphttp.Client(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := ocsp.Client{Post: ocsphttp.Post(client), URL: "http://ocsp.invalid/" + d.PKI.TSARoot.Cert.SerialNumber.Text(16), Rand: rand.Reader, Now: d.Maker.Now}
	links := d.Links()
	if answers, err := c.Missing(context.Background(), links[len(links)-1:], nil); err != nil || len(answers) != 1 || len(asked) != 1 || asked[0] != "ocsp.invalid" {
		t.Errorf("asked %v, %d answers, %v", asked, len(answers), err)
	}
	if _, err := ocsphttp.Client("proxy:3128"); err == nil {
		t.Error("a proxy without a scheme is taken")
	}
}
