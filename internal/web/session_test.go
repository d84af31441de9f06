package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

func TestCookieFlags(t *testing.T) {
	for origin, want := range map[string]struct {
		name   string
		secure bool
	}{
		"https://requests.example.org": {"__Host-lerd", true},
		"http://localhost:8080":        {"lerd-session", false},
	} {
		st := newSite(t, func(c *Config) { c.PublicOrigin = origin })
		ck := st.cookie(st.sessionName(), "x")
		if ck.Name != want.name || ck.Secure != want.secure || !ck.HttpOnly || ck.SameSite != http.SameSiteStrictMode || ck.Path != "/" || ck.Domain != "" {
			t.Errorf("%s: cookie is %v", origin, ck)
		}
	}
}

func TestSignOutEndsTheSessionAndEmptiesTheBrowser(t *testing.T) {
	st := newSite(t, nil)
	w := st.do(call{method: "POST", path: "/sign-out", token: "tok-officer", form: formOf()})
	if w.Code != 303 || w.Header().Get("Location") != "/signed-out" {
		t.Fatalf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	if len(st.sessions.ended) != 1 || st.sessions.ended[0] != "tok-officer" {
		t.Errorf("ended %v", st.sessions.ended)
	}
	if !strings.Contains(w.Header().Get("Clear-Site-Data"), `"cookies"`) || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the browser keeps something: %v", w.Header())
	}
	if w := st.do(call{path: "/probe/mine/" + testKey, token: "tok-officer"}); w.Code != 401 {
		t.Errorf("the old cookie still works: %d", w.Code)
	}
	if w := st.do(call{path: "/sign-out", token: "tok-reviewer"}); w.Code != 405 || len(st.sessions.ended) != 1 {
		t.Errorf("GET signed somebody out: %d", w.Code)
	}
}

func TestDeadSessionIsNobodyAndAFailureIsAFailure(t *testing.T) {
	st := newSite(t, nil)
	w := st.do(call{path: "/", token: "stolen-or-old"})
	if w.Code != 200 || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("dead session: %d %v", w.Code, w.Header())
	}
	st.sessions.err = fault.New(fault.Unavailable, "The database is out of reach.")
	if w := st.do(call{path: "/probe/mine/" + testKey, token: "tok-officer"}); w.Code != 503 {
		t.Errorf("unreadable session: %d, want 503", w.Code)
	}
	st.sessions.err = errors.New("boom")
	if w := st.do(call{path: "/probe/mine/" + testKey, token: "tok-officer"}); w.Code != 500 {
		t.Errorf("broken session store: %d, want 500", w.Code)
	}
	if w := st.do(call{path: "/healthz", token: "tok-officer"}); w.Code != 200 {
		t.Errorf("liveness must not need sessions: %d", w.Code)
	}
}

func devSite(t *testing.T) *site {
	return newSite(t, func(c *Config) {
		c.Development = true
		c.DevSignIn = devFake{users: []DevUser{{"ana", "Ana Novak", identity.Officer, "Kripo"}, {"rui", "Rui Costa", identity.Reviewer, ""}}}
	})
}

func TestDevelopmentSignIn(t *testing.T) {
	st := devSite(t)
	page := st.do(call{path: "/sign-in?next=/probe/mine/1"}).Body.String()
	for _, want := range []string{"Ana Novak", "Kripo", `value="/probe/mine/1"`, `name="idempotency_key"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	w := st.do(call{method: "POST", path: "/sign-in", token: "tok-reviewer", form: formOf("user", "ana", "next", "/probe/mine/1")})
	if w.Code != 303 || w.Header().Get("Location") != "/probe/mine/1" || !strings.Contains(w.Header().Get("Set-Cookie"), "lerd-session=fresh-token-ana") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if len(st.sessions.ended) != 1 || st.sessions.ended[0] != "tok-reviewer" {
		t.Errorf("the session that the browser had must end: %v", st.sessions.ended)
	}
	for _, user := range []string{"", "nobody"} {
		w := st.do(call{method: "POST", path: "/sign-in", form: formOf("user", user)})
		if w.Code != 422 && w.Code != 401 || w.Header().Get("Set-Cookie") != "" || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("sign-in as %q: %d", user, w.Code)
		}
	}
}

func TestDevelopmentSignInIsForEvaluationOnly(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"https and development":          func(c *Config) { c.PublicOrigin, c.Development = "https://a.example", true },
		"https and development sign-in":  func(c *Config) { c.PublicOrigin, c.DevSignIn = "https://a.example", devFake{} },
		"development sign-in on its own": func(c *Config) { c.DevSignIn = devFake{} },
		"plain http on a public name":    func(c *Config) { c.PublicOrigin = "http://a.example" },
		"no origin":                      func(c *Config) { c.PublicOrigin = "" },
		"an origin with a path":          func(c *Config) { c.PublicOrigin = "https://a.example/x" },
		"no sessions":                    func(c *Config) { c.Sessions = nil },
	} {
		cfg := newSite(t, nil).cfg
		change(&cfg)
		if _, err := New(cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("New took %s: %v", name, err)
		}
	}
	st := newSite(t, nil)
	if w := st.do(call{method: "POST", path: "/sign-in", form: formOf("user", "ana")}); w.Code != 405 {
		t.Errorf("POST /sign-in without development sign-in = %d", w.Code)
	}
	if w := st.do(call{path: "/style"}); w.Code != 404 {
		t.Errorf("/style outside development = %d", w.Code)
	}
}

func TestLocalPathLeadsNowhereElse(t *testing.T) {
	for in, want := range map[string]string{
		"/cases/1": "/cases/1", "/a?b=c": "/a?b=c", "": "/home", "cases": "/home", "//evil.example": "/home",
		"https://evil.example": "/home", "/\\evil.example": "/home", "\\/evil": "/home", "javascript:alert(1)": "/home",
		"/\r\nSet-Cookie: x": "/home", "/%09/evil.example": "/%09/evil.example",
	} {
		if got := LocalPath(in, "/home"); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFlashSaysOnlyWhatTheCatalogueHas(t *testing.T) {
	st := newSite(t, nil)
	for value, shown := range map[string]bool{"flash.done": true, "error.internal.title": false, "<b>pwned</b>": false, "flash.unknown": false} {
		w := st.do(call{path: "/help/privacy", header: map[string]string{"Cookie": flashCookiePlain + "=" + value}})
		if got := strings.Contains(w.Body.String(), `class="notice notice-good"`); got != shown {
			t.Errorf("flash %q shown = %v", value, got)
		}
		if !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("flash %q stays", value)
		}
	}
}

func TestTokensAndIdsAreFresh(t *testing.T) {
	st := newSite(t, nil)
	a, b := st.newToken(), st.newToken()
	if len(a) != 64 || a == b {
		t.Errorf("tokens %q, %q: want 256 fresh bits each", a, b)
	}
	if first, second := st.newID(), st.newID(); first == second {
		t.Error("ids repeat")
	}
}
