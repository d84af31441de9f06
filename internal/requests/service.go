package requests

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"iter"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/records"
	"lerd/internal/vault"
)

// Store keeps cases. Every method sees only what the actor in ctx may see.
type Store interface {
	// Commit writes a change, durable on return; a *change.Used error carries
	// the first outcome of a repeated form.
	Commit(ctx context.Context, set change.Set) error
	// Case gives a request with its parts, or NotFound.
	Case(ctx context.Context, id ID) (Case, error)
	// Cases lists requests, the next due first.
	Cases(ctx context.Context, f Filter) ([]Summary, error)
	// Document gives an uploaded order, or NotFound.
	Document(ctx context.Context, id DocumentID) (Document, error)
	// Twins gives other requests on the same paper.
	Twins(ctx context.Context, q Request, sha256 string) ([]ID, error)
}

// ReleaseStore keeps what a release needs beside the case.
type ReleaseStore interface {
	// Confirmed gives the finding's account, rule and its two confirmers, or a
	// Gate fault where it is not confirmed.
	Confirmed(ctx context.Context, id FindingID) (ConfirmedFinding, error)
	// ReleaseRecords streams the frozen records of a release in their order.
	ReleaseRecords(ctx context.Context, id ReleaseID) iter.Seq2[Record, error]
	// ReleaseByRef gives a release without its items, or NotFound.
	ReleaseByRef(ctx context.Context, ref string) (Release, error)
	// RuleOffences gives the published links from rules to classes of offence.
	RuleOffences(ctx context.Context) (map[RuleOffence]bool, error)
}

// Authorizer says whether an actor may, and by which rule.
type Authorizer interface {
	Allow(ctx context.Context, actor identity.Actor, verb access.Verb, object access.Object) (rule string, err error)
}

// Blobs keeps the bytes of documents and bundles under names that lerd makes.
type Blobs interface {
	// Put stores what r gives under a new name, and is a Conflict where the name
	// is taken; it is durable on return. After a failure nothing is there, or,
	// where only the answer was lost, all of it. r says how long it is, as files
	// and readers of bytes do.
	Put(ctx context.Context, name string, r io.Reader) error
	// Get opens what is stored under a name, or NotFound.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Remove takes a name away; one that is not there is no failure.
	Remove(ctx context.Context, name string) error
	// OlderThan lists the names of an area, the part before the slash, that were
	// stored before a moment.
	OlderThan(ctx context.Context, area string, before time.Time) ([]string, error)
}

// Agencies knows the agencies on file.
type Agencies interface {
	// AgencyByID gives an agency, or NotFound.
	AgencyByID(ctx context.Context, id identity.AgencyID) (identity.Agency, error)
}

// Guard refuses steps towards a release where a case is stopped, or what is
// unusual about it asks for checks that are missing. The database refuses them a
// second time.
type Guard interface {
	// Guard is asked before a case is qualified, approved and exported.
	Guard(ctx context.Context, c Case) error
	// Running is asked before, and while, something of a case leaves.
	Running(ctx context.Context, c Case) error
}

// Brought knows the findings that the moderation system brought, or that were made
// here, before any case asked.
type Brought interface {
	// BroughtFor gives one about an account and a version of a rule that stands at
	// now or waits for its confirmers, ok false where there is none.
	BroughtFor(ctx context.Context, account int64, rule string, version int, now time.Time) (id FindingID, ok bool, err error)
}

// Telling registers what forbids to tell the users of a case, and plans what they
// are told; its parts are of the transaction that makes them necessary.
type Telling interface {
	// Gagged is asked when a case was found valid.
	Gagged(ctx context.Context, c Case) ([]change.Part, error)
	// Disclosed is asked when a release leaves.
	Disclosed(ctx context.Context, c Case, rel Release) ([]change.Part, error)
}

// Papers knows what was found in documents before anybody sees them.
type Papers interface {
	// Admit refuses a file that a scanner calls harmful.
	Admit(ctx context.Context, agency identity.AgencyID, data []byte) error
	// MayOpen is nil where people may see a document's pages, Unavailable while it
	// waits for the scanner, and a Gate where it was found harmful.
	MayOpen(ctx context.Context, d Document) error
	// Signing gives the result of a document's electronic signatures as the law
	// names it, "" where there are none.
	Signing(ctx context.Context, d Document) (string, error)
}

