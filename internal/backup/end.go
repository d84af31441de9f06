package backup

import (
	"context"
	"errors"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// RunOnce ends every key whose time has come, and gives how many were. A key that
// was ended before it could be put on record is put on record now.
func (s *Service) RunOnce(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "backup.RunOnce")
	ctx = identity.With(ctx, identity.SystemActor())
	list, err := s.Keys.List()
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, key := range list {
		if !key.Ended && s.Now().Before(key.Until) {
			continue
		}
		if err := s.end(ctx, key); err != nil {
			failed = append(failed, err)
			continue
		}
		n++
	}
	return n, errors.Join(failed...)
}

// end makes a copy unreadable first: an event that tells of it must not be early.
func (s *Service) end(ctx context.Context, key Key) error {
	if err := s.Keys.End(key.ID); err != nil {
		return err
	}
	facts := map[string]string{}
	if !key.Until.IsZero() {
		facts["until"] = stamp(key.Until)
	}
	if err := s.record(ctx, "backup.key_ended", key.ID, facts); err != nil {
		return err
	}
	return s.Keys.Forget(key.ID)
}
