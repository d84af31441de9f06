package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestSecurityTXT holds the file's lines, and that there is none without a
// contact.
func TestSecurityTXT(t *testing.T) {
	const path = "/.well-known/security.txt"
	if w := newSite(t, nil).do(call{path: path}); w.Code != http.StatusNotFound {
		t.Errorf("without a contact: %d", w.Code)
	}
	st := newSite(t, func(c *Config) {
		c.Security = SecurityContact{Contact: "mailto:security@example.com", Policy: "https://example.com/policy"}
	})
	w := st.do(call{path: path})
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	for _, line := range []string{"Contact: mailto:security@example.com\n", "Expires: 2027-01-31T00:00:00Z\n", "Policy: https://example.com/policy\n",
		"Canonical: http://localhost:8080/.well-known/security.txt\n", "Preferred-Languages: en, "} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("the file lacks %q:\n%s", line, w.Body)
		}
	}
}
