package agencies

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/callback"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Store keeps agencies. Every method sees only what the actor in ctx may see.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Dossier gives an agency with all that is on file about it, or NotFound.
	Dossier(ctx context.Context, id identity.AgencyID) (Dossier, error)
	// Summaries lists agencies by name, at most limit from skip on.
	Summaries(ctx context.Context, limit, skip int) ([]Summary, error)
	// DueAgencies gives those for which Due may have something to do at now.
	DueAgencies(ctx context.Context, now time.Time) ([]identity.AgencyID, error)
	// Happened tells whether a stream of events has begun.
	Happened(ctx context.Context, stream string) (bool, error)
}

// Repeats knows the forms that were sent before.
type Repeats interface {
	// Repeated gives *change.Used where the key was used before with the same
	// body, a Conflict with another one, and nil for a nil or a new key.
	Repeated(ctx context.Context, key *change.Key) error
}

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Offices Offices
	Motions Motions
	Access  access.Allower
	Repeats Repeats // nil: a repeated form is told that its step is taken
	Now     func() time.Time
	// Impostors compares names with those on file; nil: they are not compared.
	Impostors Impostors
}

// Service takes the steps of vetting.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

// Summary is one line of the registrars' list.
type Summary struct {
	ID         identity.AgencyID
	Name       string
	Country    string
	Standing   identity.Standing
	Stage      Stage // of the round that goes on, "" where none does
	Changes    int   // entries that wait for a second registrar
	ValidUntil time.Time
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) may(ctx context.Context, verb access.Verb, kind access.Kind, agency identity.AgencyID) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, verb, access.Object{Kind: kind, Agency: agency})
}

// open loads a dossier for a step. A form that was sent before ends here with
// its first outcome.
func (s *Service) open(ctx context.Context, id identity.AgencyID, verb access.Verb) (Dossier, identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, verb, "agency", id)
	if err != nil {
		return Dossier{}, actor, "", err
	}
	d, err := s.Store.Dossier(ctx, id)
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return d, actor, rule, err
}

// event begins an event of an agency, in the stream of its row where the row
// moves with it, and beside it where it does not.
func (s *Service) event(ctx context.Context, kind string, a identity.Agency, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, StreamOf(a.ID), a.Version)
	e.Facts["rule"], e.Facts["standing"] = rule, string(a.Standing)
	return e
}

// aside begins an event about an agency whose row does not move.
func (s *Service) aside(ctx context.Context, kind, stream string, version int64, d Dossier, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, stream, version)
	e.Facts["agency"], e.Facts["rule"] = string(d.Agency.ID), rule
	if d.Agency.EventID != "" {
		e.Causes = []audit.EventID{d.Agency.EventID}
	}
	return e
}

// causes adds the events that an event relies on beside those it names already.
func causes(e *audit.Event, more ...audit.EventID) {
	seen := map[audit.EventID]bool{"": true}
	for _, c := range e.Causes {
		seen[c] = true
	}
	for _, c := range more {
		if !seen[c] {
			seen[c] = true
			e.Causes = append(e.Causes, c)
		}
	}
}

// List gives the agencies on file to registrars.
func (s *Service) List(ctx context.Context, limit, skip int) (_ []Summary, err error) {
	defer fault.Wrap(&err, "agencies.List")
	if _, _, err := s.may(ctx, "list", "agency", ""); err != nil {
		return nil, err
	}
	return s.Store.Summaries(ctx, limit, skip)
}

// View gives all that is on file about an agency, and records that it was seen.
func (s *Service) View(ctx context.Context, id identity.AgencyID) (_ Dossier, err error) {
	defer fault.Wrap(&err, "agencies.View(%s)", id)
	d, actor, rule, err := s.open(ctx, id, "view")
	if err != nil {
		return Dossier{}, err
	}
	e := s.aside(ctx, "agency.viewed", "look:"+string(id)+":"+string(actor.Person), 0, d, rule)
	return d, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// Subject is how a call about an agency names it.
func Subject(id identity.AgencyID) callback.Subject {
	return callback.Subject{Kind: callback.Agency, ID: string(id), Agency: id}
}

func newID[T ~string]() T { return T(uuid.NewString()) }
