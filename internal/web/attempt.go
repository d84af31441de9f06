package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
)

// attemptsPerMinute is how many refused attempts of one session are put on record in
// a minute; of the others the next one says how many there were, so that nobody
// floods the log.
const attemptsPerMinute = 20

// attempts counts what each session was refused lately.
type attempts struct {
	mu   sync.Mutex
	last map[identity.SessionID]*tries
}

type tries struct {
	since   time.Time
	n, left int // in this minute, and not put on record
}

// take tells whether one more is put on record now, and how many were not before it.
func (a *attempts) take(session identity.SessionID, now time.Time) (omitted int, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = map[identity.SessionID]*tries{}
	}
	t := a.last[session]
	if t == nil {
		a.forget(now)
		t = &tries{since: now}
		a.last[session] = t
	}
	if now.Sub(t.since) >= time.Minute {
		t.since, t.n = now, 0
	}
	if t.n++; t.n > attemptsPerMinute {
		t.left++
		return 0, false
	}
	omitted, t.left = t.left, 0
	return omitted, true
}

// forget drops sessions that have tried nothing for longer than they can live.
func (a *attempts) forget(now time.Time) {
	for id, t := range a.last {
		if now.Sub(t.since) > identity.AbsoluteLimit {
			delete(a.last, id)
		}
	}
}

// refused keeps why a step was refused whose page is shown again.
func (c *Ctx) refused(err error) {
	if err != nil {
		c.event.kind = fault.KindOf(err)
	}
}

// recordAttempt puts on record what somebody who is signed in was refused: a page
// or a step that is not theirs, and a step whose conditions were not met. What was
// typed wrongly is none. It comes after the answer, which is the same for what is
// not there and what is not theirs.
func (s *Server) recordAttempt(c *Ctx) {
	kind := c.event.kind
	if s.cfg.Services.Oversight == nil || c.Route.Name == "" || c.Route.Public || kind != fault.Gate && kind != fault.NotFound && kind != fault.StepUp {
		return
	}
	actor, ok := identity.From(c.Ctx())
	if !ok {
		return
	}
	omitted, yes := s.attempts.take(actor.Session, c.Now())
	if !yes {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Ctx()), 10*time.Second)
	defer cancel()
	object, err := c.UUIDParam("id")
	if err != nil {
		object = ""
	}
	if err := s.cfg.Services.Oversight.Refused(ctx, oversight.Attempt{Route: c.Route.Name, Object: object, Step: c.Route.Method != http.MethodGet, Kind: kind, Omitted: omitted}); err != nil {
		s.cfg.Log.ErrorContext(ctx, "a refused attempt could not be recorded", "route", c.Route.Name, "error", err)
	}
}
