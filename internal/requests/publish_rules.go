package requests

import (
	"context"
	"strconv"

	"lerd/internal/change"
	"lerd/internal/fault"
)

// PublishRules puts the links from platform rules to classes of offence, as the
// policy states them, where the database's gates look for them. Links that are
// there stay as they are.
func (s *Service) PublishRules(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "requests.PublishRules")
	known, err := s.Releases.RuleOffences(ctx)
	if err != nil {
		return err
	}
	var fresh []any
	for _, rule := range s.Law.Rules() {
		for _, class := range s.Law.OffenceClasses() {
			link := RuleOffence{Rule: rule.ID, Version: rule.Version, Class: class.Code}
			if ok, _ := s.Law.RuleMatchesOffence(rule.ID, class.Code); ok && !known[link] {
				fresh = append(fresh, &link)
			}
		}
	}
	var set change.Set
	for n := 0; n < len(fresh); n += linksPerEvent {
		some := fresh[n:min(n+linksPerEvent, len(fresh))]
		e := change.Event(ctx, s.now(), "policy.published", "policy:rules", 0)
		e.Facts["digest"], e.Facts["links"] = s.Law.Digest(), strconv.Itoa(len(some))
		set.Parts = append(set.Parts, change.Part{Event: e, Insert: some})
	}
	if len(set.Parts) > 0 {
		if err := s.Store.Commit(ctx, set); err != nil {
			return err
		}
	}
	if err := s.publishSensitive(ctx); err != nil {
		return err
	}
	return s.publishCosignature(ctx)
}

// linksPerEvent keeps an event with its commitments well below the size of an
// entry of the log.
const linksPerEvent = 200
