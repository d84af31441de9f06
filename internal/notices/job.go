package notices

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Feed is where events come from and notices go to.
type Feed interface {
	// Placed gives the events at the cursor and after it, at most limit, in the
	// log's order, and the cursor.
	Placed(ctx context.Context, limit int) (list []Placed, cursor int64, err error)
	// Parties gives whom an event concerns; empty fields where it concerns nobody.
	Parties(ctx context.Context, p Placed) (Parties, error)
	// Audience gives the active people who are told.
	Audience(ctx context.Context, a Audience, p Parties) ([]identity.PersonID, error)
	// Deliver writes notices, a letter for each person with an address for whom
	// none waits, and moves the cursor from one place to another, all or nothing.
	// A cursor that is elsewhere is a Conflict, and nothing is written.
	Deliver(ctx context.Context, from, to int64, list []Notice, at time.Time) error
}

// Job derives notices from the log.
type Job struct {
	Feed  Feed
	Now   func() time.Time
	Batch int // events a run at most; 0 for 500
	// Reached is told before and after a batch is written, for tests that stop the
	// process there; nil outside tests.
	Reached func(point string)
}

// The points of a run.
const (
	PointDerived   = "derived"
	PointDelivered = "delivered"
)

// RunOnce derives the notices of the next events. Lost before the write: they
// are derived again. Done and reported lost: the cursor has moved with it.
func (j *Job) RunOnce(ctx context.Context) (moved int, err error) {
	defer fault.Wrap(&err, "notices.RunOnce")
	ctx = identity.With(ctx, identity.SystemActor())
	batch := j.Batch
	if batch == 0 {
		batch = 500
	}
	events, cursor, err := j.Feed.Placed(ctx, batch)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	list, err := j.derive(ctx, events)
	if err != nil {
		return 0, err
	}
	j.reached(PointDerived)
	err = j.Feed.Deliver(ctx, cursor, events[len(events)-1].Index+1, list, j.Now().UTC())
	if fault.KindOf(err) == fault.Conflict {
		return 0, nil // another replica was first
	}
	if err == nil {
		j.reached(PointDelivered)
	}
	return len(events), err
}

func (j *Job) reached(point string) {
	if j.Reached != nil {
		j.Reached(point)
	}
}

// derive gives what people are told of some events.
func (j *Job) derive(ctx context.Context, events []Placed) (list []Notice, err error) {
	for _, e := range events {
		audiences := Kinds[e.Record.Kind]
		if len(audiences) == 0 {
			continue
		}
		parties, err := j.Feed.Parties(ctx, e)
		if err != nil {
			return nil, err
		}
		seen := map[identity.PersonID]bool{}
		for _, a := range audiences {
			people, err := j.Feed.Audience(ctx, a, parties)
			if err != nil {
				return nil, err
			}
			for _, p := range people {
				if !seen[p] && told(e.Record, p) {
					seen[p] = true
					list = append(list, Notice{ID: ID(uuid.NewString()), Person: p, Source: e.Record.ID, Kind: e.Record.Kind, Ref: parties.Ref, About: parties.Person, At: e.Record.At})
				}
			}
		}
	}
	return list, nil
}
