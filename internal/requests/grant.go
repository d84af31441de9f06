package requests

import (
	"context"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// How long, and how often, an officer may fetch a bundle where the operator
// says nothing else.
const (
	GrantLife    = 30 * 24 * time.Hour
	MaxDownloads = 10
)

// attemptsEach is how many downloads may be begun for each that may be delivered.
const attemptsEach = 5

// Grant lets one officer fetch one bundle, for a time and a number of times.
type Grant struct {
	ID         string
	Release    ReleaseID
	Request    ID
	Agency     identity.AgencyID
	Officer    identity.PersonID
	Ordinal    int    // from 1, of the release's grants
	Reason     string // ready, taken_over, or one of ReissueReasons
	IssuedBy   identity.PersonID
	From       time.Time
	Until      time.Time // not included
	Deliveries int       // how often the bundle may be delivered
	Begun      int
	Delivered  int
	Ended      string // "" while it may still be used, else why it ended
	Version    int64
	EventID    audit.EventID
}

// Why a grant ended.
const (
	grantExpired   = "expired"
	grantUsedUp    = "used_up"
	grantReissued  = "reissued"
	grantTakenOver = "taken_over"
	grantRecalled  = "recalled"
)

// Open tells whether a download may begin under the grant at now.
func (g Grant) Open(now time.Time) bool { return g.Ended == "" && now.Before(g.Until) && g.left() }

func (g Grant) left() bool {
	return g.Delivered < g.Deliveries && g.Begun < attemptsEach*g.Deliveries
}

// Over says why no download may begin under the grant at now, "" if one may.
func (g Grant) Over(now time.Time) string {
	switch {
	case g.Ended != "":
		return g.Ended
	case !now.Before(g.Until):
		return grantExpired
	case !g.left():
		return grantUsedUp
	}
	return ""
}

// grant makes the next grant of a release for an officer.
func (s *Service) grant(c Case, rel Release, officer identity.PersonID, reason string) Grant {
	now, life := s.now(), s.GrantLife
	if life <= 0 {
		life = GrantLife
	}
	ordinal := 1
	for _, g := range c.Grants {
		if g.Release == rel.ID {
			ordinal++
		}
	}
	return Grant{ID: newID[string](), Release: rel.ID, Request: rel.Request, Agency: rel.Agency, Officer: officer, Ordinal: ordinal, Reason: reason,
		From: now, Until: now.Add(life), Deliveries: MaxDownloads, Version: 1}
}

// Grant gives the newest grant of a case's bundle to an officer.
func (c Case) Grant(officer identity.PersonID) (g Grant, ok bool) {
	for _, x := range c.Grants {
		if c.Release != nil && x.Release == c.Release.ID && x.Officer == officer && x.Ordinal > g.Ordinal {
			g, ok = x, true
		}
	}
	return g, ok
}

// granted gives the grant under which an officer may begin a download now.
func (s *Service) granted(c Case, officer identity.PersonID) (Grant, error) {
	g, ok := c.Grant(officer)
	if !ok {
		return g, fault.New(fault.Conflict, "This bundle waits for the officer who holds the request. Take the request over to fetch it.")
	}
	switch g.Over(s.now()) {
	case "":
		return g, nil
	case grantExpired:
		return g, fault.New(fault.Conflict, "The time in which this bundle could be fetched is over. Write to the reviewer, who can issue it again.")
	case grantUsedUp:
		return g, fault.New(fault.TooMany, "This bundle was downloaded as often as it may be. Write to the reviewer, who can issue it again.")
	}
	return g, fault.New(fault.Conflict, "This bundle can no longer be fetched by you. Reload the page to see where the request stands.")
}

// ExpireGrants ends the grants of a case whose time is over, so that it is on
// record, and the reviewer and the agency's administrator can be told.
func (s *Service) ExpireGrants(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.ExpireGrants(%s)", id)
	c, _, rule, err := s.open(ctx, id, "export", "release")
	if err != nil || c.Release == nil {
		return err
	}
	var parts []change.Part
	rel := *c.Release
	for _, g := range c.Grants {
		if over := g.Over(s.now()); g.Release == rel.ID && g.Ended == "" && over != "" {
			parts = append(parts, s.endGrant(ctx, rel, g, over, rule))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts})
}

// ending tells whether somebody should be told that a bundle waits: nobody has
// fetched it, and a tenth of the time is left.
func (g Grant) ending(now time.Time) bool {
	return g.Open(now) && g.Delivered == 0 && !now.Before(g.Until.Add(-g.Until.Sub(g.From)/10))
}

// WarnGrants puts on record that the time is running out in which a bundle can be
// fetched that nobody has fetched, once for each grant: its stream takes one event.
func (s *Service) WarnGrants(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.WarnGrants(%s)", id)
	c, _, rule, err := s.open(ctx, id, "export", "release")
	if err != nil || c.Release == nil {
		return err
	}
	for _, g := range c.Grants {
		if g.Release != c.Release.ID || !g.ending(s.now()) {
			continue
		}
		e := s.grantEvent(ctx, *c.Release, g, "release.grant_ending")
		e.Stream, e.Version = "grant_ending:"+g.ID, 1
		e.Facts["until"], e.Facts["rule"] = stamp(g.Until), rule
		if err := unlessTaken(s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})); err != nil {
			return err
		}
	}
	return nil
}

// endGrant is the part that ends a grant.
func (s *Service) endGrant(ctx context.Context, rel Release, g Grant, why, rule string) change.Part {
	g.Ended, g.Version = why, g.Version+1
	e := s.grantEvent(ctx, rel, g, "release.grant_ended")
	e.Facts["why"], e.Facts["rule"] = why, rule
	return change.Part{Event: e, Update: []any{&g}}
}

// grantEvent begins an event of a grant, in the grant's own stream: downloads of
// several officers do not stand in each other's way.
func (s *Service) grantEvent(ctx context.Context, rel Release, g Grant, kind string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "grant:"+g.ID, g.Version)
	e.Facts["request"], e.Facts["release"], e.Facts["ref"] = string(rel.Request), string(rel.ID), rel.Ref
	e.Facts["grant"], e.Facts["reason"] = itoa(g.Ordinal), g.Reason
	if rel.EventID != "" {
		e.Causes = []audit.EventID{rel.EventID}
	}
	return e
}
