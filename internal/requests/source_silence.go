package requests

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/records"
)

// Silence says that the account data do not answer an operation for a case that waits
// for them. At most one of a case and operation has no end, so that auditors are told
// once however often it is tried, and whichever process tries.
type Silence struct {
	ID         string
	Request    ID
	Op         string    // resolve, phones, sessions
	Since      time.Time // of the first attempt that failed
	AnsweredAt time.Time // zero: not yet
	Version    int64
	EventID    audit.EventID
}

// SilenceStore remembers what auditors were told of account data that are away.
type SilenceStore interface {
	// Silences gives those of a case that have no end.
	Silences(ctx context.Context, id ID) ([]Silence, error)
}

// silent tells the auditors of account data that do not answer. It is told where lerd
// itself waits: who asks from a page is told there, and tries again.
func (s *Service) silent(ctx context.Context, c Case, err error) error {
	op, is := records.Unanswered(err)
	if actor, _ := identity.From(ctx); !is || s.Silences == nil || actor.Role != identity.System {
		return err
	}
	list, bad := s.Silences.Silences(ctx, c.Request.ID)
	if bad != nil {
		return bad
	}
	if slices.ContainsFunc(list, func(x Silence) bool { return x.Op == op }) {
		return err
	}
	x := Silence{ID: uuid.NewString(), Request: c.Request.ID, Op: op, Since: s.now(), Version: 1}
	e := s.silenceEvent(ctx, x, "source_silence.begun")
	if told := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&x}}}}); told != nil {
		return told
	}
	return err
}

// answered tells the auditors that the account data answer again, where they were told
// of a silence.
func (s *Service) answered(ctx context.Context, c Case, ops ...string) error {
	if actor, _ := identity.From(ctx); s.Silences == nil || actor.Role != identity.System {
		return nil
	}
	list, err := s.Silences.Silences(ctx, c.Request.ID)
	for _, x := range list {
		if err != nil || !slices.Contains(ops, x.Op) {
			continue
		}
		x.AnsweredAt, x.Version = s.now(), x.Version+1
		if x.AnsweredAt.Before(x.Since) { // by another machine's clock: no case waits for that
			x.AnsweredAt = x.Since
		}
		e := s.silenceEvent(ctx, x, "source_silence.ended")
		e.Causes = []audit.EventID{x.EventID}
		e.Facts["since"] = stamp(x.Since)
		err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&x}}}})
	}
	return err
}

// silenceEvent names the case as a commitment: whoever reads the public log does not
// learn from it how far a case is.
func (s *Service) silenceEvent(ctx context.Context, x Silence, kind string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "source_silence:"+x.ID, x.Version)
	e.Facts["op"] = x.Op
	e.Values = append(e.Values, value("request", string(x.Request)))
	return e
}
