package requests

import (
	"context"
	"errors"

	"lerd/internal/fault"
)

// Timely does what time makes happen: claims end that nobody goes on with, grants end, downloads that
// lerd was stopped in get an end, agencies are told of bundles that nobody fetches
// and reminded of recalls, and the recall
// of a bundle is proposed whose finding fell. It gives the number of cases.
func (s *Service) Timely(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.Timely")
	if _, _, err := s.may(ctx, "export", "release", ""); err != nil {
		return 0, err
	}
	idle, idleErr := s.ReleaseIdle(ctx)
	late, err := s.After.Overdue(ctx, s.now(), 200)
	if err != nil {
		return 0, err
	}
	for _, id := range late {
		for _, step := range []func(context.Context, ID) error{s.WarnGrants, s.ExpireGrants, s.EndLostDownloads, s.RemindRecall, s.WatchPreservation} {
			err = errors.Join(err, unlessTaken(step(ctx, id)))
		}
	}
	err = errors.Join(err, s.KeepSnapshots(ctx))
	fallen, listErr := s.After.FallenReleases(ctx, 200)
	for _, f := range fallen {
		err = errors.Join(err, unlessTaken(s.ProposeFallen(ctx, f)))
	}
	return idle + len(late) + len(fallen), errors.Join(err, listErr, idleErr)
}

// unlessTaken lets be that another process was first.
func unlessTaken(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}
