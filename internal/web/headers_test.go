package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestStrictHeadersOnEveryAnswer walks the table, and the answers that no route
// gives.
func TestStrictHeadersOnEveryAnswer(t *testing.T) {
	secure := func(c *Config) { c.PublicOrigin = "https://requests.example.org" }
	st := newSite(t, secure)
	calls := []call{{path: "/none"}, {method: "PATCH", path: "/"}, {method: "OPTIONS", path: "/"}, {method: "TRACE", path: "/"},
		{path: "/", header: map[string]string{"Host": "evil.example"}},
		{method: "POST", path: "/sign-out", header: map[string]string{"Sec-Fetch-Site": "cross-site"}}}
	for _, r := range st.Routes() {
		path := strings.NewReplacer(":id", "1", ":kind", "internal", "/*", "/none").Replace(r.Path)
		calls = append(calls, call{method: r.Method, path: path}, call{method: r.Method, path: path, token: "tok-officer"})
	}
	for _, c := range calls {
		if c.header == nil {
			c.header = map[string]string{}
		}
		if c.header["Host"] == "" {
			c.header["Host"] = "requests.example.org"
		}
		h := st.do(c).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
		} {
			if h.Get(name) != want {
				t.Errorf("%s %s: %s = %q", c.method, c.path, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s %s: policy lacks %s", c.method, c.path, part)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s %s: policy is too loose: %s", c.method, c.path, csp)
		}
		if h.Get("Permissions-Policy") == "" || h.Get("Cross-Origin-Resource-Policy") == "" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s %s: a header is missing", c.method, c.path)
		}
		if h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: Cache-Control = %q", c.method, c.path, h.Get("Cache-Control"))
		}
		if h.Get("Server") != "" || h.Get("Set-Cookie") != "" && strings.Contains(h.Get("Set-Cookie"), "Domain") {
			t.Errorf("%s %s: says too much", c.method, c.path)
		}
	}
}

func TestNeedsLoosenOnlyWhatTheySay(t *testing.T) {
	st := newSite(t, func(c *Config) {
		for name, n := range map[string]Needs{"script": {Script: true}, "frame": {Frame: true}, "framed": {Framed: true}} {
			c.Extra = append(c.Extra, Route{Method: "GET", Path: "/needs/" + name, Name: name, Title: "style.title", Public: true, Needs: n, Handle: func(c *Ctx) error {
				return signedOutView.Show(c, signedOutPage{Base: c.Base("style.title")})
			}})
		}
	})
	for path, want := range map[string][3]bool{"/needs/script": {true, false, false}, "/needs/frame": {false, true, false}, "/needs/framed": {false, false, true}, "/": {}} {
		w := st.do(call{path: path})
		csp := w.Header().Get("Content-Security-Policy")
		got := [3]bool{strings.Contains(csp, "script-src 'self'"), strings.Contains(csp, "frame-src 'self'"), strings.Contains(csp, "frame-ancestors 'self'")}
		if got != want {
			t.Errorf("%s: script, frame, framed = %v, want %v", path, got, want)
		}
		if strings.Contains(w.Body.String(), "<script") != want[0] {
			t.Errorf("%s: script element present = %v", path, !want[0])
		}
	}
}

func TestStaticFilesAreNamedByContent(t *testing.T) {
	st := newSite(t, nil)
	w := st.do(call{path: st.assets.url("app.css")})
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("app.css: %d %v", w.Code, w.Header())
	}
	for _, bad := range []string{"/static/app.css", "/static/css/10-tokens.css", "/static/../layout.html", "/static/%2e%2e/layout.html", "/static/"} {
		if w := st.do(call{path: bad}); w.Code != 404 {
			t.Errorf("%s = %d, want 404", bad, w.Code)
		}
	}
	st.sessions.err = http.ErrServerClosed
	if w := st.do(call{path: st.assets.url("app.css"), token: "tok-officer"}); w.Code != 200 {
		t.Errorf("static files must not need sessions: %d", w.Code)
	}
}
