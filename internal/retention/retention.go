package retention

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

// Term is how long a class is kept, as the database holds it.
type Term struct {
	Class   ClassID
	Days    int
	Version int64
}

// ID names a term: one for each class.
func (t Term) ID() string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("retention "+string(t.Class))).String()
}

// The states of a hold.
const (
	Placed  = "placed"
	Lifting = "lifting" // somebody asks to lift it
	Lifted  = "lifted"
)

// Hold keeps a case from erasure.
type Hold struct {
	ID         string
	Request    requests.ID
	Ref        string // of the case, where it was looked up
	Reason     personal.Text
	PlacedBy   identity.PersonID
	PlacedAt   time.Time
	State      string
	LiftBy     identity.PersonID
	LiftReason personal.Text
	LiftedBy   identity.PersonID
	LiftedAt   time.Time
	Version    int64
	EventID    audit.EventID
}

// Erasure is what was erased under a class.
type Erasure struct {
	ID          string
	Class       ClassID
	Subject     string // a request's, a finding's or a person's id
	Ref         string // of the case, or the pseudonym, where it was looked up
	DueAt       time.Time
	MadeAt      time.Time
	FilesGoneAt time.Time // zero while files are still to go
	Version     int64
	EventID     audit.EventID
}

// Due is a subject whose time has come.
type Due struct {
	Class   ClassID
	Subject string
	Ref     string
	At      time.Time
	Held    bool // a legal hold keeps it
}

// Store keeps terms, holds and erasures, and erases.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Terms gives the terms in force by class.
	Terms(ctx context.Context) (map[ClassID]Term, error)
	// DueForErasure lists what is due until a time, the oldest first, held ones
	// too where held is wanted.
	DueForErasure(ctx context.Context, until time.Time, held bool, limit int) ([]Due, error)
	// Erase empties what the class says in one transaction, with an event like
	// the given one in every stream that it empties. It is durable on return.
	Erase(ctx context.Context, e Erasure, event audit.Event) error
	// Prune removes what serves the working day alone and is older than days.
	Prune(ctx context.Context, days int) (int64, error)
	Files
}

// Files knows erasures and holds.
type Files interface {
	// Erasures lists the newest, or those whose files are still to go.
	Erasures(ctx context.Context, unfinished bool, limit int) ([]Erasure, error)
	// FilesOf names the files that go with an erasure.
	FilesOf(ctx context.Context, e Erasure) ([]string, error)
	// LegalHolds lists holds, the newest first, of one case where it is named.
	LegalHolds(ctx context.Context, of requests.ID, limit int) ([]Hold, error)
	// RetentionOf gives a case's reference, closing, terms and erasures, or NotFound.
	RetentionOf(ctx context.Context, id requests.ID) (Sheet, error)
	// LegalHold gives one, or NotFound.
	LegalHold(ctx context.Context, id string) (Hold, error)
}

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Access  access.Allower
	Repeats requests.Repeats
	Blobs   requests.Blobs
	Policy  Policy
	Now     func() time.Time
}

// Service erases, and keeps from erasure.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service { return &Service{c} }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func system(ctx context.Context) context.Context { return identity.With(ctx, identity.SystemActor()) }

// may asks the policy, and tells a repeated form its first outcome.
func (s *Service) may(ctx context.Context, verb access.Verb, kind access.Kind) (identity.Actor, string, error) {
	actor, rule, err := access.Enter(ctx, s.Access, verb, access.Object{Kind: kind})
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return actor, rule, err
}

// Publish puts the terms of the policy in force where they differ, as an event.
func (s *Service) Publish(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "retention.Publish")
	have, err := s.Store.Terms(system(ctx))
	if err != nil {
		return err
	}
	part := change.Part{Event: change.Event(system(ctx), s.now(), "policy.published", "policy:retention", 0)}
	for _, c := range s.Policy.Classes {
		t := Term{Class: c.ID, Days: c.Days, Version: 1}
		part.Event.Facts["days_"+string(c.ID)] = strconv.Itoa(c.Days)
		was, there := have[c.ID]
		switch {
		case !there:
			part.Insert = append(part.Insert, &t)
		case was.Days != c.Days:
			t.Version = was.Version + 1
			part.Update = append(part.Update, &t)
		}
	}
	if len(part.Insert)+len(part.Update) == 0 {
		return nil
	}
	part.Event.Facts["digest"] = s.Policy.Digest
	return s.Store.Commit(system(ctx), change.Set{Parts: []change.Part{part}})
}
