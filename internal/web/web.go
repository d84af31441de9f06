// Package web is the portal: server-rendered pages that need no script, and the
// ground that every page stands on (routes as data, typed pages, forms, errors,
// headers, limits).
//
// Invariants:
//   - every route is a row of one table, with who may enter; a row without a
//     rule stops the server from starting;
//   - GET and HEAD change nothing; every state-changing form carries an
//     idempotency key, and comes from this origin;
//   - what a person may not know of answers with the very bytes of "not found";
//   - a page is rendered into memory first, so that nobody sees half of one;
//   - no event of the request log holds a URL's values or personal data.
package web

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Sessions tells who holds a session token.
type Sessions interface {
	// Authenticate gives the actor of a live session and moves its last-seen
	// time. A token that is unknown, ended or too old gives fault.SignIn.
	Authenticate(ctx context.Context, token string) (identity.Actor, error)
	// SignOut ends the session; it is durable when it returns. An unknown
	// token is no error.
	SignOut(ctx context.Context, token string) error
}

// Authorizer decides whether an actor may do a verb to an object. A refusal is
// an error of kind fault.NotFound; rule names the policy line for the log.
// access.Authorizer is one.
type Authorizer interface {
	Allow(ctx context.Context, actor identity.Actor, verb access.Verb, object access.Object) (rule string, err error)
}

// Check is one thing that must be well before the server takes traffic.
type Check struct {
	Name string // a plain word for /readyz, e.g. "database"
	Ping func(ctx context.Context) error
}

// Config is everything the portal needs; New checks it.
type Config struct {
	Log        *slog.Logger
	Now        func() time.Time // UTC is made of it here
	Rand       io.Reader        // crypto/rand when nil
	Sessions   Sessions
	Authorizer Authorizer
	// PublicOrigin is how browsers reach lerd: https://host[:port], or plain
	// http on a loopback name for evaluation.
	PublicOrigin string
	// Development shows /style and permits DevSignIn. It is refused together
	// with an https origin.
	Development bool
	// DevSignIn signs people in without a passkey, for the demo only.
	DevSignIn DevSignIn
	// People are the services of accounts and sessions.
	People People
	// StepUps asks for passkeys at single steps; nil where nobody has any.
	StepUps StepUps
	// Practice makes the portal one of invented cases, marked as such on every
	// page; nil for the real one.
	Practice *Practice
	// PracticeAt is where officers can practise, shown on public pages; empty
	// where that is nowhere.
	PracticeAt string
	// Security is where faults in the portal's safety are told.
	Security SecurityContact
	// Complaints is where users write to about a notice, as it is shown to them.
	Complaints string
	// Machines signs calls of /api/; nil: there is none.
	Machines MachineKeys
	// TrustedProxies may name the client in X-Forwarded-For; usually empty.
	TrustedProxies []netip.Prefix
	Ready          []Check
	// LogTiles serves the public audit log below /log/, with its own caching.
	LogTiles http.Handler
	// Published gives the files with which bundles are verified, below
	// /.well-known/lerd/; nil: they are published elsewhere.
	Published PublishedFiles
	// LogKey is the log's verifier key, printed on the help page.
	LogKey string
	// Services are the steps that the pages of a role take.
	Services Services
	// Product names the operator's service to the reader.
	Product string
	Limits  Limits
	// TempDir takes uploads while they are read; the system's when empty.
	TempDir string
	// Extra are routes that another package brings, e.g. the JSON API.
	Extra []Route
}

// Server is the portal as an http.Handler.
type Server struct {
	cfg      Config
	echo     *echo.Echo
	routes   []Route
	views    *engine
	assets   *assets
	words    *words
	origin   origin
	limits   *limiters
	matcher  language.Matcher
	attempts attempts
}

// New builds the portal. It gives an error of kind fault.Invalid for a wrong
// Config, and for a route, page, partial or message that is not whole.
func New(cfg Config) (*Server, error) {
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	s := &Server{cfg: cfg}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.routes = append(s.allRoutes(), cfg.Extra...)
	if err := checkRoutes(s.routes); err != nil {
		return nil, err
	}
	if err := s.checkPolicy(); err != nil {
		return nil, err
	}
	s.echo = s.newEcho()
	return s, nil
}

// load checks the configuration and reads the embedded files.
func (s *Server) load() (err error) {
	if s.cfg.Log == nil || s.cfg.Now == nil || s.cfg.Sessions == nil || s.cfg.Authorizer == nil {
		return fault.New(fault.Invalid, "web: Log, Now, Sessions and Authorizer must be given")
	}
	if err := s.cfg.Services.check(); err != nil {
		return err
	}
	if s.origin, err = parseOrigin(s.cfg.PublicOrigin); err != nil {
		return err
	}
	if s.origin.secure && s.cfg.Practice == nil && (s.cfg.Development || s.cfg.DevSignIn != nil) {
		return fault.New(fault.Invalid, "web: development mode and its sign-in are for plain http on a loopback address; take them off, or take https off")
	}
	if s.cfg.DevSignIn != nil && !s.cfg.Development {
		return fault.New(fault.Invalid, "web: sign-in without a passkey needs development mode")
	}
	if s.assets, err = loadAssets(); err != nil {
		return err
	}
	if s.words, err = loadWords(); err != nil {
		return err
	}
	s.words.mark = s.cfg.Development
	if s.cfg.Services.Law != nil {
		s.words.said.addLaw(s.cfg.Services.Law)
	}
	s.limits = newLimiters(s.cfg.Limits)
	s.matcher = language.NewMatcher(s.words.tags)
	s.views, err = parsedOnce()
	return err
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Routes gives the whole route table, for tests that walk it.
func (s *Server) Routes() []Route { return append([]Route(nil), s.routes...) }

// newEcho assembles the router; the middleware's order is the reading order.
func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = ipExtractor(s.cfg.TrustedProxies)
	e.SchemeExtractor = echo.ExtractSchemeDirect()
	e.HTTPErrorHandler = s.handleError
	e.Use(
		s.wrap,          // request id, Ctx
		s.logRequest,    // one event per request, whatever happens below
		s.headers,       // strict headers on every answer
		s.recoverPanic,  // a defect is a plain 500
		s.hostOnly,      // answers for our own name only
		s.rateByIP,      // before any work is done
		s.refuseForeign, // unsafe methods from other origins
		s.authenticate,  // who acts
		s.rateBySession, // one person's share
	)
	for _, r := range s.routes {
		s.mount(e, r)
	}
	return e
}