// Repeats knows the forms that were sent before.
type Repeats interface {
	// Repeated gives *change.Used where the key was used before with the same
	// body, a Conflict with another one, and nil for a nil or a new key.
	Repeated(ctx context.Context, key *change.Key) error
}

// Config is what a Service is made of.
type Config struct {
	Store    Store
	Agencies Agencies
	Releases ReleaseStore
	// Cosignatures knows who must sign a second time.
	Cosignatures CosignatureStore
	// Motions knows what waits for a second registrar.
	Motions      MotionStore
	Drafts       DraftStore
	Housekeeping Housekeeping // for the jobs that erase what is no longer needed
	Vault        *vault.Vault // seals drafts and snapshots
	TrailStore   TrailStore
	After        AfterStore
	Snapshots    SnapshotStore
	Silences     SilenceStore // nil: auditors are not told of account data that are away
	Lookup       BesideStore
	Bench        BenchStore // nil: claims do not end by themselves, and nothing is left
	Proofs       Proofs
	Access       Authorizer
	Law          *legal.Registry // as lerd was started with
	Laws         Laws            // as it stands now; nil: Law
	Source       records.Source  // guarded
	Blobs        Blobs
	Guard        Guard   // nil: only the database refuses
	Telling      Telling // nil: users are told nothing
	Weigh        WeighStore
	Watch        WatchStore
	Rights       RightsStore // nil: no case touches rights
	Reader       OrderReader // nil: what was typed is compared with no order
	Compared     Comparisons // needed with Reader
	Papers       Papers      // nil: documents are examined by their form alone
	Brought      Brought     // nil: every finding is asked for anew
	Repeats      Repeats     // nil: a repeated form is told that its step is taken
	Now          func() time.Time
	MaxPreserved int       // of one agency at a time; 0: 500, as the database says
	Rand         io.Reader // for references; nil: crypto/rand
	// GrantLife is how long an officer may fetch a bundle; 0: GrantLife's 30 days.
	GrantLife time.Duration
	// RecheckEvery is how often a download under way asks whether its officer may
	// still have it, by the real clock; 0: every half second, below 0: with each read.
	RecheckEvery time.Duration
	// Examination is how long an examination takes at least that hands nothing
	// over, so that nobody reads from its length what was found; 0: a day.
	Examination time.Duration
}

// Service takes the steps of a case.
type Service struct {
	Config
	empty  sync.Map // ID → true: cases whose records were read, and there were none
	halted sync.Map // what halt has put on record
}

// New makes a Service.
func New(c Config) *Service {
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// actor gives who acts, or a SignIn fault.
func actorOf(ctx context.Context) (identity.Actor, error) {
	a, ok := identity.From(ctx)
	if !ok {
		return a, fault.New(fault.SignIn, "Please sign in.")
	}
	return a, nil
}

// may asks the policy about a request of an agency.
func (s *Service) may(ctx context.Context, verb access.Verb, kind access.Kind, agency identity.AgencyID) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, verb, access.Object{Kind: kind, Agency: agency})
}

// open loads a case and asks whether the actor may do verb to it. A form that
// was sent before ends here with its first outcome: the case has moved on since,
// and its step would be refused.
func (s *Service) open(ctx context.Context, id ID, verb access.Verb, kind access.Kind) (Case, identity.Actor, string, error) {
	if _, err := actorOf(ctx); err != nil {
		return Case{}, identity.Actor{}, "", err
	}
	c, err := s.Store.Case(ctx, id)
	if err != nil {
		return Case{}, identity.Actor{}, "", err
	}
	actor, rule, err := s.may(ctx, verb, kind, c.Request.Agency)
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return c, actor, rule, err
}

// step takes an action on a copy of the request and begins its part: the next
// state, the next version, and the event with from, to, action and rule.
func (s *Service) step(ctx context.Context, q *Request, action Action, rule string) (change.Part, error) {
	actor, err := actorOf(ctx)
	if err != nil {
		return change.Part{}, err
	}
	if err := stale(ctx, *q); err != nil {
		return change.Part{}, err
	}
	from := q.State
	to, err := next(from, action, actor.Role)
	if err != nil {
		return change.Part{}, err
	}
	if from != to {
		q.ClosedAt = time.Time{}
	}
	q.State, q.Version = to, q.Version+1
	if !to.Open() || to == Recalled { // called back is an end too, though the agency still owes a word on its copies
		q.ClosedAt = s.now()
	}
	e := change.Event(ctx, s.now(), "request."+string(action), StreamOf(q.ID), q.Version)
	if from == "" || action == CoSign { // a case keeps its process
		e.Facts["process"] = q.Process.ID
	}
	quietly(&e, from, to, action, rule)
	return change.Part{Event: e, Update: []any{q}}, nil
}

