package callback

import (
	"context"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/everybody"
)

// desk is a store of one agency's number and no call.
type desk struct {
	Store
	number    Number
	none      error
	committed int
}

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) Calls(context.Context, Subject) ([]Call, error) { return nil, nil }

func (d *desk) NumberFor(context.Context, Subject, time.Time) (Number, error) {
	return d.number, d.none
}

// TestOnlyANumberOnFileIsCalled: where an independent directory gave none, no call
// begins, and the answer says what to do.
func TestOnlyANumberOnFileIsCalled(t *testing.T) {
	for _, none := range []error{nil, fault.New(fault.NotFound, "nothing")} {
		d := &desk{none: none}
		s := New(Config{Store: d, Access: everybody.May{}, Now: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }, Where: func(Subject) string { return "/" }})
		_, err := s.Begin(identity.With(t.Context(), identity.Actor{Person: "me", Role: identity.Registrar}), Subject{Kind: Agency, ID: "a"})
		if none == nil && (err != nil || d.committed != 1) || none != nil && (fault.KindOf(err) != fault.Gate || d.committed != 0) {
			t.Errorf("number on file %v: %v, %d steps", none == nil, err, d.committed)
		}
	}
}
