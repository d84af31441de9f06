package signin

import (
	"context"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// desk is a store of one sample person.
type desk struct{ Store }

func (desk) People(context.Context) ([]identity.Person, error) {
	return make([]identity.Person, 1), nil
}

func (desk) PersonBySignIn(context.Context, string) (identity.Person, error) {
	return identity.Person{}, fault.New(fault.NotFound, "nothing")
}

// TestNobodySignsInByNameAlone: outside evaluation there is no list of people, and no
// name that signs in.
func TestNobodySignsInByNameAlone(t *testing.T) {
	for _, development := range []bool{true, false} {
		s := New(Config{Store: desk{}, Development: development, Now: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }})
		if _, err := s.People(t.Context()); err == nil != development || err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("development %v: the list: %v", development, err)
		}
		want := fault.NotFound
		if development {
			want = fault.Invalid // nobody of that name
		}
		if _, _, err := s.SignInForDevelopment(t.Context(), "x"); fault.KindOf(err) != want {
			t.Errorf("development %v: signing in: %v", development, err)
		}
	}
}

// TestSessionsAreOnesOwn: who is not signed in has none, and ends none.
func TestSessionsAreOnesOwn(t *testing.T) {
	s := New(Config{Store: desk{}})
	if _, err := s.Sessions(t.Context()); fault.KindOf(err) != fault.SignIn {
		t.Errorf("sessions: %v", err)
	}
	if err := s.EndOthers(t.Context()); fault.KindOf(err) != fault.SignIn {
		t.Errorf("ending others: %v", err)
	}
}
