package web

import (
	"net/netip"
	"testing"
)

// TestForeignFormsAreRefused posts as a browser would from each place.
func TestForeignFormsAreRefused(t *testing.T) {
	st := newSite(t, nil)
	for _, tt := range []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"same origin", map[string]string{"Sec-Fetch-Site": "same-origin"}, 303},
		{"typed by the user", map[string]string{"Sec-Fetch-Site": "none"}, 303},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a sibling of our site", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"older browser, our origin", map[string]string{"Origin": "http://" + testHost}, 303},
		{"older browser, foreign origin", map[string]string{"Origin": "https://evil.example"}, 403},
		{"older browser, origin withheld", map[string]string{"Origin": "null"}, 403},
		{"our host, other port", map[string]string{"Origin": "http://localhost:9"}, 403},
		{"no browser", nil, 303},
	} {
		before := len(st.sessions.ended)
		w := st.do(call{method: "POST", path: "/sign-out", token: "tok-officer", form: formOf(), header: tt.header})
		if w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
		if tt.want == 403 && len(st.sessions.ended) != before {
			t.Errorf("%s: refused, and done all the same", tt.name)
		}
	}
}

func TestOnlyOurOwnNameIsAnswered(t *testing.T) {
	for _, tt := range []struct {
		origin, host, path string
		want               int
	}{
		{"https://requests.example.org", "requests.example.org", "/", 200},
		{"https://requests.example.org", "REQUESTS.example.org:443", "/", 200},
		{"https://requests.example.org", "evil.example", "/", 421},
		{"https://requests.example.org", "localhost", "/", 421},
		{"https://requests.example.org", "10.0.0.7:8080", "/healthz", 200},
		{"https://requests.example.org", "10.0.0.7:8080", "/readyz", 200},
		{"http://localhost:8080", "127.0.0.1:8080", "/", 200},
		{"http://localhost:8080", "[::1]:8080", "/", 200},
		{"http://localhost:8080", "rebound.example:8080", "/", 421},
	} {
		st := newSite(t, func(c *Config) { c.PublicOrigin = tt.origin })
		if w := st.do(call{path: tt.path, header: map[string]string{"Host": tt.host}}); w.Code != tt.want {
			t.Errorf("%s asked as %s%s = %d, want %d", tt.origin, tt.host, tt.path, w.Code, tt.want)
		}
	}
}

// TestForgedAddressesDoNotHelp asks more than the limit, each time under another
// forged address.
func TestForgedAddressesDoNotHelp(t *testing.T) {
	forged := func(change func(*Config)) (ok int) {
		st := newSite(t, func(c *Config) {
			c.Limits = Limits{PerIP: 0.0001, BurstIP: 3, PerSession: -1}
			if change != nil {
				change(c)
			}
		})
		for i := range 10 {
			ip := netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}).String()
			if st.do(call{path: "/", header: map[string]string{"X-Forwarded-For": ip, "X-Real-Ip": ip}}).Code == 200 {
				ok++
			}
		}
		return ok
	}
	if n := forged(nil); n != 3 {
		t.Errorf("%d of 10 passed without a proxy, want 3", n)
	}
	// httptest's peer is 192.0.2.1; where the operator names it, its word counts.
	proxy := func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }
	if n := forged(proxy); n != 10 {
		t.Errorf("%d of 10 passed behind a named proxy, want 10", n)
	}
}