// StreamOf names the event stream of a request.
func StreamOf(id ID) string { return "request:" + string(id) }

// StreamOfRelease names the event stream of a release.
func StreamOfRelease(id ReleaseID) string { return "release:" + string(id) }

// PathOf is where a case's page lies for its agency.
func PathOf(id ID) string { return "/requests/" + string(id) }

// pathFor is where a case's page lies for whoever acts; a repeated form leads
// there.
func pathFor(ctx context.Context, id ID) string {
	actor, _ := identity.From(ctx)
	switch actor.Role {
	case identity.Reviewer, identity.Counsel:
		return "/review/" + string(id)
	case identity.Approver:
		return "/releases/" + string(id)
	}
	return PathOf(id)
}

// look records that somebody saw a case. A look is a step too: if it cannot be
// recorded, nothing is shown.
func (s *Service) look(ctx context.Context, c Case, what, rule string) error {
	actor, err := actorOf(ctx)
	if err != nil {
		return err
	}
	e := change.Event(ctx, s.now(), what, "look:"+string(c.Request.ID)+":"+string(actor.Person), 0)
	e.Facts["request"], e.Facts["state"], e.Facts["rule"] = string(c.Request.ID), string(c.Request.State.inLog()), rule
	if c.Request.EventID != "" {
		e.Causes = []audit.EventID{c.Request.EventID}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// View gives a case to somebody who may see it, and records that they did.
func (s *Service) View(ctx context.Context, id ID) (Case, error) {
	c, actor, rule, err := s.open(ctx, id, "view", "request")
	if err != nil {
		return Case{}, err
	}
	if err := s.look(ctx, c, "request.viewed", rule); err != nil {
		return Case{}, err
	}
	if actor.Role == identity.Officer {
		return c.forAgency(), nil
	}
	return c, nil
}

// List gives the cases that the actor may see. Officers see their agency's.
func (s *Service) List(ctx context.Context, f Filter) ([]Summary, error) {
	actor, err := actorOf(ctx)
	if err != nil {
		return nil, err
	}
	if actor.Role == identity.Officer {
		f.Agency = actor.Agency
	}
	if _, _, err := s.may(ctx, "list", "request", f.Agency); err != nil {
		return nil, err
	}
	list, err := s.Store.Cases(ctx, f)
	if actor.Role == identity.Officer {
		for i := range list {
			list[i].State = list[i].State.ForAgency(list[i].Examined)
			list[i].Reviewer = ""
		}
	}
	return list, err
}

func newID[T ~string]() T { return T(uuid.NewString()) }

// refAlphabet has no letters that are read for digits.
var refAlphabet = base32.NewEncoding("023456789ABCDEFGHJKMNPQRSTUVWXYZ").WithPadding(base32.NoPadding)

// newRef makes a reference that people can read out and that tells nothing
// about how many there are: prefix, year, and 40 random bits.
func (s *Service) newRef(prefix string) (string, error) {
	var b [5]byte
	if _, err := io.ReadFull(s.Rand, b[:]); err != nil {
		return "", err
	}
	code := strings.ToUpper(refAlphabet.EncodeToString(b[:]))
	return prefix + "-" + s.now().Format("2006") + "-" + code[:4] + "-" + code[4:], nil
}

// newExportRef makes the id of a bundle: its file name, in the form that the
// container's format wants, random for the same reason as newRef.
func (s *Service) newExportRef() (string, error) {
	n, err := rand.Int(s.Rand, big.NewInt(1e10))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("EXP-%s-%010d", s.now().Format("2006"), n), nil
}

// guard asks whether a case may go towards a release.
func (s *Service) guard(ctx context.Context, c Case) error {
	if s.Guard == nil {
		return nil
	}
	return s.Guard.Guard(ctx, c)
}

// running asks whether nothing stops a case of which something is to leave.
func (s *Service) running(ctx context.Context, c Case) error {
	if s.Guard == nil {
		return nil
	}
	return s.Guard.Running(ctx, c)
}
