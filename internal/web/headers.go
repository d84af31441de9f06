package web

import (
	"strings"

	"github.com/labstack/echo/v4"
)

// fixedHeaders are on every answer.
// SPEC: OWASP ASVS 5.0 V3.4.
var fixedHeaders = map[string]string{
	"X-Content-Type-Options":            "nosniff",
	"Referrer-Policy":                   "no-referrer",
	"Cross-Origin-Opener-Policy":        "same-origin",
	"Cross-Origin-Resource-Policy":      "same-origin",
	"Origin-Agent-Cluster":              "?1",
	"X-Permitted-Cross-Domain-Policies": "none",
	"Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
		"magnetometer=(), microphone=(), midi=(), payment=(), usb=(), browsing-topics=()",
}

// headers sets the strict headers before anything else can answer. A handler
// may loosen Cache-Control, for what is public and never changes.
func (s *Server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := ec.(*Ctx)
		h := c.Response().Header()
		for name, value := range fixedHeaders {
			h.Set(name, value)
		}
		if s.origin.secure {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "Accept-Language, Cookie")
		s.policy(c, Needs{})
		return next(c)
	}
}

// withScript lets the page at hand load our own script file, and gives its address.
// A route's own Needs would do so for its refusals too, and so tell that it is there.
func (c *Ctx) withScript() string {
	c.srv.policy(c, Needs{Script: true})
	return c.srv.assets.url("app.js")
}

// policy sets the content security policy: nothing at all, and then the least
// that the route's page needs.
func (s *Server) policy(c *Ctx, n Needs) {
	p := []string{"default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action 'self'", "base-uri 'none'"}
	if n.Script {
		p = append(p, "script-src 'self'", "connect-src 'self'", "require-trusted-types-for 'script'")
	}
	if n.Frame {
		p = append(p, "frame-src 'self'")
	}
	ancestors, frames := "'none'", "DENY"
	if n.Framed {
		ancestors, frames = "'self'", "SAMEORIGIN"
	}
	p = append(p, "frame-ancestors "+ancestors)
	if s.origin.secure {
		p = append(p, "upgrade-insecure-requests")
	}
	c.Response().Header().Set("Content-Security-Policy", strings.Join(p, "; "))
	c.Response().Header().Set("X-Frame-Options", frames)
}
