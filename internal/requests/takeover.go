package requests

import (
	"context"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// TakeOver is a case that passed to a colleague.
type TakeOver struct {
	ID      string
	Request ID
	Agency  identity.AgencyID
	Ordinal int // from 1
	From    identity.PersonID
	To      identity.PersonID
	Why     personal.Text
	At      time.Time
	EventID audit.EventID
}

// Holder is the officer who holds a case now: who asked, or the colleague who
// took it over last.
func (c Case) Holder() identity.PersonID {
	if n := len(c.TakeOvers); n > 0 {
		return c.TakeOvers[n-1].To
	}
	return c.Request.Officer
}

// person gives an officer who had a part in the case.
func (c Case) person(id identity.PersonID) identity.Person {
	for _, p := range c.People {
		if p.ID == id {
			return p
		}
	}
	return identity.Person{ID: id}
}

// holderActive tells whether the officer who holds the case may act.
func (c Case) holderActive() bool { return c.active(c.Holder()) }

// CanTakeOver tells whether an officer may take the case over: a colleague of the
// unit of its holder, or of the agency where the holder belongs to no unit.
func (c Case) CanTakeOver(actor identity.Actor) bool {
	unit := c.person(c.Holder()).Unit
	return actor.Role == identity.Officer && actor.Agency == c.Request.Agency && actor.Person != c.Holder() && (unit == "" || unit == actor.Unit) &&
		(c.Request.State.Open() || c.Release != nil && c.Release.State == Exported)
}

// TakeOverDigest is what an officer agrees to: to hold this very case.
func TakeOverDigest(c Case, to identity.PersonID) identity.Digest {
	return identity.DigestOf("lerd take-over v1", string(c.Request.ID), string(c.Holder()), string(to), itoa(len(c.TakeOvers)+1))
}

// TakeOver makes a colleague of the unit the officer who holds a case: its
// messages and its bundle are theirs from then on. Who asked stays who asked, and
// neither of them can have another part in the release.
func (s *Service) TakeOver(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.TakeOver(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "take_over", "request")
	if err != nil {
		return err
	}
	if !c.CanTakeOver(actor) {
		return fault.New(fault.Conflict, "You cannot take this request over: it is yours, it has ended, or its officer belongs to another unit.")
	}
	reason, err := needText("why", why, "Say why you take the request over, for example that your colleague is on leave.")
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeSubmit, TakeOverDigest(c, actor.Person))
	if err != nil {
		return err
	}
	t := TakeOver{ID: newID[string](), Request: id, Agency: c.Request.Agency, Ordinal: len(c.TakeOvers) + 1, From: c.Holder(), To: actor.Person, Why: reason, At: s.now()}
	e := change.Event(ctx, t.At, "request.taken_over", "takeover:"+t.ID, 1)
	e.Causes = []audit.EventID{c.Request.EventID}
	e.Facts["request"], e.Facts["rule"], e.Facts["ordinal"] = string(id), rule, itoa(t.Ordinal)
	part := change.Part{Event: e, Insert: []any{&t}}
	tell(&part, "why", reason)
	change.Prove(&part, proof)
	parts := []change.Part{part}
	if c.Release != nil && c.Release.State == Exported {
		parts = append(parts, s.passGrants(ctx, c, t, rule)...)
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// passGrants ends what the former holder was granted, and grants the bundle to
// the new one.
func (s *Service) passGrants(ctx context.Context, c Case, t TakeOver, rule string) (parts []change.Part) {
	rel := *c.Release
	for _, g := range c.Grants {
		if g.Release == rel.ID && g.Ended == "" {
			parts = append(parts, s.endGrant(ctx, rel, g, grantTakenOver, rule))
		}
	}
	g := s.grant(c, rel, t.To, "taken_over")
	e := s.grantEvent(ctx, rel, g, "release.granted")
	e.Facts["rule"] = rule
	return append(parts, change.Part{Event: e, Insert: []any{&g}}, s.order(ctx, c, rel, g, e.ID, rule))
}
