package usernotice

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"io"
	"strings"
	"time"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// GagFile is a gag with what counsel did about it, and of which case it is.
type GagFile struct {
	Gag
	Ref     string // of the case
	Process string
	Country string
	Taken   []GagStep // oldest first
	Notices []Notice  // of the same case
	Others  []Gag     // of the same case, without this one
}

// CaseFile is what is on file about telling the users of one case.
type CaseFile struct {
	Gags    []Gag    // oldest first
	Notices []Notice // oldest first
}

// Filter chooses gags.
type Filter struct {
	State GagState // "": all
	Limit int      // 0: 200
	Skip  int
}

// Store keeps gags and notices.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// CaseFile gives what is on file about a case; a case without anything has an empty one.
	CaseFile(ctx context.Context, id requests.ID) (CaseFile, error)
	// GagFile gives a gag, or NotFound.
	GagFile(ctx context.Context, id GagID) (GagFile, error)
	// Gags lists gags, those first that end or are to be looked at first.
	Gags(ctx context.Context, f Filter) ([]GagFile, error)
	// CaseByRef gives a case that staff can see, or NotFound.
	CaseByRef(ctx context.Context, ref string) (requests.Case, error)
}

// Notices are where the job finds what is due.
type Notices interface {
	// GagsOver lists running gags whose time is over at now, at most limit.
	GagsOver(ctx context.Context, now time.Time, limit int) ([]Gag, error)
	// NoticesDue lists notices that are to be tried at now and of whose case no gag
	// runs, at most limit.
	NoticesDue(ctx context.Context, now time.Time, limit int) ([]Notice, error)
	// Notice gives a notice and whether a gag of its case runs, or NotFound.
	Notice(ctx context.Context, id ID) (n Notice, gagged bool, err error)
}

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Notices Notices
	Access  access.Allower
	Law     *legal.Registry // as lerd was started with
	Laws    requests.Laws   // as it stands now; nil: Law
	Policy  Policy
	Links   Links
	Courier Courier          // nil: nothing is sent, and all waits
	Repeats requests.Repeats // nil: a repeated form is told that its step is taken
	Now     func() time.Time
	Rand    io.Reader // for references; nil: crypto/rand
}

// Service keeps the register of gags, and tells users.
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

// may asks the policy, and tells a repeated form its first outcome.
func (s *Service) may(ctx context.Context, verb access.Verb, kind access.Kind) (identity.Actor, string, error) {
	actor, rule, err := access.Enter(ctx, s.Access, verb, access.Object{Kind: kind})
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return actor, rule, err
}

// Register lists gags for those who keep or inspect the register.
func (s *Service) Register(ctx context.Context, f Filter) (_ []GagFile, err error) {
	defer fault.Wrap(&err, "usernotice.Register")
	if _, _, err := s.may(ctx, "list", "gag"); err != nil {
		return nil, err
	}
	return s.Store.Gags(ctx, f)
}

// View gives a gag with all that belongs to it, and records that it was seen.
func (s *Service) View(ctx context.Context, id GagID) (g GagFile, err error) {
	defer fault.Wrap(&err, "usernotice.View(%s)", id)
	actor, rule, err := s.may(ctx, "view", "gag")
	if err != nil {
		return g, err
	}
	if g, err = s.Store.GagFile(ctx, id); err != nil {
		return g, err
	}
	e := change.Event(ctx, s.now(), "gag.viewed", "look:"+string(id)+":"+string(actor.Person), 0)
	e.Facts["gag"], e.Facts["request"], e.Facts["rule"] = string(id), string(g.Request), rule
	e.Causes = []audit.EventID{g.EventID}
	return g, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// refAlphabet has no letters that are read for digits.
var refAlphabet = base32.NewEncoding("023456789ABCDEFGHJKMNPQRSTUVWXYZ").WithPadding(base32.NoPadding)

// newRef makes what a user quotes: a year and 40 random bits.
func (s *Service) newRef() (string, error) {
	var b [5]byte
	if _, err := io.ReadFull(s.Rand, b[:]); err != nil {
		return "", err
	}
	code := strings.ToUpper(refAlphabet.EncodeToString(b[:]))
	return "UN-" + s.now().Format("2006") + "-" + code[:4] + "-" + code[4:], nil
}
