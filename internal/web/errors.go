package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lerd/internal/fault"
)

// errorPage is the page of every failure.
type errorPage struct {
	Base
	Status  int
	Heading string
	Text    string
	Next    string // what the reader can do
	// Reference is the request's id, for failures that are ours to look into;
	// a page that must be the same for everybody has none.
	Reference string
	SignIn    bool
	Again     string // where to sign in to come back
	Items     []fault.Problem
}

var errorView = newPage[errorPage]("error")

// statusWords gives, per status, the message keys' middle: error.<word>.title,
// .text and .next.
var statusWords = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "sign_in",
	http.StatusForbidden:             "foreign",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported",
	http.StatusMisdirectedRequest:    "misdirected",
	http.StatusUnprocessableEntity:   "invalid",
	http.StatusTooManyRequests:       "too_many",
	http.StatusInternalServerError:   "internal",
	http.StatusServiceUnavailable:    "unavailable",
}

// failure is an error as it is shown.
type failure struct {
	status  int
	word    string
	message string // the fault's own words, "" for the catalogue's
	items   []fault.Problem
}

// errBadForm is a POST that no form of ours made: 400.
type errBadForm struct{ message string }

func (e errBadForm) Error() string { return "bad form: " + e.message }

// read finds what to show of err. It is the only place where an error becomes
// a status.
func read(err error) failure {
	var he *echo.HTTPError
	var bad errBadForm
	f := failure{status: fault.Status(err), message: fault.Message(err), items: fault.ProblemsOf(err)}
	switch {
	case errors.As(err, &bad):
		f = failure{status: http.StatusBadRequest, message: bad.message}
	case errors.As(err, &he):
		f = failure{status: he.Code}
	case f.status == http.StatusNotFound: // the same bytes, whatever the reason
		f = failure{status: http.StatusNotFound}
	case f.status == http.StatusInternalServerError:
		f.message = ""
	}
	f.word = statusWords[f.status]
	if fault.KindOf(err) == fault.StepUp {
		f.word = "step_up"
	}
	if f.word == "" {
		f.word, f.status = "internal", http.StatusInternalServerError
	}
	return f
}

// handleError answers a failed request: once, and never over a sent answer.
func (s *Server) handleError(err error, ec echo.Context) {
	c, ok := ec.(*Ctx)
	if !ok || c.Response().Committed {
		return
	}
	f := read(err)
	c.event.kind = fault.KindOf(err)
	if f.status >= http.StatusInternalServerError || f.status == http.StatusForbidden {
		c.event.err = err
	}
	if f.status < http.StatusInternalServerError && fault.KindOf(err) == fault.Internal {
		c.event.kind = fault.Kind(f.word)
	}
	if f.status == http.StatusMethodNotAllowed {
		f.status, f.word = http.StatusMethodNotAllowed, "method"
	}
	if wantsJSON(c.Request()) {
		s.sendProblem(c, f)
		return
	}
	s.sendErrorPage(c, f)
}

// wantsJSON tells whether the answer is for a program.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.HasPrefix(r.URL.Path, "/api/") ||
		(strings.Contains(accept, "json") && !strings.Contains(accept, "text/html"))
}

func (s *Server) sendErrorPage(c *Ctx, f failure) {
	key := "error." + f.word
	p := errorPage{Status: f.status, Heading: c.T(key + ".title"), Text: c.Say(f.message), Next: c.T(key + ".next"),
		SignIn: f.word == "sign_in"}
	for _, it := range f.items {
		p.Items = append(p.Items, fault.Problem{Field: it.Field, Message: c.Say(it.Message)})
	}
	c.quiet = true // the same bytes, whatever is new for the reader
	p.Base = c.Base(key + ".title")
	p.Back = "/" // the address is not repeated: absent and hidden pages are the same bytes
	if p.Text == "" {
		p.Text = c.T(key + ".text")
	}
	if f.status >= http.StatusInternalServerError {
		p.Reference = c.id
	}
	if p.SignIn && c.Request().Method == http.MethodGet {
		p.Again = c.Request().URL.Path
	}
	if f.status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", "30")
	}
	c.status = f.status
	if err := errorView.Show(c, p); err != nil {
		c.event.err = errors.Join(c.event.err, err)
		_ = c.String(f.status, p.Heading) // nothing is left to try
	}
}

// problem is an error as a program reads it.
// SPEC: RFC 9457 §3.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Reference string         `json:"reference,omitempty"`
	Errors    []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (s *Server) sendProblem(c *Ctx, f failure) {
	p := problem{Type: "about:blank", Title: c.T("error." + f.word + ".title"), Status: f.status, Detail: c.Say(f.message)}
	if p.Detail == "" {
		p.Detail = c.T("error." + f.word + ".text")
	}
	if f.status >= http.StatusInternalServerError {
		p.Reference = c.id
	}
	for _, it := range f.items {
		p.Errors = append(p.Errors, problemField{Field: it.Field, Detail: c.Say(it.Message)})
	}
	body, err := json.Marshal(p)
	if err != nil {
		c.event.err = errors.Join(c.event.err, err)
		return
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	c.Response().WriteHeader(f.status)
	_, _ = c.Response().Write(body)
}
