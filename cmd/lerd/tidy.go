package main

import (
	"context"

	"lerd/internal/identity"
)

// tidyDrafts erases what drafts no longer need; one process at a time does it.
func (s *system) tidyDrafts(ctx context.Context) (bool, error) {
	release, ok, err := s.store.Elect(ctx, "drafts")
	if err != nil || !ok {
		return false, err
	}
	defer release()
	ctx = identity.With(ctx, identity.SystemActor())
	erased, err := s.cases.ExpireDrafts(ctx)
	if err != nil {
		return false, err
	}
	swept, err := s.cases.SweepBlobs(ctx)
	if swept > 0 {
		s.log.InfoContext(ctx, "files that no row names were removed", "files", swept)
	}
	return erased+swept > 0, err
}
