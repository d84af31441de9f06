package web

import (
	"net/http"
	"strings"
	"time"
)

// SecurityContact says where faults in this portal's safety are told.
type SecurityContact struct {
	Contact string // mailto:, https: or tel:; empty for none
	Policy  string // https: page with the rules for finders; optional
}

// securityValid is how long the file is to be relied on. It is made anew at
// each request, so that it never goes stale; the RFC recommends under a year.
const securityValid = 90 * 24 * time.Hour

func (s *Server) securityRoutes() []Route {
	if s.cfg.Security.Contact == "" {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/.well-known/security.txt", Name: "security.show", Title: "page.home", Public: true, Handle: s.securityTXT}}
}

// securityTXT says to whom a fault in the portal's safety is told.
// SPEC: RFC 9116 §2.5.
func (s *Server) securityTXT(c *Ctx) error {
	at := s.cfg.Security
	tags := make([]string, 0, len(s.words.tags))
	for _, t := range s.words.tags {
		tags = append(tags, t.String())
	}
	lines := []string{
		"Contact: " + at.Contact,
		"Expires: " + c.Now().Truncate(24*time.Hour).Add(securityValid).Format(time.RFC3339),
		"Preferred-Languages: " + strings.Join(tags, ", "),
		"Canonical: " + s.origin.base() + "/.well-known/security.txt",
	}
	if at.Policy != "" {
		lines = append(lines, "Policy: "+at.Policy)
	}
	c.Response().Header().Del("Vary")
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(strings.Join(lines, "\n")+"\n"))
}
