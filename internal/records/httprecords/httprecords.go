// Package httprecords is the records.Source over HTTPS: the platform's own
// engine answers five questions, rows as NDJSON. records-http.openapi.yaml
// describes the interface; the package reference serves it.
//
// Invariants:
//   - both sides show certificates (TLS 1.3 with client certificate); redirects
//     are not followed and answers are not decompressed;
//   - an answer counts only with its end line, which says how many rows it has:
//     one that is cut off is taken up again with the last row, which must be the
//     same, from the same snapshot, or fails as a whole;
//   - a member that is not documented, one that comes twice or one of another
//     type is a *records.Breach: nothing leaves, and auditors are told;
//   - memory is constant: a line has at most 64 KiB, and a reader that is slow
//     slows the source down through TCP;
//   - no identifier, account or row stands in a URL, an error or a log.
package httprecords

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records"
)

// Config says where the engine is and how lerd shows who it is.
type Config struct {
	URL      string        // https://host[:port][/path], before /v1/…
	Cert     string        // PEM file of lerd's client certificate, with its chain
	Key      string        // PEM file of its key
	CA       string        // PEM file of the authorities that may have issued the engine's certificate
	Wait     time.Duration // for the next line of an answer; 0: 30 s
	Retries  int           // how often an answer that is cut off is taken up again; 0: 5
	MaxRows  int64         // rows of one answer; 0: 50 million
	MaxConns int           // connections at a time; 0: 4
}

func (c Config) withDefaults() Config {
	c.Wait = cmp.Or(c.Wait, 30*time.Second)
	c.Retries = cmp.Or(c.Retries, 5)
	c.MaxRows = cmp.Or(c.MaxRows, records.MaxSessions)
	c.MaxConns = cmp.Or(c.MaxConns, 4)
	c.URL = strings.TrimSuffix(c.URL, "/")
	return c
}

// Source asks a platform's engine. It is safe for concurrent use, and is used
// through records.Guard, never bare.
type Source struct {
	config Config
	client *http.Client
}

var _ records.Source = (*Source)(nil)

// Open reads certificates and key, and asks the engine who it is.
func Open(ctx context.Context, c Config) (s *Source, err error) {
	defer fault.Wrap(&err, "httprecords.Open")
	c = c.withDefaults()
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "The address of the account data must be https://host, without name, password or query.")
	}
	t, err := c.tls()
	if err != nil {
		return nil, err
	}
	s = &Source{config: c, client: &http.Client{
		Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: c.Wait}).DialContext, TLSClientConfig: t, DisableCompression: true, ForceAttemptHTTP2: true, MaxConnsPerHost: c.MaxConns,
			TLSHandshakeTimeout: c.Wait, ResponseHeaderTimeout: c.Wait, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	_, err = s.System(ctx)
	return s, err
}

func (c Config) tls() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The client certificate or its key for the account data cannot be read.")
	}
	b, err := os.ReadFile(c.CA)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(b) {
		return nil, fault.New(fault.Invalid, "The authorities of the account data's certificate cannot be read.")
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots}, nil
}

// Close ends idle connections.
func (s *Source) Close() { s.client.CloseIdleConnections() }

// Ping tells whether the engine answers.
func (s *Source) Ping(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "httprecords.Ping")
	_, err = s.System(ctx)
	return err
}

// away is what callers see where the engine cannot be reached or answers
// otherwise than with data; the cause is for logs and holds no data.
func away(err error) error {
	return fault.Because(fault.Unavailable, err, "The account data do not answer. Nothing was changed; please try again.")
}

// ask sends one question and gives the answer's lines. The engine's own words
// are never repeated: they may quote data.
func (s *Source) ask(ctx context.Context, op string, question any) (*answer, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	inner, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(inner, http.MethodPost, s.config.URL+"/v1/"+op, bytes.NewReader(body))
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/x-ndjson")
	res, err := s.client.Do(req)
	if err != nil {
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, away(errors.New("no connection, or no answer in time"))
	}
	a := newAnswer(op, res.Body, cancel, s.config.Wait)
	if err := accept(op, res); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// accept looks at what stands before the lines.
func accept(op string, res *http.Response) error {
	switch {
	case res.StatusCode == http.StatusNotFound && op == "summary":
		return fault.New(fault.NotFound, "There is no such account.")
	case res.StatusCode == http.StatusGone:
		return errGone
	case res.StatusCode != http.StatusOK:
		return away(errors.New("status " + http.StatusText(res.StatusCode)))
	case res.Header.Get("Content-Type") != "application/x-ndjson" || res.Header.Get("Content-Encoding") != "":
		return away(errors.New("the answer is not application/x-ndjson"))
	}
	return nil
}

// errGone says that the engine no longer has the snapshot that it began with.
var errGone = away(errors.New("the snapshot is gone"))

// drain leaves a connection fit for the next question where little is left.
func drain(body io.ReadCloser) {
	io.CopyN(io.Discard, body, 64<<10) //nolint:errcheck // the connection is dropped then
	body.Close()                       //nolint:errcheck // read only
}
