package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

func (s *Server) healthRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/healthz", Name: "health.live", Public: true, Handle: s.live},
		{Method: http.MethodGet, Path: "/readyz", Name: "health.ready", Public: true, Handle: s.ready},
		{Method: http.MethodGet, Path: "/robots.txt", Name: "robots.show", Public: true, Handle: s.robots},
	}
}

// live says that the process answers.
func (s *Server) live(c *Ctx) error { return c.String(http.StatusOK, "ok\n") }

// ready says, check by check, whether the process can work. It names no cause:
// the log has it.
func (s *Server) ready(c *Ctx) error {
	ctx, cancel := context.WithTimeout(c.Ctx(), 3*time.Second)
	defer cancel()
	status := http.StatusOK
	var b strings.Builder
	for _, check := range s.cfg.Ready {
		word := "ok"
		if err := check.Ping(ctx); err != nil {
			status, word = http.StatusServiceUnavailable, "not ready"
			c.event.err = err
		}
		b.WriteString(check.Name + ": " + word + "\n")
	}
	if status == http.StatusOK {
		b.WriteString("ready\n")
	}
	return c.String(status, b.String())
}

// robots asks search engines to stay with the front page and the public reports.
func (s *Server) robots(c *Ctx) error {
	return c.String(http.StatusOK, "User-agent: *\nAllow: /$\nAllow: /transparency\nAllow: /log/\nDisallow: /\n")
}

func (s *Server) logRoutes() []Route {
	if s.cfg.LogTiles == nil {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: "/log/*", Name: "log.tiles", Public: true, Handle: s.logTiles}}
}

// logTiles hands over to the audit log's own handler, which sees the path
// below /log.
func (s *Server) logTiles(c *Ctx) error {
	c.Response().Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // auditors' tools read it from anywhere
	return echo.WrapHandler(http.StripPrefix("/log", s.cfg.LogTiles))(c)
}
