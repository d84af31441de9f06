package web

import "testing"

func TestSmoke(t *testing.T) {
	st := newSite(t, func(c *Config) { c.Development = true; c.DevSignIn = devFake{} })
	for _, p := range []string{"/", "/sign-in", "/signed-out", "/help/verify", "/help/accessibility", "/help/privacy", "/style", "/healthz", "/readyz"} {
		w := st.do(call{path: p})
		if w.Code != 200 {
			t.Errorf("%s: %d %s\n%s", p, w.Code, w.Body, st.log)
		}
	}
}
