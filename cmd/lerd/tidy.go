package main

import (
	"context"

	"lerd/internal/identity"
)

// tidyDrafts erases what drafts no longer need; one process at a time does it.
func (s *system) tidyDrafts(ctx context.Context) (int, error) {
	return s.alone(ctx, "drafts", func(ctx context.Context) (int, error) {
		ctx = identity.With(ctx, identity.SystemActor())
		erased, err := s.cases.ExpireDrafts(ctx)
		if err != nil {
			return 0, err
		}
		swept, err := s.cases.SweepBlobs(ctx)
		if swept > 0 {
			s.log.InfoContext(ctx, "files that no row names were removed", "files", swept)
		}
		return erased + swept, err
	})
}
