package web

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

func TestRouteTableRefusesRowsThatAreNotWhole(t *testing.T) {
	ok := Route{Method: "GET", Path: "/x", Name: "x", Public: true, Handle: func(*Ctx) error { return nil }}
	officer := []identity.Role{identity.Officer}
	for name, change := range map[string]func(*Route){
		"no rule at all":         func(r *Route) { r.Public = false },
		"public and roles":       func(r *Route) { r.Roles = officer },
		"roles without verb":     func(r *Route) { r.Public, r.Roles = false, officer },
		"a role that is none":    func(r *Route) { r.Public, r.Roles, r.Self = false, []identity.Role{"root"}, true },
		"roles, and listed":      func(r *Route) { r.Public, r.Roles, r.Self, r.Listed = false, officer, true, true },
		"no handler":             func(r *Route) { r.Handle = nil },
		"no name":                func(r *Route) { r.Name = "" },
		"a method of its own":    func(r *Route) { r.Method = "PATCH" },
		"a GET that takes input": func(r *Route) { r.Body = FormBody },
		"public with a verb":     func(r *Route) { r.Verb, r.Object = "view", "request" },
		"self and verb":          func(r *Route) { r.Public, r.Roles, r.Self, r.Verb, r.Object = false, officer, true, "a", "b" },
	} {
		r := ok
		change(&r)
		if err := checkRoutes([]Route{r}); err == nil {
			t.Errorf("the table took a route with %s", name)
		}
	}
	if err := checkRoutes([]Route{ok, ok}); err == nil {
		t.Error("the table took a route twice")
	}
	if err := checkRoutes([]Route{ok}); err != nil {
		t.Errorf("the table refused a sound route: %v", err)
	}
}

// TestServerRefusesARouteThatNoRuleLetsIn starts the portal over the real policy.
func TestServerRefusesARouteThatNoRuleLetsIn(t *testing.T) {
	policy, err := access.Load(os.DirFS("../../policies"))
	if err != nil {
		t.Fatal(err)
	}
	with := func(verb access.Verb, kind access.Kind, role identity.Role) error {
		cfg := newSite(t, nil).cfg
		cfg.Authorizer = policy
		cfg.Extra = []Route{{Method: "GET", Path: "/x", Name: "x", Roles: []identity.Role{role}, Verb: verb, Object: kind, Handle: func(*Ctx) error { return nil }}}
		_, err := New(cfg)
		return err
	}
	if err := with("view", "request", identity.Officer); err != nil {
		t.Errorf("an officer's view of a request was refused: %v", err)
	}
	if err := with("confirm", "finding", identity.Confirmer); err != nil {
		t.Errorf("a confirmer's finding was refused: %v", err)
	}
	if err := with("approve", "release", identity.Officer); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an officer's approval started: %v", err)
	}
}

// TestEveryRouteByEveryRole walks the whole table.
func TestEveryRouteByEveryRole(t *testing.T) {
	st := newSite(t, func(c *Config) { c.Development = true; c.DevSignIn = devFake{} })
	tokens := map[string]identity.Role{"": "", "tok-officer": identity.Officer, "tok-reviewer": identity.Reviewer}
	for _, r := range st.Routes() {
		for token, role := range tokens {
			path := strings.NewReplacer(":id", testKey, ":kind", "conflict", "/*", "/none").Replace(r.Path)
			c := call{method: r.Method, path: path, token: token}
			if r.Method == http.MethodPost {
				c.form = formOf()
			}
			actor := st.sessions.actors[token]
			got := st.do(c).Code
			if token != "" {
				st.sessions.actors[token] = actor // sign-out is on the way
			}
			switch {
			case r.Allows(role):
				if got == http.StatusUnauthorized || got == http.StatusForbidden {
					t.Errorf("%s %s as %q = %d", r.Method, r.Path, role, got)
				}
			case role == "" && got != http.StatusUnauthorized:
				t.Errorf("%s %s signed out = %d, want 401", r.Method, r.Path, got)
			case role != "" && got != http.StatusNotFound:
				t.Errorf("%s %s as %q = %d, want 404", r.Method, r.Path, role, got)
			}
		}
	}
}

// TestAbsentAndHiddenAreTheSameBytes compares every way in which a thing can be
// not there.
func TestAbsentAndHiddenAreTheSameBytes(t *testing.T) {
	st := newSite(t, func(c *Config) {
		c.Authorizer = allowFake{deny: map[string]error{"deny": fault.New(fault.NotFound, "rule 7 says no")}}
		c.Extra = append(c.Extra, Route{Method: "GET", Path: "/denied/:id", Name: "denied", Roles: []identity.Role{identity.Officer}, Verb: "deny", Object: "x", Handle: func(c *Ctx) error { return c.String(200, "no") }})
	})
	paths := []string{"/probe/mine/" + testKey, "/probe/mine/not-a-uuid", "/probe/staff/" + testKey, "/denied/1", "/no/such/page"}
	for _, accept := range []string{"text/html", "application/json"} {
		var first string
		for _, p := range paths {
			w := st.do(call{path: p, token: "tok-officer", header: map[string]string{"Accept": accept}})
			if w.Code != 404 {
				t.Errorf("%s = %d, want 404", p, w.Code)
			}
			w.Header().Del("X-Request-Id")
			all := headerText(w.Header()) + w.Body.String()
			if first == "" {
				first = all
			}
			if all != first {
				t.Errorf("%s (%s) tells itself apart from %s", p, accept, paths[0])
			}
		}
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestNavigationFollowsTheRole(t *testing.T) {
	st := newSite(t, nil)
	officer := st.do(call{path: "/help/verify", token: "tok-officer"}).Body.String()
	reviewer := st.do(call{path: "/help/verify", token: "tok-reviewer"}).Body.String()
	if !strings.Contains(officer, `<a href="/probe/mine/:id"`) || strings.Contains(reviewer, "/probe/mine") {
		t.Error("the navigation must show a role its own places and no others")
	}
	if !strings.Contains(officer, "Ana Novak") || !strings.Contains(officer, "Agency officer") {
		t.Error("the page must say who is signed in, and as what")
	}
}
