package oversight

import (
	"context"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Attempt is a step that somebody who is signed in was refused.
type Attempt struct {
	Route  string // name of the route
	Object string // id in its address; empty: none
	Step   bool   // it would have changed something; a look does not
	Kind   fault.Kind
	// Omitted are further attempts of the session before this one, of which there were
	// too many to put each on record.
	Omitted int
}

// SettingStore knows what an attempt was aimed at, and the settings on record.
type SettingStore interface {
	// HadPart tells whether a person took an earlier step on what an id names, so
	// that the refused one would have been their second on the same thing.
	HadPart(ctx context.Context, person identity.PersonID, object string) (bool, error)
	// LastSettings gives the settings as the newest event says them, name by name;
	// nil where there is none.
	LastSettings(ctx context.Context) (map[string]string, error)
	// PolicyAt gives the access policy in force at a place of the log, and the digest
	// by which its event names it; "" where it is not on record.
	PolicyAt(ctx context.Context, index int64) (text, digest string, err error)
}

// Refused puts an attempt on record: who tried what, in which role, and why it was
// refused. Steps that are refused because the form was not filled in well, or
// because somebody else was quicker, are none.
func (s *Service) Refused(ctx context.Context, a Attempt) (err error) {
	defer fault.Wrap(&err, "oversight.Refused(%s)", a.Route)
	actor, ok := identity.From(ctx)
	if !ok || actor.Person == "" {
		return nil
	}
	e := change.Event(ctx, s.now(), "attempt.refused", "attempt:"+string(actor.Person), 0)
	e.Facts["route"], e.Facts["why"] = a.Route, string(a.Kind)
	if a.Omitted > 0 {
		e.Facts["omitted"] = itoa(a.Omitted)
	}
	if a.Object != "" {
		e.Facts["object"] = a.Object
		had, err := s.Settings.HadPart(ctx, actor.Person, a.Object)
		if err != nil {
			return err
		}
		// Who may not do a step at all is told that it is not there; on what they had
		// a part in themselves it is the same attempt.
		if had && (a.Kind == fault.Gate || a.Step && a.Kind == fault.NotFound) {
			e.Facts["self"] = "yes"
		}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}
