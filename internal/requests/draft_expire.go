package requests

import (
	"context"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
)

// Housekeeping is what the jobs that erase need of the store, as lerd itself.
type Housekeeping interface {
	// DueDrafts gives drafts that are to be erased at now, or that expire before
	// warn and whose unit was not told.
	DueDrafts(ctx context.Context, now, warn time.Time) ([]Draft, error)
	// BlobsInUse tells which names of swept areas some row names.
	BlobsInUse(ctx context.Context, names []string) (map[string]bool, error)
}

// ExpireDrafts erases the drafts whose time is over and those whose request can
// no longer come back, and tells of those that expire soon. It runs as lerd.
func (s *Service) ExpireDrafts(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.ExpireDrafts")
	due, err := s.Housekeeping.DueDrafts(ctx, s.now(), s.now().Add(DraftWarning))
	if err != nil {
		return 0, err
	}
	for _, d := range due {
		if err := s.expire(ctx, d); err != nil && fault.KindOf(err) != fault.Conflict {
			return n, err // one that somebody changed at this moment waits for the next run
		}
		n++
	}
	return n, nil
}

func (s *Service) expire(ctx context.Context, d Draft) error {
	kind, blob := "draft.expiring", ""
	switch {
	case d.State == DraftSent:
		kind, blob = "draft.used_up", d.erase()
	case !s.now().Before(d.ExpiresAt):
		kind, blob = "draft.expired", d.erase()
	default:
		d.WarnedAt = s.now()
	}
	d.Version++
	e := change.Event(ctx, s.now(), kind, StreamOfDraft(d.ID), 0)
	e.Facts["agency"], e.Facts["expires"] = string(d.Agency), stamp(d.ExpiresAt)
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&d}}}}); err != nil {
		return err
	}
	if blob == "" {
		return nil
	}
	return s.Blobs.Remove(ctx, blob)
}

// blobAge is how old a file must be before a sweep judges it: a step that writes
// file and row is long over by then.
const blobAge = 24 * time.Hour

// swept are the areas whose files each belong to a row.
var swept = []string{"documents", "drafts", "results", "bundles"}

// SweepBlobs removes files that no row names, which steps left behind that were
// killed between file and row, and bundles of releases that were cancelled before
// they left. It runs as lerd.
func (s *Service) SweepBlobs(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.SweepBlobs")
	for _, area := range swept {
		names, err := s.Blobs.OlderThan(ctx, area, s.now().Add(-blobAge))
		if err != nil {
			return n, err
		}
		for len(names) > 0 {
			some := names[:min(len(names), 500)]
			names = names[len(some):]
			used, err := s.Housekeeping.BlobsInUse(ctx, some)
			if err != nil {
				return n, err
			}
			for _, name := range some {
				if used[name] {
					continue
				}
				if err := s.Blobs.Remove(ctx, name); err != nil {
					return n, err
				}
				n++
			}
		}
	}
	return n, nil
}
