// Package tsphttp carries time-stamp queries over HTTP, to an authority and into
// one in the process. It is apart from tsp so that the stand-alone verifier has
// no HTTP in it.
//
// Invariants:
//   - an authority that is out of reach or fails is fault.Unavailable: asking
//     again may help, and nothing is concluded from it;
//   - what is read of either side is bounded.
//
// SPEC: RFC 3161 §3.4.
package tsphttp

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"lerd/internal/export/tsp"
	"lerd/internal/fault"
)

// Sizes of the largest query and answer that are read, in octets.
const (
	maxQuery    = 1 << 16
	maxResponse = 1 << 20
)

// Post gives what a tsp.Client needs to ask the authority at an address. The
// client has a timeout; the context's deadline counts too.
func Post(url string, client *http.Client) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, query []byte) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(query))
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "The address of the time-stamping authority must be an http or https URL.")
		}
		req.Header.Set("Content-Type", "application/timestamp-query")
		resp, err := client.Do(req)
		if err != nil {
			return nil, fault.Because(fault.Unavailable, err, "The time-stamping authority is out of reach.")
		}
		defer resp.Body.Close() //nolint:errcheck // read only
		return read(resp)
	}
}

func read(resp *http.Response) ([]byte, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Unavailable, "The time-stamping authority answered with status %d.", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The answer of the time-stamping authority broke off.")
	}
	if len(body) > maxResponse {
		return nil, fault.New(fault.TooLarge, "The answer of the time-stamping authority is too long.")
	}
	return body, nil
}

// Handler answers application/timestamp-query by POST.
func Handler(a *tsp.Authority) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.Error(w, "POST a time-stamp query.", http.StatusMethodNotAllowed)
			return
		}
		query, err := io.ReadAll(io.LimitReader(r.Body, maxQuery))
		if err != nil {
			http.Error(w, "The query broke off.", http.StatusBadRequest)
			return
		}
		answer, err := a.Respond(r.Context(), query)
		if err != nil {
			http.Error(w, fault.Message(err), fault.Status(err))
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(answer) //nolint:errcheck // the client sees a broken answer
	})
}
