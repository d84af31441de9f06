package requests

import (
	"context"
	"strconv"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/violations"
)

// findingLife is how long a confirmed finding can carry a release.
const findingLife = 180 * 24 * time.Hour

// OpenFindings asks trust and safety about every account from which something
// would leave. The finding says account and rule; the link to the case lies in
// a table that confirmers cannot read. Where there is no such account, the case
// goes the same way, and waits as long.
func (s *Service) OpenFindings(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.OpenFindings(%s)", id)
	c, _, rule, err := s.open(ctx, id, "resolve", "request")
	if err != nil || c.Request.State != Qualified {
		return err
	}
	q := c.Request
	var fresh []Target
	for _, t := range q.Targets {
		if t.AllegedRule == "" || t.AccountID == 0 || t.Dropped() {
			continue
		}
		if a, ok := c.ask(t); !ok || !a.Stands(s.now()) {
			fresh = append(fresh, t)
		}
	}
	part, err := s.step(ctx, &q, OpenFindings, rule)
	if err != nil {
		return err
	}
	linked, fresh, err := s.linkBrought(ctx, c, fresh)
	if err != nil {
		return err
	}
	parts := append(append(linked, s.ask(ctx, c, fresh)...), part)
	if s.Telling != nil {
		gags, err := s.Telling.Gagged(ctx, c)
		if err != nil {
			return err
		}
		parts = append(parts, gags...)
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts})
}

// ask opens a finding about each account and rule, and links the targets to
// them, in the finding's own event: the case's events say the same whether or not
// there was anything to ask. A finding of an earlier round that still stands is
// not asked for again.
func (s *Service) ask(ctx context.Context, c Case, about []Target) (findings []change.Part) {
	opened := map[string]int{} // to its place among the findings
	last := map[TargetID]int{}
	for _, a := range c.Asks {
		last[a.Target] = a.Ordinal
	}
	for _, t := range about {
		key := t.AllegedRule + "|" + strconv.FormatInt(t.AccountID, 10)
		at, there := opened[key]
		if !there {
			at, opened[key] = len(findings), len(findings)
			f := violations.Open(t.AccountID, t.AllegedRule, t.AllegedVer, s.now(), findingLife)
			e := change.Event(ctx, s.now(), "finding.opened", violations.StreamOf(f.ID), 1)
			e.Facts["platform_rule"], e.Facts["rule_version"] = t.AllegedRule, itoa(t.AllegedVer)
			findings = append(findings, change.Part{Event: e, Insert: []any{&f}})
		}
		f := findings[at].Insert[0].(*violations.Finding)
		findings[at].Insert = append(findings[at].Insert, &Ask{ID: newID[string](), Finding: FindingID(f.ID), Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Ordinal: last[t.ID] + 1})
	}
	return findings
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
		case !ok, t.Dropped():
			continue
		case violations.State(a.FindingState) == violations.Proposed:
			return nil
		case a.Stands(s.now()):
			confirmed++
		}
		asks = append(asks, a)
	}
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	q := c.Request
	action := ConfirmCase
	switch {
	case confirmed > 0:
	case len(asks) == 0:
		action = FindNothing
	case p.Compulsion != legal.Voluntary:
		action = RaiseConflict
	default:
		action = LackFinding
	}
	if (action == FindNothing || action == LackFinding) && !s.maySayNothing(c) {
		return nil
	}
	part, err := s.step(ctx, &q, action, rule)
	if err != nil {
		return err
	}
	tell(&part, "findings", personal.NewText(itoa(len(asks))))
	tell(&part, "confirmed", personal.NewText(itoa(confirmed)))
	var because []string
	for _, a := range asks {
		because = append(because, string(a.EventID))
	}
	tell(&part, "because", personal.NewText(JoinCodes(because)))
	switch action {
	case FindNothing:
		q.Refusals = []string{nothingCode}
	case LackFinding:
		q.Refusals = []string{"RR-14"}
	case RaiseConflict:
		q.Verdict = ""
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}
