package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Ctx is one request on its way: echo's context with what every page needs.
type Ctx struct {
	echo.Context
	Route Route // the zero Route until one was found

	srv     *Server
	id      string // request id, safe to show
	lang    language.Tag
	event   event
	seen    int64             // version of the case that the page shows, which its forms name
	quiet   bool              // the page says nothing that changes from one look to the next
	status  int               // status of the page to come, 0 for 200
	names   map[string]string // of what events name by ids, see learnNames
	values  url.Values        // decoded POST body
	key     string            // idempotency key of the POST
	uploads []*UploadedFile
}

// wrap makes the Ctx. It never fails.
func (s *Server) wrap(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := &Ctx{Context: ec, srv: s, id: s.newID()}
		c.lang = s.language(c.Request())
		c.Response().Header().Set(echo.HeaderXRequestID, c.id)
		return next(c)
	}
}

// newID gives a fresh UUID; a failing source of randomness ends the process,
// as it does in crypto/rand.
func (s *Server) newID() string {
	id, err := uuid.NewRandomFromReader(s.cfg.Rand)
	if err != nil {
		panic("web: no randomness: " + err.Error())
	}
	return id.String()
}

// newToken gives 256 random bits for a session, in hexadecimal digits.
// SPEC: OWASP ASVS 5.0 V7.2.3.
func (s *Server) newToken() string {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic("web: no randomness: " + err.Error())
	}
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, x := range b {
		out.WriteByte(digits[x>>4])
		out.WriteByte(digits[x&15])
	}
	return out.String()
}

// Ctx gives the request's context, which carries the actor and ends at the
// route's time limit.
func (c *Ctx) Ctx() context.Context { return c.Request().Context() }

// Actor gives who acts; ok is false when nobody is signed in.
func (c *Ctx) Actor() (actor identity.Actor, ok bool) { return identity.From(c.Ctx()) }

// Now gives the time in UTC.
func (c *Ctx) Now() time.Time { return c.srv.cfg.Now().UTC() }

// T gives a message in the reader's language; args are pairs of placeholder
// name and value.
func (c *Ctx) T(key string, args ...any) string { return c.srv.words.say(c.lang, key, args...) }

// Key gives the idempotency key that this POST carried.
func (c *Ctx) Key() string { return c.key }

// SetStatus sets the status with which the next page is sent.
func (c *Ctx) SetStatus(code int) { c.status = code }

// UUIDParam gives a path parameter that must be a lower-case UUID; anything
// else names nothing that exists.
func (c *Ctx) UUIDParam(name string) (string, error) {
	id, err := uuid.Parse(c.Param(name))
	if err != nil || id.String() != c.Param(name) {
		return "", notFound()
	}
	return id.String(), nil
}

// SeeOther sends the reader to a path of ours after a POST, with a notice for
// the next page when flash is a message key (or "").
func (c *Ctx) SeeOther(path, flash string) error {
	if flash != "" {
		c.setFlash(flash)
	}
	return c.Redirect(http.StatusSeeOther, LocalPath(path, "/"))
}

// LocalPath gives path if it is a path on this origin, otherwise fallback: an
// address from a form can lead nowhere else.
func LocalPath(path, fallback string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t\x00") {
		return fallback
	}
	return u.String()
}

func notFound() error { return fault.New(fault.NotFound, "There is nothing here.") }
