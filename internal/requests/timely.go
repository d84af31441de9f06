package requests

import (
	"context"
	"errors"

	"lerd/internal/fault"
)

// Timely does at once what has become possible for cases that were answered: claims end that nobody
// goes on with, grants end that are used up, what was preserved is kept, and the recall
// of a bundle is proposed whose finding fell. It gives the number of cases.
func (s *Service) Timely(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.Timely")
	if _, _, err := s.may(ctx, "export", "release", ""); err != nil {
		return 0, err
	}
	idle, idleErr := s.ReleaseIdle(ctx)
	used, err := s.After.UsedUp(ctx, 200)
	for _, id := range used {
		err = errors.Join(err, unlessTaken(s.ExpireGrants(ctx, id)))
	}
	err = errors.Join(err, s.KeepSnapshots(ctx))
	fallen, listErr := s.After.FallenReleases(ctx, 200)
	for _, f := range fallen {
		err = errors.Join(err, unlessTaken(s.ProposeFallen(ctx, f)))
	}
	return idle + len(used) + len(fallen), errors.Join(err, listErr, idleErr)
}

// Deadlines does what time alone makes happen: grants end, downloads that lerd was stopped in get
// an end, agencies are told of bundles that nobody fetches and reminded of recalls and
// preservations. It looks at every grant and preservation that runs, and is not for
// each second. It gives the number of cases.
func (s *Service) Deadlines(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.Deadlines")
	if _, _, err := s.may(ctx, "export", "release", ""); err != nil {
		return 0, err
	}
	late, err := s.After.Overdue(ctx, s.now(), 200)
	for _, id := range late {
		for _, step := range []func(context.Context, ID) error{s.WarnGrants, s.ExpireGrants, s.EndLostDownloads, s.RemindRecall, s.WatchPreservation} {
			err = errors.Join(err, unlessTaken(step(ctx, id)))
		}
	}
	return len(late), err
}

// unlessTaken lets be that another process was first.
func unlessTaken(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}
