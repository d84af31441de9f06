package requests

import (
	"context"
	"strconv"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/violations"
)

// findingLife is how long a confirmed finding can carry a release.
const findingLife = 180 * 24 * time.Hour

// OpenFindings asks trust and safety about every account from which something
// would leave. The finding says account and rule; the link to the case lies in
// a table that confirmers cannot read.
func (s *Service) OpenFindings(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.OpenFindings(%s)", id)
	c, _, rule, err := s.open(ctx, id, "resolve", "request")
	if err != nil || c.Request.State != Qualified {
		return err
	}
	q := c.Request
	wanted := 0
	var fresh []Target
	for _, t := range q.Targets {
		if t.AllegedRule == "" || t.AccountID == 0 {
			continue
		}
		wanted++
		if a, ok := c.ask(t); !ok || !a.Stands(s.now()) {
			fresh = append(fresh, t)
		}
	}
	action := OpenFindings
	if wanted == 0 {
		action = FindNothing
		q.Refusals = []string{"RR-20"}
	}
	part, err := s.step(ctx, &q, action, rule)
	if err != nil {
		return err
	}
	findings, asks := s.ask(ctx, c, fresh)
	part.Insert = append(part.Insert, asks...)
	return s.Store.Commit(ctx, change.Set{Parts: append(findings, part)})
}

// ask opens a finding about each account and rule, and links the targets to
// them. A finding of an earlier round that still stands is not asked for again.
func (s *Service) ask(ctx context.Context, c Case, about []Target) (findings []change.Part, asks []any) {
	opened := map[string]FindingID{}
	last := map[TargetID]int{}
	for _, a := range c.Asks {
		last[a.Target] = a.Ordinal
	}
	for _, t := range about {
		key := t.AllegedRule + "|" + strconv.FormatInt(t.AccountID, 10)
		if opened[key] == "" {
			f := violations.Open(t.AccountID, t.AllegedRule, t.AllegedVer, s.now(), findingLife)
			e := change.Event(ctx, s.now(), "finding.opened", violations.StreamOf(f.ID), 1)
			e.Facts["platform_rule"], e.Facts["rule_version"] = t.AllegedRule, itoa(t.AllegedVer)
			findings = append(findings, change.Part{Event: e, Insert: []any{&f}})
			opened[key] = FindingID(f.ID)
		}
		asks = append(asks, &Ask{ID: newID[string](), Finding: opened[key], Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Ordinal: last[t.ID] + 1})
	}
	return findings, asks
}

// Settle moves a case on once every finding that it waits for is closed: to the
// approver when at least one is confirmed, else to refusal, or to counsel where
// the law may bind the platform. It never expires silently.
func (s *Service) Settle(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.Settle(%s)", id)
	c, _, rule, err := s.open(ctx, id, "resolve", "request")
	if err != nil || c.Request.State != AwaitingConfirmation {
		return err
	}
	var asks []Ask
	confirmed := 0
	for _, t := range c.Request.Targets {
		a, ok := c.ask(t)
		switch {
		case !ok:
			continue
		case violations.State(a.FindingState) == violations.Proposed:
			return nil
		case a.Stands(s.now()):
			confirmed++
		}
		asks = append(asks, a)
	}
	p, err := s.pinned(c.Request)
	if err != nil {
		return err
	}
	q := c.Request
	action := ConfirmCase
	if confirmed == 0 {
		action = LackFinding
		if p.Compulsion != legal.Voluntary {
			action = RaiseConflict
		}
	}
	part, err := s.step(ctx, &q, action, rule)
	if err != nil {
		return err
	}
	part.Event.Facts["findings"], part.Event.Facts["confirmed"] = itoa(len(asks)), itoa(confirmed)
	for _, a := range asks {
		part.Event.Causes = append(part.Event.Causes, a.EventID)
	}
	if action == LackFinding {
		s.refused(&part, &q, c, legal.Verdict{Codes: []legal.RefusalCode{"RR-14"}}, emptyText)
	}
	if action == RaiseConflict {
		q.Verdict = ""
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}
