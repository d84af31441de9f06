package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Handler answers one route.
type Handler func(c *Ctx) error

// Body says what a route reads.
type Body string

// The bodies.
const (
	NoBody   Body = ""       // nothing is read
	FormBody Body = "form"   // application/x-www-form-urlencoded, or multipart without files
	Upload   Body = "upload" // multipart/form-data with files, streamed
	RawBody  Body = "raw"    // anything; the handler reads c.Request().Body itself
)

// Needs are the exceptions a route's page asks of the content security policy.
type Needs struct {
	Script bool // the page loads our own script file, e.g. for passkeys
	Frame  bool // the page shows one of our own documents in a frame
	Framed bool // the answer may be shown in a frame of our own pages
}

// Route is one row of the route table.
type Route struct {
	Method string
	Path   string // echo's pattern, e.g. "/cases/:id"
	Name   string // unique, "noun.act"
	Title  string // message key of the page's title; also the navigation's words

	// Who may enter: exactly one of Public and Roles.
	Public bool
	Roles  []identity.Role
	// Verb and Object are what the Authorizer is asked, for every route that
	// is neither public nor Self. It is asked about the actor's own agency; the
	// domain asks again about the very case.
	Verb   access.Verb
	Object access.Kind
	// Self marks a route about the actor's own account only, e.g. their
	// sessions: it needs a role and no rule.
	Self bool

	Body    Body
	MaxBody int64         // bytes; 0 takes the default for the Body
	Timeout time.Duration // of the handler's context; 0 takes the default
	Order   bool          // the text or a page of a paper may have to be read first: as long as that may take
	Listed  bool          // search engines may name the page; a public one that is the same for everybody
	NoKey   bool          // a POST that needs no idempotency key, e.g. sign-out

	Needs  Needs
	Nav    int // place in the navigation, 0 for not there
	Handle Handler
}

// Defaults of a route's limits, bytes and time.
const (
	formLimit     = 256 << 10
	uploadLimit   = 25 << 20
	formTimeout   = 20 * time.Second
	uploadTimeout = 5 * time.Minute
	orderTimeout  = time.Minute // of a route with Order: the renderer has 20 seconds for a text and for a page, and may have to be waited for
)

// maxBody gives the route's body limit in bytes.
func (r Route) maxBody() int64 {
	switch {
	case r.Body == NoBody:
		return 0
	case r.MaxBody > 0:
		return r.MaxBody
	case r.Body == Upload:
		return uploadLimit
	}
	return formLimit
}

func (r Route) timeout() time.Duration {
	switch {
	case r.Timeout > 0:
		return r.Timeout
	case r.Order:
		return orderTimeout
	case r.Body == Upload:
		return uploadTimeout
	}
	return formTimeout
}

// Allows tells whether the role may enter; an empty role is nobody signed in.
func (r Route) Allows(role identity.Role) bool {
	return r.Public || (role != "" && slices.Contains(r.Roles, role))
}

func (r Route) safe() bool { return r.Method == http.MethodGet }

// checkRoutes refuses a table with a row that is not whole.
func checkRoutes(routes []Route) error {
	names, places := map[string]bool{}, map[string]bool{}
	for _, r := range routes {
		at := r.Method + " " + r.Path
		if err := checkRoute(r); err != nil {
			return fault.Because(fault.Invalid, err, "web: route %s (%s): %v", at, r.Name, err)
		}
		if names[r.Name] || places[at] {
			return fault.New(fault.Invalid, "web: route %s (%s) is there twice", at, r.Name)
		}
		names[r.Name], places[at] = true, true
	}
	return nil
}

func checkRoute(r Route) error {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodPut && r.Method != http.MethodDelete:
		return fmt.Errorf("method must be GET, POST, PUT or DELETE")
	case !strings.HasPrefix(r.Path, "/") || r.Name == "" || r.Handle == nil:
		return fmt.Errorf("path, name and handler must be given")
	case r.Public == (len(r.Roles) > 0):
		return fmt.Errorf("must be either public or name its roles")
	case r.Public && (r.Verb != "" || r.Object != "" || r.Self):
		return fmt.Errorf("a public route asks for no verb")
	case r.Listed && !(r.Public && r.safe()):
		return fmt.Errorf("only a page for everybody is listed")
	case !r.Public && r.Self == (r.Verb != "" && r.Object != ""):
		return fmt.Errorf("verb and object for the authorizer must be given, or Self")
	case r.safe() && r.Body != NoBody:
		return fmt.Errorf("GET reads no body")
	}
	for _, role := range r.Roles {
		if !role.Known() {
			return fmt.Errorf("unknown role %q", role)
		}
	}
	return nil
}

// mount hands the route to echo; a GET answers HEAD as well.
func (s *Server) mount(e *echo.Echo, r Route) {
	h := func(ec echo.Context) error { return s.serve(ec.(*Ctx), r) }
	e.Add(r.Method, r.Path, h)
	if r.safe() {
		e.Add(http.MethodHead, r.Path, h)
	}
}

// serve takes a request through the route's rules to its handler.
func (s *Server) serve(c *Ctx, r Route) error {
	c.Route = r
	if err := s.admit(c, r); err != nil {
		return err
	}
	s.policy(c, r.Needs)
	cancel := s.bound(c, r)
	defer cancel()
	if !r.safe() && r.Body != RawBody {
		if err := c.readForm(); err != nil {
			return err
		}
	}
	defer c.closeUploads()
	return r.Handle(c)
}

// admit lets in who may enter. A signed-in person who may not gets NotFound.
func (s *Server) admit(c *Ctx, r Route) error {
	if r.Public {
		return nil
	}
	actor, ok := identity.From(c.Request().Context())
	if !ok {
		return fault.New(fault.SignIn, "%s", c.T("error.sign_in.text"))
	}
	if !r.Allows(actor.Role) {
		return notFound()
	}
	if r.Self {
		return nil
	}
	rule, err := s.cfg.Authorizer.Allow(c.Ctx(), actor, r.Verb, own(actor, r.Object))
	c.event.rule = rule
	return err
}

// own is an object of the kind that belongs to the actor's agency.
func own(actor identity.Actor, kind access.Kind) access.Object {
	return access.Object{Kind: kind, Agency: actor.Agency}
}

// checkPolicy refuses to start with a route that names a role which no rule of
// the policy lets in: either the route or the policy is wrong.
func (s *Server) checkPolicy() error {
	for _, r := range s.routes {
		if r.Public || r.Self {
			continue
		}
		for _, role := range r.Roles {
			actor := identity.Actor{Person: "start", Role: role}
			if !role.Staff() {
				actor.Agency = "start"
			}
			if _, err := s.cfg.Authorizer.Allow(context.Background(), actor, r.Verb, own(actor, r.Object)); err != nil {
				return fault.Because(fault.Invalid, err, "web: route %s (%s): no rule of the policy lets %s %s a %s", r.Path, r.Name, role, r.Verb, r.Object)
			}
		}
	}
	return nil
}
