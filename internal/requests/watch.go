package requests

import (
	"context"
	"errors"
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// The clocks whose alerts are events.
const (
	EffectClock   = "effect"   // by when the platform answers
	ClarifyClock  = "clarify"  // by when the agency answers a question
	ExaminedClock = "examined" // reminders of what waits behind the legal review, counsel's conflicts too
)

// UnansweredDays is how long a question waits for its answer where the process
// says nothing: the platform's own choice.
const UnansweredDays = 30

// Alert is that a clock turned to warn, overdue or very overdue. It is written
// once for each turn, whichever job is first.
type Alert struct {
	ID       string
	Request  ID
	Agency   identity.AgencyID
	Clock    string
	Alert    legal.Alert
	DueAt    time.Time
	TurnedAt time.Time
	At       time.Time
	EventID  audit.EventID
}

// Ticking is a case whose clock runs, with what was said of it.
type Ticking struct {
	ID        ID
	Agency    identity.AgencyID
	Process   ProcessPin
	State     State
	Emergency bool
	EffectBy  time.Time // zero: the process has no such deadline
	Since     time.Time // when the case took its last step
	AskedAt   time.Time // of a case that waits for its agency
	EventID   audit.EventID
	Raised    []Alert // Clock, Alert, DueAt and TurnedAt
}

// WatchStore knows the cases whose clocks run.
type WatchStore interface {
	// Ticking gives cases in states of which an alert may be due: with a deadline
	// before the given time, or none. After is the last one seen.
	Ticking(ctx context.Context, states []State, before time.Time, skip, limit int) ([]Ticking, error)
	// Alerts gives the alerts of a case, the oldest first.
	Alerts(ctx context.Context, id ID) ([]Alert, error)
	// Objections gives the objections to a case, the oldest first.
	Objections(ctx context.Context, id ID) ([]Objection, error)
}

// running are the states in which the platform's clock runs.
var running = []State{Submitted, InReview, Qualified, AwaitingConfirmation, Confirmed, Approved, LegalConflict}

// farthest is how long before a deadline the earliest warning can come.
const farthest = 10 * 24 * time.Hour

// WatchClocks raises what turned since the last look, however long ago that was,
// and ends cases whose agency did not answer in time. It gives the number of
// events. Two at once raise each alert once.
func (s *Service) WatchClocks(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "requests.WatchClocks")
	_, rule, err := s.may(ctx, "watch", "request", "")
	if err != nil {
		return 0, err
	}
	law, err := s.lawNow(ctx)
	if err != nil {
		return 0, err
	}
	w := watch{s: s, law: law, rule: rule, now: s.now()}
	for _, states := range [][]State{running, {NeedsInformation}} {
		done, stepErr := w.all(ctx, states)
		n, err = n+done, errors.Join(err, stepErr)
	}
	return n, err
}

type watch struct {
	s    *Service
	law  *legal.Registry
	rule string
	now  time.Time
}

// all looks at every case of some states. A case that fails holds up no other.
func (w watch) all(ctx context.Context, states []State) (n int, err error) {
	var all []Ticking
	for skip := 0; ; skip += 500 {
		list, err := w.s.Watch.Ticking(ctx, states, w.now.Add(farthest), skip, 500)
		if err != nil {
			return 0, err
		}
		if all = append(all, list...); len(list) < 500 {
			break
		}
	}
	for _, t := range all {
		done, stepErr := w.one(ctx, t)
		n, err = n+done, errors.Join(err, unlessTaken(stepErr))
	}
	return n, err
}

// one raises what is due for a case, each alert in a transaction of its own.
func (w watch) one(ctx context.Context, t Ticking) (n int, err error) {
	for _, a := range w.due(t) {
		if slices.ContainsFunc(t.Raised, func(b Alert) bool { return b.Clock == a.Clock && b.Alert == a.Alert && b.TurnedAt.Equal(a.TurnedAt) }) {
			continue
		}
		if err := unlessTaken(w.raise(ctx, t, a)); err != nil {
			return n, err
		}
		n++
	}
	if t.State == NeedsInformation && w.now.After(w.answerBy(t)) {
		return n + 1, w.s.expireQuestion(ctx, t.ID, w.rule)
	}
	return n, nil
}

// due gives the alerts that should stand by now, the oldest first.
func (w watch) due(t Ticking) (out []Alert) {
	switch {
	case t.State == NeedsInformation:
		by := w.answerBy(t)
		return w.turned(ClarifyClock, by, map[legal.Alert][]time.Time{legal.Warn: {by.Add(-by.Sub(t.AskedAt) / 3)}})
	case t.State.inLog() == Examined:
		out = w.reminders(t)
	}
	if t.EffectBy.IsZero() {
		return out
	}
	warn, very := w.spans(t)
	return append(out, w.turned(EffectClock, t.EffectBy, map[legal.Alert][]time.Time{
		legal.Warn: {t.EffectBy.Add(-warn)}, legal.Overdue: {t.EffectBy}, legal.VeryOverdue: {t.EffectBy.Add(very)}})...)
}

