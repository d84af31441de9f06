package exporttest

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"lerd/internal/export/demopki"
)

// Responder answers OCSP questions about the certificates of a demonstration, on
// loopback: for each authority below its serial number, and for all of them at the
// root. It knows no nonces.
type Responder struct {
	PKI *demopki.PKI
	Now func() time.Time
	// By gives who signs for an authority; nil: itself. What differs from it is a
	// delegate, whose certificate is enclosed.
	By func(authority *demopki.Entity) demopki.Entity
	// Change changes what is answered before it is signed; nil: nothing.
	Change func(*ocsp.Response)
	// Spoil changes what leaves; nil: nothing.
	Spoil func([]byte) []byte

	Server *httptest.Server
	lock   sync.Mutex
	Asked  int
}

// NewResponder begins one, which has no certificates yet: their addresses begin
// with its Server.URL.
func NewResponder(t testing.TB) *Responder {
	r := &Responder{Now: time.Now}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Server.Close)
	return r
}

// ServeHTTP answers a question by POST.
func (r *Responder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.Asked++
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<16))
	question, qerr := ocsp.ParseRequest(body)
	if err != nil || qerr != nil {
		w.Write(ocsp.MalformedRequestErrorResponse) //nolint:errcheck // the client sees a broken answer
		return
	}
	der, err := r.answer(strings.TrimPrefix(req.URL.Path, "/"), question)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	w.Write(der) //nolint:errcheck // the client sees a broken answer
}

func (r *Responder) answer(serial string, q *ocsp.Request) ([]byte, error) {
	var authority *demopki.Entity
	for _, e := range []*demopki.Entity{&r.PKI.Root, &r.PKI.Issuing, &r.PKI.TSARoot} {
		if e.Cert.SerialNumber.Text(16) == serial || serial == "" && names(q, e.Cert) {
			authority = e
		}
	}
	if authority == nil {
		return ocsp.UnauthorizedErrorResponse, nil
	}
	a := ocsp.Response{Status: ocsp.Good, SerialNumber: q.SerialNumber, ThisUpdate: r.Now(), NextUpdate: r.Now().Add(time.Hour), IssuerHash: q.HashAlgorithm}
	if when, revoked := r.PKI.Revoked[q.SerialNumber.String()]; revoked {
		a.Status, a.RevokedAt, a.RevocationReason = ocsp.Revoked, when, ocsp.KeyCompromise
	}
	if r.Change != nil {
		r.Change(&a)
	}
	by := *authority
	if r.By != nil {
		by = r.By(authority)
	}
	if by.Cert != authority.Cert {
		a.Certificate = by.Cert
	}
	der, err := ocsp.CreateResponse(authority.Cert, by.Cert, a, by.Key)
	if err == nil && r.Spoil != nil {
		der = r.Spoil(der)
	}
	return der, err
}

// names tells whether a question is about a certificate of the authority.
func names(q *ocsp.Request, authority *x509.Certificate) bool {
	h := q.HashAlgorithm.New()
	h.Write(authority.RawSubject)
	return bytes.Equal(h.Sum(nil), q.IssuerNameHash)
}
