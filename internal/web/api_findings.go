package web

import (
	"encoding/json"
	"io"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/httpsig"
	"lerd/internal/identity"
	"lerd/internal/violations"
)

// MachineKeys gives the public keys of machines that may call.
type MachineKeys interface {
	// Rule says which signatures count now.
	Rule() httpsig.Rule
}

func (s *Server) apiFindingRoutes() []Route {
	if s.cfg.Services.FindingImports == nil || s.cfg.Machines == nil {
		return nil
	}
	return []Route{{Method: http.MethodPost, Path: "/api/v1/findings", Name: "api.findings", Title: "bring.title", Public: true, NoKey: true, Body: RawBody, MaxBody: violations.MaxBody, Handle: s.apiFindings}}
}

// importOutcome is the answer to a machine.
type importOutcome struct {
	Import   string                `json:"import"`
	Total    int                   `json:"total"`
	Accepted int                   `json:"accepted"`
	Known    int                   `json:"known"`
	Faults   []violations.RowFault `json:"faults"`
}

// apiFindings takes findings of a machine, which signs the request, its body
// included, with the key that is configured for it. A bearer secret would be in
// every request; a signature is of use to nobody else.
func (s *Server) apiFindings(c *Ctx) error {
	r := c.Request()
	body, err := io.ReadAll(io.LimitReader(r.Body, violations.MaxBody+1))
	if err != nil || len(body) > violations.MaxBody {
		return fault.New(fault.TooLarge, "%s", c.T("error.too_large.text"))
	}
	m := &httpsig.Message{Method: r.Method, Target: s.origin.base() + r.URL.RequestURI(), Header: r.Header, Body: body}
	v, err := httpsig.Verify(m, httpsig.Request, s.cfg.Machines.Rule())
	if err != nil {
		return err
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) < 8 || len(key) > 128 {
		return fault.New(fault.Invalid, "Idempotency-Key has from 8 to 128 characters.")
	}
	rows, err := violations.ReadJSON(body)
	if err != nil {
		return err
	}
	ctx := identity.With(c.Ctx(), identity.SystemActor())
	im, err := s.cfg.Services.FindingImports.Bring(ctx, violations.Delivery{How: violations.ByCall, Rows: rows, Machine: v.KeyID, Key: key})
	if err != nil {
		return err
	}
	out := importOutcome{im.ID, im.Total, im.Accepted, im.Known, im.Faults}
	if out.Faults == nil {
		out.Faults = []violations.RowFault{}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "application/json", b)
}
