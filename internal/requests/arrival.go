package requests

import (
	"context"
	"errors"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Arrival says that the data which a request asks for are kept since it came, as
// its law wants. Snapshots of its targets are taken, and erased when the request
// was answered or has ended; nothing is disclosed by that, and its agency does not
// learn of it.
type Arrival struct {
	Request ID
	Agency  identity.AgencyID
	At      time.Time
	EventID audit.EventID
}

// keptOnArrival tells whether data are kept in a state; the database has the same
// list.
func (s State) keptOnArrival() bool {
	switch s {
	case Submitted, InReview, NeedsInformation, LegalConflict, Qualified, AwaitingConfirmation, Confirmed, Approved:
		return true
	}
	return false
}

// keepArrived begins to keep the data of requests that came by a process whose law
// wants that, at most maxPreserved of one agency at a time: what is too much waits
// until others were answered.
func (s *Service) keepArrived(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "requests.keepArrived")
	law, err := s.lawNow(ctx)
	if err != nil {
		return err
	}
	var processes []string
	for _, p := range law.Processes() {
		if p.Keeps != nil {
			processes = append(processes, string(p.ID))
		}
	}
	if len(processes) == 0 {
		return nil
	}
	list, err := s.Snapshots.Arrivals(ctx, processes, s.mostPreserved(), 200)
	for _, id := range list {
		err = errors.Join(err, unlessTaken(s.arrive(ctx, id)))
	}
	return err
}

func (s *Service) arrive(ctx context.Context, id ID) error {
	c, _, rule, err := s.open(ctx, id, "resolve", "request")
	if err != nil {
		return err
	}
	p, err := s.pinned(ctx, c.Request)
	if err != nil || p.Keeps == nil || c.Agency.Standing != identity.Verified {
		return err
	}
	e := change.Event(ctx, s.now(), "request.kept_on_arrival", "arrival:"+string(id), 1)
	e.Causes = []audit.EventID{c.Request.EventID}
	e.Facts["request"], e.Facts["process"], e.Facts["rule"] = string(id), string(p.ID), rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&Arrival{Request: id, Agency: c.Request.Agency, At: s.now()}}}}})
}

// hasArrived tells whether the data of a request are kept since it came; where that
// cannot be known now, nothing is erased.
func (s *Service) hasArrived(ctx context.Context, id ID) bool {
	there, err := s.Snapshots.Arrived(ctx, id)
	return there || err != nil
}
