package main

import (
	"context"

	"lerd/internal/requests"
	"lerd/internal/retention"
	"lerd/policies"
)

// openRetention wires what erases, by the policy.
func (s *system) openRetention(blobs requests.Blobs) error {
	policy, err := retention.Load(policies.FS)
	if err != nil {
		return err
	}
	s.retention = retention.New(retention.Config{Store: s.store, Access: s.rules, Repeats: s.store, Blobs: blobs, Policy: policy, Now: s.now})
	return nil
}

// erase lets one process erase what is due; it says whether more may wait.
func (s *system) erase(ctx context.Context) (int, error) {
	return s.alone(ctx, "retention", func(ctx context.Context) (int, error) {
		// What is destroyed cannot be looked for any more: not while the log and what is
		// kept outside it contradict each other.
		if err := s.sequencer.Settled(ctx); err != nil {
			return 0, err
		}
		return s.retention.RunOnce(ctx)
	})
}
