package retention

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
)

// batch is how many subjects are erased in one round of the job.
const batch = 50

// RunOnce erases what is due, and removes the files of what was erased. A
// subject that cannot be erased now keeps no other waiting. It gives how many
// were erased.
func (s *Service) RunOnce(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "retention.RunOnce")
	ctx = system(ctx)
	due, err := s.Store.DueForErasure(ctx, s.now(), false, batch)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, d := range due {
		if err := s.erase(ctx, d); err != nil {
			failed = append(failed, err)
			continue
		}
		n++
	}
	_, err = s.Store.Prune(ctx, s.Policy.WorkingDays)
	return n, errors.Join(append(failed, s.finish(ctx), err)...)
}

func (s *Service) erase(ctx context.Context, d Due) (err error) {
	defer fault.Wrap(&err, "retention.erase(%s, %s)", d.Class, d.Subject)
	e := Erasure{ID: uuid.NewString(), Class: d.Class, Subject: d.Subject, DueAt: d.At, MadeAt: s.now(), Version: 1}
	event := change.Event(ctx, e.MadeAt, "erasure.made", "", 0)
	event.Facts["class"], event.Facts["erasure"], event.Facts["due"] = string(d.Class), e.ID, d.At.UTC().Format(time.RFC3339)
	return s.Store.Erase(ctx, e, event)
}

// finish removes the files of erasures; one that is gone already is no failure,
// so that a stopped round can be repeated.
func (s *Service) finish(ctx context.Context) error {
	list, err := s.Store.Erasures(ctx, true, batch)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range list {
		if err := s.finishOne(ctx, e); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (s *Service) finishOne(ctx context.Context, e Erasure) (err error) {
	defer fault.Wrap(&err, "retention.finish(%s)", e.ID)
	names, err := s.Store.FilesOf(ctx, e)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.Blobs.Remove(ctx, name); err != nil {
			return err
		}
	}
	e.FilesGoneAt, e.Version = s.now(), e.Version+1
	event := change.Event(ctx, e.FilesGoneAt, "erasure.files_removed", "erasure:"+e.ID, 0)
	event.Facts["class"], event.Facts["files"] = string(e.Class), strconv.Itoa(len(names))
	if e.EventID != "" {
		event.Causes = append(event.Causes, e.EventID)
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: event, Update: []any{&e}}}})
}
