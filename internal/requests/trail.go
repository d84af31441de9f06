package requests

import (
	"context"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// TrailEvent is an event of the audit log as an auditor reads it.
type TrailEvent struct {
	Record audit.Record
	Entry  audit.Entry
	Index  int64  // its place in the log; -1 while it has none
	Actor  string // pseudonym; people are named in their own table alone

	Opening audit.ValueOpening // of its closed facts, which the record has opened; zero: it has none
}

// Proofs gives an event's tlog-proof once a published checkpoint covers it.
type Proofs interface {
	Proof(ctx context.Context, id audit.EventID) ([]byte, error)
}

// TrailStore reads the audit log for auditors.
type TrailStore interface {
	// CaseEvents gives every event of a case and of all that belongs to it, from its
	// documents to its gags and the notices to users, and the looks at it, in the
	// log's order, events without a place last.
	CaseEvents(ctx context.Context, c Case) ([]TrailEvent, error)
	// SubmissionEvent gives the event by which a request was submitted, or
	// NotFound where it was not.
	SubmissionEvent(ctx context.Context, id ID) (TrailEvent, error)
	// ReleaseEvent gives the event by which a release, or the copy that it stands
	// for, left, or NotFound.
	ReleaseEvent(ctx context.Context, rel Release) (TrailEvent, error)
	// Event gives one event, or NotFound.
	Event(ctx context.Context, id audit.EventID) (TrailEvent, error)
	// Recent gives the newest events of the log, the newest first.
	Recent(ctx context.Context, limit int) ([]TrailEvent, error)
}

// Trail gives a case with all its events, and records that it was read.
func (s *Service) Trail(ctx context.Context, id ID) (c Case, events []TrailEvent, err error) {
	defer fault.Wrap(&err, "requests.Trail(%s)", id)
	if _, _, err := s.may(ctx, "view", "log", ""); err != nil {
		return c, nil, err
	}
	c, _, rule, err := s.open(ctx, id, "view", "request")
	if err != nil {
		return c, nil, err
	}
	if err := s.look(ctx, c, "trail.viewed", rule); err != nil {
		return c, nil, err
	}
	events, err = s.TrailStore.CaseEvents(ctx, c)
	return c, events, err
}

// Event gives one event of the log, and records that it was read.
func (s *Service) Event(ctx context.Context, id audit.EventID) (ev TrailEvent, err error) {
	defer fault.Wrap(&err, "requests.Event(%s)", id)
	actor, rule, err := s.may(ctx, "view", "log", "")
	if err != nil {
		return ev, err
	}
	if ev, err = s.TrailStore.Event(ctx, id); err != nil {
		return ev, err
	}
	return ev, s.lookAtLog(ctx, actor, id, rule)
}

func (s *Service) lookAtLog(ctx context.Context, actor identity.Actor, id audit.EventID, rule string) error {
	e := change.Event(ctx, s.now(), "event.viewed", "look:event:"+string(id)+":"+string(actor.Person), 0)
	e.Facts["event"], e.Facts["rule"] = string(id), rule
	e.Causes = []audit.EventID{id}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// Recent gives the newest events of the log.
func (s *Service) Recent(ctx context.Context, limit int) (list []TrailEvent, err error) {
	defer fault.Wrap(&err, "requests.Recent")
	if _, _, err := s.may(ctx, "view", "log", ""); err != nil {
		return nil, err
	}
	return s.TrailStore.Recent(ctx, limit)
}
