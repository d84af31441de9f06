package requests

import (
	"context"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/legal"
)

// setClocks computes when the agency must have been told of the receipt, and
// when effect must have been given.
func (s *Service) setClocks(q *Request, agency identity.Agency, p *legal.Process) error {
	var explain []string
	for _, kind := range []legal.ClockKind{legal.ClockAck, effectClock(q, p)} {
		due, ok, err := s.due(Case{Request: *q, Agency: agency}, p, kind, nil)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if kind == legal.ClockAck {
			q.AcknowledgeBy = due.At
		} else {
			q.EffectBy = due.At
		}
		q.LegalZone = due.Zone
		explain = append(explain, strings.Join(due.Explain, " "))
	}
	q.DueExplained = strings.Join(explain, "\n")
	return nil
}

func effectClock(q *Request, p *legal.Process) legal.ClockKind {
	if q.Emergency && p.Clocks.Emergency != nil {
		return legal.ClockEmergency
	}
	return legal.ClockEffect
}

func limitOf(p *legal.Process, kind legal.ClockKind) *legal.Limit {
	switch kind {
	case legal.ClockAck:
		return p.Clocks.Ack
	case legal.ClockEmergency:
		return p.Clocks.Emergency
	}
	return p.Clocks.Effect
}

func (s *Service) due(c Case, p *legal.Process, kind legal.ClockKind, pauses []legal.Pause) (legal.Due, bool, error) {
	q := c.Request
	limit := limitOf(p, kind)
	if limit == nil || limit.Unit == legal.OnOrder && q.Order.ReturnOn.IsZero() {
		return legal.Due{}, false, nil
	}
	due, err := s.Law.Due(legal.ClockInput{Process: p, Kind: kind, Start: q.ReceivedAt, Now: s.now(),
		OrderDate: endOfDay(q.Order.ReturnOn, zoneOf(c.Agency)), Pauses: pauses})
	return due, err == nil, err
}

// resumeClocks moves the deadline of effect by the time in which lerd waited
// for the agency.
func (s *Service) resumeClocks(ctx context.Context, q *Request, c Case) error {
	p, err := s.pinned(ctx, *q)
	if err != nil {
		return err
	}
	due, ok, err := s.due(c, p, effectClock(q, p), s.pauses(c))
	if err != nil || !ok {
		return err
	}
	q.EffectBy = due.At
	q.DueExplained = strings.Join(due.Explain, " ")
	return nil
}

// pauses reads from the messages when lerd waited for the agency: from each
// question to its answer; the last one ends now.
func (s *Service) pauses(c Case) []legal.Pause {
	var out []legal.Pause
	var since time.Time
	for _, m := range c.Messages {
		if m.Kind == Note {
			continue
		}
		if m.FromRole.Staff() && since.IsZero() {
			since = m.At
		}
		if !m.FromRole.Staff() && !since.IsZero() {
			out = append(out, legal.Pause{From: since, To: m.At})
			since = time.Time{}
		}
	}
	if !since.IsZero() {
		out = append(out, legal.Pause{From: since, To: s.now()})
	}
	return out
}
