// Package ocsphttp carries OCSP questions over HTTP, by POST, directly or by a
// proxy.
//
// Invariants:
//   - a responder that is out of reach or fails is fault.Unavailable: asking
//     again may help, and nothing is concluded from it;
//   - what is read of an answer is bounded, and no redirection is followed: the
//     address is in a certificate, or the operator's.
//
// SPEC: RFC 6960 Appendix A.1.
package ocsphttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// Timeout is how long a responder has for its answer.
const Timeout = 15 * time.Second

// Client gives an HTTP client for Post; proxy is an http or https URL, or empty
// for none. The proxy of the environment is not used.
func Client(proxy string) (*http.Client, error) {
	t := &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: Timeout}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fault.Because(fault.Invalid, err, "The proxy for OCSP must be an http or https URL.")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &http.Client{Transport: t, Timeout: Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// Post gives what an ocsp.Client needs to ask responders.
func Post(client *http.Client) func(context.Context, string, []byte) ([]byte, error) {
	return func(ctx context.Context, address string, query []byte) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(query))
		if err != nil || (req.URL.Scheme != "http" && req.URL.Scheme != "https") {
			return nil, fault.Because(fault.Gate, err, "The address of the OCSP responder must be an http or https URL.")
		}
		req.Header.Set("Content-Type", "application/ocsp-request")
		req.Header.Set("Accept", "application/ocsp-response")
		resp, err := client.Do(req)
		if err != nil {
			return nil, fault.Because(fault.Unavailable, err, "The OCSP responder is out of reach.")
		}
		defer resp.Body.Close() //nolint:errcheck // read only
		return read(resp)
	}
}

func read(resp *http.Response) ([]byte, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Unavailable, "The OCSP responder answered with status %d.", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, cms.MaxOCSP+1))
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The answer of the OCSP responder broke off.")
	}
	if len(body) > cms.MaxOCSP {
		return nil, fault.New(fault.TooLarge, "The answer of the OCSP responder is longer than %d octets.", cms.MaxOCSP)
	}
	return body, nil
}
