package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Cookie names. The __Host- prefix makes the browser refuse the cookie unless it
// is Secure, for this host only and for the whole path; plain http on a loopback
// address, which is for evaluation, cannot have it.
const (
	sessionCookie      = "__Host-lerd"
	sessionCookiePlain = "lerd-session"
	flashCookie        = "__Host-lerd-notice"
	flashCookiePlain   = "lerd-notice"
)

func (s *Server) sessionName() string { return s.cookieName(sessionCookie, sessionCookiePlain) }

func (s *Server) flashName() string { return s.cookieName(flashCookie, flashCookiePlain) }

// cookieName chooses the name that the origin can have. Practice has names of
// its own: ports of one host share their cookies.
func (s *Server) cookieName(secure, plain string) string {
	name := plain
	if s.origin.secure {
		name = secure
	}
	if s.cfg.Practice != nil {
		name += "-practice"
	}
	return name
}

// cookie makes one of our cookies; an empty value deletes it.
// SPEC: OWASP ASVS 5.0 V3.3.1 to V3.3.4.
func (s *Server) cookie(name, value string) *http.Cookie {
	ck := &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true,
		Secure: s.origin.secure, SameSite: http.SameSiteStrictMode,
	}
	if value == "" {
		ck.MaxAge = -1
	}
	return ck
}

// token gives the session token that the request carries, or "".
func (c *Ctx) token() string {
	ck, err := c.Request().Cookie(c.srv.sessionName())
	if err != nil {
		return ""
	}
	return ck.Value
}

// SetSession gives the browser a session's token.
func (c *Ctx) SetSession(token string) {
	c.SetCookie(c.srv.cookie(c.srv.sessionName(), token))
}

// dropSession takes the token from the browser, and with it what it kept.
func (c *Ctx) dropSession() {
	c.SetCookie(c.srv.cookie(c.srv.sessionName(), ""))
	c.Response().Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`)
}

// actorless are the paths whose answer is the same for everybody; they work
// while sessions cannot be read.
var actorless = map[string]bool{"/static/*": true, "/log/*": true, "/healthz": true, "/readyz": true}

// authenticate puts the actor into the request's context. A dead or unknown
// token is nobody, and the cookie goes; any other failure is the request's.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := ec.(*Ctx)
		token := c.token()
		if token == "" || actorless[c.Path()] {
			return next(c)
		}
		actor, err := s.cfg.Sessions.Authenticate(c.Ctx(), token)
		if err != nil && fault.KindOf(err) == fault.SignIn {
			c.SetCookie(s.cookie(s.sessionName(), ""))
			return next(c)
		}
		if err != nil {
			return err
		}
		c.SetRequest(c.Request().WithContext(identity.With(c.Ctx(), actor)))
		c.event.role, c.event.session = string(actor.Role), string(actor.Session)
		return next(c)
	}
}

// setFlash keeps a message key for the next page. Only keys that begin with
// "flash." are shown, so that a planted cookie can say nothing of its own.
func (c *Ctx) setFlash(key string) { c.SetCookie(c.srv.cookie(c.srv.flashName(), key)) }

// takeFlash gives the notice that the last step left, once.
func (c *Ctx) takeFlash() *Notice {
	ck, err := c.Request().Cookie(c.srv.flashName())
	if err != nil {
		return nil
	}
	c.SetCookie(c.srv.cookie(c.srv.flashName(), ""))
	if !strings.HasPrefix(ck.Value, "flash.") || !c.srv.words.has(ck.Value) {
		return nil
	}
	return &Notice{Kind: Good, Text: c.T(ck.Value)}
}
