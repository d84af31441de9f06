package requests

import (
	"context"

	"lerd/internal/change"
)

// linkBrought links targets to findings that were brought before anybody asked,
// where one about the same account and rule stands or waits for its confirmers, and
// gives the targets for which there is none. The link is no event of the case: the
// log of a case says the same either way.
func (s *Service) linkBrought(ctx context.Context, c Case, about []Target) (parts []change.Part, rest []Target, err error) {
	if s.Brought == nil {
		return nil, about, nil
	}
	last := map[TargetID]Ask{}
	for _, a := range c.Asks {
		last[a.Target] = a
	}
	for _, t := range about {
		id, ok, err := s.Brought.BroughtFor(ctx, t.AccountID, t.AllegedRule, t.AllegedVer, s.now())
		if err != nil {
			return nil, nil, err
		}
		switch {
		case !ok:
			rest = append(rest, t)
		case last[t.ID].Finding != id: // otherwise this very target asked for it before
			a := Ask{ID: newID[string](), Finding: id, Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Ordinal: last[t.ID].Ordinal + 1}
			e := change.Event(ctx, s.now(), "finding.asked", "ask:"+a.ID, 1)
			e.Facts["platform_rule"] = t.AllegedRule
			parts = append(parts, change.Part{Event: e, Insert: []any{&a}})
		}
	}
	return parts, rest, nil
}
