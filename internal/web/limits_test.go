package web

import (
	"strings"
	"testing"
)

func TestOneSessionHasItsShare(t *testing.T) {
	st := newSite(t, func(c *Config) { c.Limits = Limits{PerIP: -1, PerSession: 0.0001, BurstSession: 2} })
	get := func(token string) int { return st.do(call{path: "/help/privacy", token: token}).Code }
	if a, b, c := get("tok-officer"), get("tok-officer"), get("tok-officer"); a != 200 || b != 200 || c != 429 {
		t.Errorf("%d %d %d, want 200 200 429", a, b, c)
	}
	if got := get("tok-reviewer"); got != 200 {
		t.Errorf("one session's share was taken by another: %d", got)
	}
	w := st.do(call{path: "/help/privacy", token: "tok-officer"})
	if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "Wait a few seconds") {
		t.Error("429 must say when to try again")
	}
	if w := st.do(call{path: st.assets.url("app.css"), token: "tok-officer"}); w.Code != 200 {
		t.Errorf("static files are not counted: %d", w.Code)
	}
}

func TestOneCustomersNetworkIsOneClient(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9",
		"2001:db8:1:2:aaaa::1": "2001:db8:1:2::/64", "2001:db8:1:2:bbbb::9": "2001:db8:1:2::/64", "junk": "unknown",
	} {
		if got := network(in); got != want {
			t.Errorf("network(%s) = %s, want %s", in, got, want)
		}
	}
}
