// Package publishing is how a public report comes out: lerd proposes what it
// computed, counsel publishes it with a passkey, and from then on it stands.
//
// Invariants:
//   - only what was computed and sealed is proposed, and only a proposal of a
//     period whose books are closed is published;
//   - a published report is never changed: what was wrong with it is said by a
//     further edition that names it;
//   - whoever audits does not publish, so that nobody judges their own work.
package publishing

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/transparency"
)

// State is how far a report is.
type State string

// The states.
const (
	Proposed  State = "proposed"
	Published State = "published"
	Dropped   State = "dropped"
)

// Whys are the reasons for a further edition.
var Whys = []string{"method", "late_event", "rules"}

// Report is a report that was computed. Its files lie in the file store.
type Report struct {
	ID          string
	Period      string
	Edition     int
	State       State
	LogSize     int64
	LogRoot     string
	Digest      string // SHA-256 of report.json, hexadecimal
	Replaces    string // that of the edition before; empty: none
	Why         string // one of Whys; empty: none
	ComputedAt  time.Time
	PublishedAt time.Time
	PublishedBy identity.PersonID
	Version     int64
	EventID     audit.EventID
}

// StreamOf names the event stream of a report.
func StreamOf(id string) string { return "report:" + id }

// BlobOf names a file of a report in the file store.
func BlobOf(id, name string) string { return "reports/" + id + "." + name }

// PublishDigest is what counsel agrees to: this very report.
func PublishDigest(r Report) identity.Digest {
	return identity.DigestOf("lerd report v1", r.Period, strconv.Itoa(r.Edition), r.Digest)
}

// Store keeps reports.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Reports gives the reports that the actor may see, the newest first.
	Reports(ctx context.Context) ([]Report, error)
}

// Blobs keeps files under names that lerd makes.
type Blobs interface {
	Put(ctx context.Context, name string, r io.Reader) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
}

// Config is what a Service is made of.
type Config struct {
	Store  Store
	Blobs  Blobs
	Access access.Allower
	Now    func() time.Time
}

// Service proposes and publishes.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) may(ctx context.Context, verb access.Verb) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, verb, access.Object{Kind: "report"})
}

// event begins an event of a report.
func (s *Service) event(ctx context.Context, kind string, r Report, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, StreamOf(r.ID), r.Version)
	for name, v := range map[string]string{"period": r.Period, "edition": strconv.Itoa(r.Edition), "digest": r.Digest, "replaces": r.Replaces, "why": r.Why,
		"log_size": strconv.FormatInt(r.LogSize, 10), "log_root": r.LogRoot, "rule": rule} {
		e.Facts[name] = v
	}
	return e
}

// Proposal is what was computed, with its files and its seal.
type Proposal struct {
	Report *transparency.Report
	Seal   []byte
}

// Propose keeps a computed report for counsel to look at. A proposal of the same
// period that nobody published is dropped in the same step.
func (s *Service) Propose(ctx context.Context, p Proposal) (_ Report, err error) {
	defer fault.Wrap(&err, "publishing.Propose(%s)", p.Report.Period)
	_, rule, err := s.may(ctx, "propose")
	if err != nil {
		return Report{}, err
	}
	if p.Report.Interim {
		return Report{}, fault.New(fault.Gate, "The books of %s are not closed yet: the report is for looking at, not for publishing.", p.Report.Period)
	}
	list, err := s.Store.Reports(ctx)
	if err != nil {
		return Report{}, err
	}
	files := p.Report.Files()
	r := Report{ID: uuid.NewString(), Period: p.Report.Period, Edition: p.Report.Edition, State: Proposed, LogSize: int64(p.Report.Log.Size), LogRoot: p.Report.Log.Root.String(),
		Digest: transparency.Digest(files[transparency.ReportName]), Replaces: p.Report.Replaces, Why: p.Report.Why, ComputedAt: s.now(), Version: 1}
	files[transparency.SealName] = p.Seal
	for name, b := range files {
		if err := s.Blobs.Put(ctx, BlobOf(r.ID, name), readerOf(b)); err != nil {
			return Report{}, err
		}
	}
	var set change.Set
	for _, old := range list {
		if old.State == Proposed && old.Period == r.Period {
			set.Parts = append(set.Parts, s.drop(ctx, old, rule))
		}
	}
	set.Parts = append(set.Parts, change.Part{Event: s.event(ctx, "report.computed", r, rule), Insert: []any{&r}})
	return r, s.Store.Commit(ctx, set)
}

func (s *Service) drop(ctx context.Context, r Report, rule string) change.Part {
	r.State, r.Version = Dropped, r.Version+1
	return change.Part{Event: s.event(ctx, "report.dropped", r, rule), Update: []any{&r}}
}

// List gives all reports to who works with them.
func (s *Service) List(ctx context.Context) ([]Report, error) {
	if _, _, err := s.may(ctx, "list"); err != nil {
		return nil, err
	}
	return s.Store.Reports(ctx)
}

// find gives a report in a state.
func (s *Service) find(ctx context.Context, id string, state State) (Report, error) {
	list, err := s.Store.Reports(ctx)
	if err != nil {
		return Report{}, err
	}
	for _, r := range list {
		if r.ID == id {
			if r.State != state {
				return r, fault.New(fault.Conflict, "This report was published or dropped already. Reload the page.")
			}
			return r, nil
		}
	}
	return Report{}, fault.New(fault.NotFound, "There is nothing here.")
}

// Publish makes a proposal public, for good.
func (s *Service) Publish(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "publishing.Publish(%s)", id)
	actor, rule, err := s.may(ctx, "publish")
	if err != nil {
		return err
	}
	r, err := s.find(ctx, id, Proposed)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposePublishReport, PublishDigest(r))
	if err != nil {
		return err
	}
	r.State, r.PublishedAt, r.PublishedBy, r.Version = Published, s.now(), actor.Person, r.Version+1
	part := change.Part{Event: s.event(ctx, "report.published", r, rule), Update: []any{&r}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/reports")})
}

// Drop puts a proposal away, for example because the method has to change first.
func (s *Service) Drop(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "publishing.Drop(%s)", id)
	_, rule, err := s.may(ctx, "publish")
	if err != nil {
		return err
	}
	r, err := s.find(ctx, id, Proposed)
	if err != nil {
		return err
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{s.drop(ctx, r, rule)}, Key: change.KeyFrom(ctx, "/reports")})
}
