// Package change is how a domain package hands a step to the store: the rows
// that it writes and the audit event that tells of it, in one piece.
//
// Invariants:
//   - a Part has exactly one event; there is no way to write a row without one;
//   - all parts of a Set are one transaction, with the idempotency key that
//     made it happen.
package change

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/identity"
)

// Part is one event with the rows that it wrote. Insert and Update hold
// pointers to domain values; an update is a compare-and-swap on the value's
// Version, which is the new one.
type Part struct {
	Event  audit.Event
	Insert []any
	Update []any
}

// Set is one transaction.
type Set struct {
	Parts []Part
	Key   *Key // nil for steps that no form or call asked for
}

// Key is what makes a repeated form or call harmless: the same key with the
// same body gives the first outcome again, with another body a conflict.
type Key struct {
	Person  identity.PersonID
	Key     string // a UUID made when the form was rendered
	Body    [sha256.Size]byte
	Outcome string // where the answer leads, e.g. "/requests/<id>"
	At      time.Time
}

// Used is what a store returns when a key has been used before with the same
// body: not a failure, but the first outcome.
type Used struct{ Outcome string }

// Error says so.
func (u *Used) Error() string { return "this form was sent before; its first outcome stands" }

type keyKey struct{}

// WithKey gives a context whose next step is done under key.
func WithKey(ctx context.Context, key Key) context.Context {
	return context.WithValue(ctx, keyKey{}, &key)
}

// KeyFrom gives the idempotency key of ctx with the outcome filled in, or nil.
func KeyFrom(ctx context.Context, outcome string) *Key {
	k, ok := ctx.Value(keyKey{}).(*Key)
	if !ok {
		return nil
	}
	c := *k
	c.Outcome = outcome
	return &c
}

// Event begins an event of the actor in ctx. A version of 0 asks the store for
// the next one of the stream.
func Event(ctx context.Context, at time.Time, kind, stream string, version int64) audit.Event {
	actor, ok := identity.From(ctx)
	if !ok {
		actor = identity.Actor{Person: "nobody", Role: "none"}
	}
	return audit.Event{
		ID:      audit.EventID(uuid.NewString()),
		Stream:  stream,
		Version: version,
		Kind:    kind,
		At:      at.UTC().Truncate(time.Microsecond),
		Actor:   audit.Actor{Person: string(actor.Person), Role: string(actor.Role), Session: string(actor.Session)},
		Facts:   map[string]string{},
	}
}
