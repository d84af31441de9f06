package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"lerd/internal/fault"
)

func TestEveryKindOfFailureHasItsPage(t *testing.T) {
	st := newSite(t, nil)
	for kind, status := range map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409, fault.TooLarge: 413,
		fault.Unsupported: 415, fault.SignIn: 401, fault.Unavailable: 503, fault.TooMany: 429, fault.Gate: 409,
	} {
		w := st.do(call{path: "/probe/fail/" + string(kind)})
		body := w.Body.String()
		if w.Code != status || !strings.Contains(body, "<h1>") || strings.Contains(body, "[error.") {
			t.Errorf("%s: %d", kind, w.Code)
		}
		if strings.Contains(body, "unexpected EOF") {
			t.Errorf("%s: the page shows the cause", kind)
		}
		own := kind != fault.Internal && kind != fault.NotFound
		if strings.Contains(body, "words for people") != own {
			t.Errorf("%s: the fault's own words shown = %v", kind, !own)
		}
		if strings.Contains(body, w.Header().Get("X-Request-Id")) != (status >= 500) {
			t.Errorf("%s: reference shown = %v", kind, status < 500)
		}
	}
}

// TestProblemsForPrograms reads RFC 9457 answers.
func TestProblemsForPrograms(t *testing.T) {
	st := newSite(t, nil)
	for _, tt := range []struct {
		path, accept string
		json         bool
	}{
		{"/probe/fail/conflict", "application/json", true},
		{"/probe/fail/conflict", "application/problem+json", true},
		{"/probe/fail/conflict", "text/html,application/xhtml+xml,application/json", false},
		{"/probe/fail/conflict", "*/*", false},
		{"/api/v1/none", "*/*", true},
	} {
		w := st.do(call{path: tt.path, header: map[string]string{"Accept": tt.accept}})
		isJSON := w.Header().Get("Content-Type") == "application/problem+json"
		if isJSON != tt.json {
			t.Errorf("%s as %s: %s", tt.path, tt.accept, w.Header().Get("Content-Type"))
			continue
		}
		if !isJSON {
			continue
		}
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Title == "" || p.Detail == "" || p.Type != "about:blank" {
			t.Errorf("%s: %s (%v)", tt.path, w.Body, err)
		}
	}
	w := st.do(call{method: "POST", path: "/probe/form", token: "tok-officer", header: map[string]string{"Accept": "application/json"}, form: formOf()})
	if w.Code != 422 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAPanicIsAPlainPageAndALogLineWithoutItsValue(t *testing.T) {
	st := newSite(t, nil)
	w := st.do(call{path: "/probe/panic"})
	if w.Code != 500 || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if log := st.log.String(); strings.Contains(log, "49301234567") || !strings.Contains(log, "panic of type string") || !strings.Contains(log, "web_test.go") {
		t.Errorf("log: %s", log)
	}
	if strings.Contains(w.Body.String(), "49301234567") || strings.Contains(w.Body.String(), "goroutine") {
		t.Error("the page shows the panic")
	}
	if w := st.do(call{path: "/"}); w.Code != 200 {
		t.Errorf("the server did not survive: %d", w.Code)
	}
}

// TestAFailingTemplateIsAWholePage breaks a page in the middle.
func TestAFailingTemplateIsAWholePage(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.Extra = []Route{{Method: "GET", Path: "/half", Name: "half", Public: true, Handle: func(c *Ctx) error {
			return signInView.Show(c, signInPage{Base: c.Base("sign_in.title"), Form: &Form{}}) // has no fields
		}}}
	})
	w := st.do(call{path: "/half"})
	if w.Code != 500 || strings.Count(w.Body.String(), "<!doctype html>") != 1 || !strings.Contains(w.Body.String(), "</html>") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

func TestReadHidesTheUnknown(t *testing.T) {
	for _, err := range []error{errors.New("password=hunter2"), fmt.Errorf("store: %w", fault.New(fault.Internal, "hunter2"))} {
		if f := read(err); f.status != 500 || f.message != "" || f.word != "internal" {
			t.Errorf("read(%v) = %+v", err, f)
		}
	}
	f := read(fmt.Errorf("submit(1): %w", fault.New(fault.Gate, "The finding is not confirmed.")))
	if f.status != 409 || f.message != "The finding is not confirmed." {
		t.Errorf("read lost the words: %+v", f)
	}
}
