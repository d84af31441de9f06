package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"lerd/internal/fault"
)

// event is what one request's line in the log says.
type event struct {
	role, session string // of the actor; a session's id is not its token
	rule          string // of the access policy
	kind          fault.Kind
	err           error // cause of a failure that is ours
	attrs         []slog.Attr
}

// LogAttr adds to the request's event: ids and counts, never personal data.
func (c *Ctx) LogAttr(attrs ...slog.Attr) { c.event.attrs = append(c.event.attrs, attrs...) }

// logRequest writes one wide event per request. It holds the route's pattern,
// never the address with its values, and no address of the client.
func (s *Server) logRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := ec.(*Ctx)
		start := s.cfg.Now()
		if err := next(c); err != nil {
			s.handleError(err, c)
		}
		s.recordAttempt(c)
		level := slog.LevelInfo
		if c.Response().Status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		s.cfg.Log.LogAttrs(c.Ctx(), level, "request", c.attrs(s.cfg.Now().Sub(start))...)
		return nil
	}
}

// attrs gives the event's attributes.
func (c *Ctx) attrs(took time.Duration) []slog.Attr {
	route := c.Route.Path
	if route == "" {
		route = "(none)"
	}
	out := []slog.Attr{
		slog.String("request_id", c.id), slog.String("method", knownMethod(c.Request().Method)),
		slog.String("route", route), slog.Int("status", c.Response().Status),
		slog.Int64("bytes", c.Response().Size),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	for _, p := range [][2]string{{"role", c.event.role}, {"session", c.event.session}, {"rule", c.event.rule}, {"fault", string(c.event.kind)}} {
		if p[1] != "" {
			out = append(out, slog.String(p[0], p[1]))
		}
	}
	if c.event.err != nil {
		out = append(out, slog.String("err", c.event.err.Error()))
	}
	return append(out, c.event.attrs...)
}

// knownMethod keeps a client's invention out of the log.
func knownMethod(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return m
	}
	return "(other)"
}

// recoverPanic turns a defect into an Internal failure. The log gets the stack
// and the panic's type, not its value, which may hold anything.
func (s *Server) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(p)
			}
			what := fmt.Sprintf("panic of type %T", p)
			if e, ok := p.(error); ok {
				what += ": " + e.Error()
			}
			ec.(*Ctx).LogAttr(slog.String("stack", string(debug.Stack())))
			err = fault.Because(fault.Internal, errors.New(what), "panic")
		}()
		return next(ec)
	}
}

// bound ends the handler's context, and the reading of its body, at the route's
// time limit.
func (s *Server) bound(c *Ctx, r Route) context.CancelFunc {
	ctx, cancel := context.WithTimeout(c.Ctx(), r.timeout())
	c.SetRequest(c.Request().WithContext(ctx))
	// The sockets' deadlines are of the machine's clock, whatever cfg.Now says.
	if r.Body != NoBody { // a writer without deadlines, as in tests, says so; that is fine
		rc := http.NewResponseController(c.Response().Writer)
		_ = rc.SetReadDeadline(time.Now().Add(r.timeout()))
		_ = rc.SetWriteDeadline(time.Now().Add(r.timeout() + 10*time.Second))
	}
	return cancel
}
