package fraud

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/risk"
)

// Store keeps what stops cases and people.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Case gives a request with its parts, or NotFound.
	Case(ctx context.Context, id requests.ID) (requests.Case, error)
	// RiskFile gives what is on file about the risk of a case.
	RiskFile(ctx context.Context, id requests.ID) (File, error)
	// Stops gives why nothing of a case may go on, the oldest first.
	Stops(ctx context.Context, q requests.Request) ([]Because, error)
}

// FactStore knows what a statement of risk rests on.
type FactStore interface {
	// History gives what happened before a request.
	History(ctx context.Context, c requests.Case) (History, error)
	// Print gives what is kept of a document, ok false where nothing is yet.
	Print(ctx context.Context, id requests.DocumentID) (p Print, ok bool, err error)
	// TwinPapers gives other requests whose papers may be made of the same.
	TwinPapers(ctx context.Context, c requests.Case, p Print) ([]Paper, error)
	// KnownDomains gives every domain on file with the agency that it is of.
	KnownDomains(ctx context.Context) ([]KnownDomain, error)
	// MarksOf gives why those are on counsel's list whose hashes are named.
	MarksOf(ctx context.Context, hashes []string) (why []string, err error)
}

// Papers reads documents that the intake has accepted; *orderdoc.Renderer
// fulfils it.
type Papers interface {
	Text(ctx context.Context, pdf []byte) (string, error)
	Page(ctx context.Context, pdf []byte, page int) (orderdoc.Picture, error)
}

// Config is what a Service is made of.
type Config struct {
	Store    Store
	Facts    FactStore
	Stopping Stopping
	Issuers  Issuers
	Register Register
	Lists    Marks // counsel's list
	Access   access.Allower
	Policy   *risk.Policy
	Key      []byte // of this installation; without it no mark can be compared with another
	Blobs    requests.Blobs
	Papers   Papers           // nil: texts and pictures are not compared
	Examiner Examiner         // nil: documents are not examined before they are read
	Forgery  ForgeryStore     // nil: there is no register of known forgeries
	Repeats  requests.Repeats // nil: a repeated form is told that its step is taken
	Own      []string         // the platform's own domains
	Origin   string           // of the portal, for letters
	Letters  Letters
	// Practice states nothing: its cases are invented, and nobody could be asked.
	Practice bool
	Now      func() time.Time
	Rand     io.Reader // for codes; nil: crypto/rand
}

// Service states risks, asks issuers, holds cases and contains.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// system gives a context in which lerd itself acts.
func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

func newID() string { return uuid.NewString() }

// may asks the policy, and tells a repeated form its first outcome.
func (s *Service) may(ctx context.Context, verb access.Verb, kind access.Kind, agency identity.AgencyID) (identity.Actor, string, error) {
	actor, rule, err := access.Enter(ctx, s.Access, verb, access.Object{Kind: kind, Agency: agency})
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return actor, rule, err
}
