package requests

import (
	"context"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
)

// ReissueReasons are the reasons for which a bundle is issued again.
var ReissueReasons = []string{"expired", "limit_reached", "file_lost", "technical_failure"}

// CanReissue tells whether a bundle may be issued again at all: it is out and no
// grant for it can be used any more, or the officer cannot use the one there is.
func (c Case) CanReissue() bool { return c.Release != nil && c.Release.State == Exported }

// Reissue lets the officer who holds a case fetch its bundle anew: the same
// records, sealed as a copy of its own, for another time and number of times, with
// the reason. What was granted before ends.
func (s *Service) Reissue(ctx context.Context, id ID, reason, why string) (err error) {
	defer fault.Wrap(&err, "requests.Reissue(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "reissue", "release")
	if err != nil {
		return err
	}
	if !c.CanReissue() {
		return fault.New(fault.Conflict, "There is no bundle that could be issued again. Reload the page to see where the case stands.")
	}
	var r reader
	if !slices.Contains(ReissueReasons, reason) {
		r.fail("reason", "Choose why the bundle is issued again.")
	}
	note := r.text("why", why, "Say in a sentence what happened.")
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	rel, now := *c.Release, s.now()
	var parts []change.Part
	for _, g := range c.Grants {
		if g.Release != rel.ID || g.Ended != "" {
			continue
		}
		ended := grantReissued
		if over := g.Over(now); over != "" {
			ended = over
		}
		parts = append(parts, s.endGrant(ctx, rel, g, ended, rule))
	}
	fresh := s.grant(c, rel, c.Holder(), reason)
	fresh.IssuedBy = actor.Person
	e := s.grantEvent(ctx, rel, fresh, "release.reissued")
	e.Facts["rule"] = rule
	part := change.Part{Event: e, Insert: []any{&fresh}}
	tell(&part, "why", note)
	for _, p := range parts {
		part.Event.Causes = append(part.Event.Causes, p.Event.ID)
	}
	parts = append(parts, part, s.order(ctx, c, rel, fresh, part.Event.ID, rule))
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}
