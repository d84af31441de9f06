package web

import (
	"archive/zip"
	"bytes"
	"net/http"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

func (s *Server) resultRoutes() []Route {
	if s.cfg.Services.Results == nil {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/requests/:id/result", Name: "request.result", Title: "request.title", Roles: []identity.Role{identity.Officer}, Verb: "view", Object: "request", Handle: s.fetchResult}}
}

// fetchResult sends the signed result with everything that is needed to verify it.
func (s *Server) fetchResult(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	r, err := s.cfg.Services.Results.ResultFile(c.Ctx(), id)
	if err != nil {
		return err
	}
	b, err := zipResult(r, c.T("result.verify", "ref", r.Ref, "key", s.cfg.LogKey))
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(b), r.Ref+".result.zip", "application/zip")
}

func zipResult(r requests.SignedResult, how string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct {
		name string
		body []byte
	}{{r.Ref + ".result.json", r.File}, {r.Ref + ".result.json.p7s", r.Seal}, {r.Ref + ".event.json", r.Entry}, {r.Ref + ".tlog-proof", r.Proof}, {"VERIFY.txt", []byte(how)}} {
		w, err := z.Create(f.name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