// spans gives how long before and after its deadline a case's alerts turn, by
// its process; the ordinary ones where the version cannot be had.
func (w watch) spans(t Ticking) (warn, very time.Duration) {
	p, err := w.law.Pinned(t.Process.legal())
	if err != nil {
		return 48 * time.Hour, 5 * 24 * time.Hour
	}
	kind := legal.ClockEffect
	if t.Emergency && p.Clocks.Emergency != nil {
		kind = legal.ClockEmergency
	}
	return p.AlertSpans(kind)
}

// ConflictDue is by when counsel settles a conflict: the deadline of effect, and
// where the process has none a week after the last step.
func ConflictDue(effectBy, since time.Time) time.Time {
	if effectBy.IsZero() {
		return since.Add(7 * 24 * time.Hour)
	}
	return effectBy
}

// reminders come five, three and one days before the deadline, in an emergency
// four and two hours, at it, and every day after it. Of those that were missed
// only the last is said. They are the same for every case that is examined, so
// that the log does not tell which of them is counsel's.
func (w watch) reminders(t Ticking) []Alert {
	by := ConflictDue(t.EffectBy, t.Since)
	const day = 24 * time.Hour
	before := []time.Time{by.Add(-5 * day), by.Add(-3 * day), by.Add(-day)}
	if t.Emergency {
		before = []time.Time{by.Add(-4 * time.Hour), by.Add(-2 * time.Hour)}
	}
	before = slices.DeleteFunc(before, func(at time.Time) bool { return at.After(w.now) })
	if len(before) > 1 {
		before = before[len(before)-1:]
	}
	after := map[legal.Alert][]time.Time{legal.Warn: before, legal.Overdue: {by}}
	if days := int(w.now.Sub(by) / day); days >= 1 {
		after[legal.VeryOverdue] = []time.Time{by.Add(time.Duration(days) * day)}
	}
	return w.turned(ExaminedClock, by, after)
}

func (w watch) turned(clock string, due time.Time, at map[legal.Alert][]time.Time) (out []Alert) {
	for _, alert := range []legal.Alert{legal.Warn, legal.Overdue, legal.VeryOverdue} {
		for _, turn := range at[alert] {
			if turn = turn.UTC().Truncate(time.Microsecond); !turn.After(w.now) {
				out = append(out, Alert{Clock: clock, Alert: alert, DueAt: due, TurnedAt: turn})
			}
		}
	}
	return out
}

func (w watch) raise(ctx context.Context, t Ticking, a Alert) error {
	a.ID, a.Request, a.Agency, a.At = newID[string](), t.ID, t.Agency, w.now
	e := change.Event(ctx, w.now, "clock."+string(a.Alert), "clock:"+string(t.ID), 0)
	e.Causes = []audit.EventID{t.EventID}
	f := e.Facts
	f["request"], f["process"], f["clock"], f["due"], f["turned"], f["rule"] = string(t.ID), t.Process.ID, a.Clock, stamp(a.DueAt), stamp(a.TurnedAt), w.rule
	return w.s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&a}}}})
}

// answerBy gives by when a question is to be answered.
func (w watch) answerBy(t Ticking) time.Time {
	p, err := w.law.Pinned(t.Process.legal())
	if err != nil {
		return t.AskedAt.AddDate(0, 0, UnansweredDays)
	}
	return answerBy(w.law, p, t.AskedAt)
}

func answerBy(law *legal.Registry, p *legal.Process, asked time.Time) time.Time {
	if p.HasClock(legal.ClockClarify) {
		if due, err := law.Due(legal.ClockInput{Process: p, Kind: legal.ClockClarify, Start: asked}); err == nil {
			return due.At
		}
	}
	zone, err := time.LoadLocation(p.Clocks.Zone)
	if err != nil {
		zone = time.UTC
	}
	return legal.DateOf(asked.In(zone)).AddDays(UnansweredDays).LastSecond(zone).UTC()
}

// AnswerBy gives by when the agency of a case is to answer the question that it
// was asked; zero where it was asked nothing.
func (s *Service) AnswerBy(ctx context.Context, c Case) (time.Time, error) {
	asked := c.askedAt()
	if c.Request.State != NeedsInformation || asked.IsZero() {
		return time.Time{}, nil
	}
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return time.Time{}, err
	}
	return answerBy(s.Law, p, asked), nil
}

// askedAt gives when the question was asked that waits for its answer.
func (c Case) askedAt() (at time.Time) {
	for _, m := range c.Messages {
		if m.Kind == Question {
			at = m.At
		}
	}
	return at
}

// notAnswered is the reason that the agency reads where it did not answer.
const notAnswered = "RR-08"

// expireQuestion ends a case whose question was not answered in time. A new request may
// cure it.
func (s *Service) expireQuestion(ctx context.Context, id ID, rule string) error {
	c, err := s.Store.Case(ctx, id)
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Expire, rule)
	if err != nil {
		return err
	}
	q.Refusals = []string{notAnswered}
	part.Event.Facts["asked"], part.Event.Facts["refusal"] = stamp(c.askedAt()), notAnswered
	return s.Store.Commit(ctx, change.Set{Parts: append([]change.Part{part}, s.cancel(ctx, c, part, "expired")...)})
}

// Alerts gives what was said of a case's clocks, to its staff.
func (s *Service) Alerts(ctx context.Context, c Case) ([]Alert, error) {
	return s.Watch.Alerts(ctx, c.Request.ID)
}
