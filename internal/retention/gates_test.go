package retention

import (
	"context"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/everybody"
)

// desk is a store of one hold. Everybody may do everything: what refuses is the
// gates' own.
type desk struct {
	Store
	hold      Hold
	committed int
}

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) LegalHold(context.Context, string) (Hold, error) { return d.hold, nil }

// TestGatesOfAHold meets each gate alone: nothing else of the step refuses, so that
// without it the step is taken.
func TestGatesOfAHold(t *testing.T) {
	propose := func(ctx context.Context, s *Service) error { return s.ProposeLift(ctx, "h", "The suit is over.") }
	lift := func(ctx context.Context, s *Service) error { return s.Lift(ctx, "h", true) }
	for name, c := range map[string]struct {
		hold Hold
		do   func(context.Context, *Service) error
		want fault.Kind // of the refusal; empty where the step is taken
	}{
		"asked to end":           {Hold{State: Placed}, propose, ""},
		"asked to end twice":     {Hold{State: Lifting, LiftBy: "first"}, propose, fault.Conflict},
		"asked to end after it":  {Hold{State: Lifted}, propose, fault.Conflict},
		"ends by another's word": {Hold{State: Lifting, LiftBy: "first"}, lift, ""},
		"ends by the same word":  {Hold{State: Lifting, LiftBy: "me"}, lift, fault.Gate},
		"ends and nobody asked":  {Hold{State: Placed}, lift, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{hold: c.hold}
			s := New(Config{Store: d, Access: everybody.May{}, Now: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }})
			ctx := identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "me", Role: identity.Counsel}), s.Now)
			taken := 0
			if c.want == "" {
				taken = 1
			}
			err := c.do(ctx, s)
			if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want || d.committed != taken {
				t.Errorf("%v, %d steps", err, d.committed)
			}
		})
	}
}

// TestTheWorkingDayIsAMonthAtLeast: what serves the working day stays 30 days.
func TestTheWorkingDayIsAMonthAtLeast(t *testing.T) {
	p := Policy{WorkingDays: 30}
	for _, id := range []ClassID{Records, Case, Finding, Person} {
		p.Classes = append(p.Classes, Class{ID: id, Name: "n", Why: "w", Source: "s", Since: "d", Days: 1, Floor: 1})
	}
	if err := p.check(); err != nil {
		t.Fatalf("30 days: %v", err)
	}
	if p.WorkingDays = 29; fault.KindOf(p.check()) != fault.Invalid {
		t.Errorf("29 days: %v", p.check())
	}
}
