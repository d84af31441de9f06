package requests

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lerd/internal/fault"
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
	told, err := s.setWait(q, agency, p)
	q.DueExplained = strings.Join(append(explain, told...), "\n")
	return err
}

// transmission is how long after a wait what was approved may take to leave.
const transmission = time.Hour

// setWait computes before when nothing leaves, where the authority of the State in
// which the order is carried out may refuse until then, and says so. What waits is
// sent at the end of that time, and is due an hour later.
// LAW: (EU) 2023/1543 Art. 8(4), 10(2)
func (s *Service) setWait(q *Request, agency identity.Agency, p *legal.Process) ([]string, error) {
	q.NotBefore = time.Time{}
	if p.Waits == nil {
		return nil, nil
	}
	due, ok, err := s.due(Case{Request: *q, Agency: agency}, p, legal.ClockEffect, nil)
	if err != nil || !ok {
		return nil, err
	}
	q.NotBefore = due.At
	if effectClock(q, p) == legal.ClockEffect {
		q.EffectBy = q.NotBefore.Add(transmission)
	}
	return []string{waitWords(q.NotBefore)}, nil
}

func waitWords(until time.Time) string {
	return fmt.Sprintf("The notified authority may refuse until %s: outside an emergency nothing is sent earlier, and what was approved is sent within the hour after it.",
		until.UTC().Format(time.RFC3339))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// waits tells whether something must not leave yet: outside an emergency that was
// established. Who claims one is called back, and its danger is examined, before it
// shortens anything.
func (s *Service) waits(ctx context.Context, c Case) error {
	if !s.now().Before(c.Request.NotBefore) {
		return nil
	}
	if c.urgent() {
		v, err := s.Verdict(ctx, c)
		if err != nil || v.Emergency == legal.EmergencyEstablished {
			return err
		}
	}
	return fault.New(fault.Gate, "The notified authority may refuse until %s. Nothing leaves before.", c.Request.NotBefore.UTC().Format("2006-01-02 15:04 UTC"))
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
	explain := []string{strings.Join(due.Explain, " ")}
	q.EffectBy = due.At
	if effectClock(q, p) == legal.ClockEffect && !q.NotBefore.IsZero() { // the other authority's time goes on
		q.EffectBy = later(due.At, q.NotBefore).Add(transmission)
		explain = append(explain, waitWords(q.NotBefore))
	}
	q.DueExplained = strings.Join(explain, "\n")
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
