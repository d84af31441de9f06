package requests

import (
	"context"
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
	var wanted []Target
	for _, t := range q.Targets {
		if t.AllegedRule != "" && t.AccountID != 0 {
			wanted = append(wanted, t)
		}
	}
	action := OpenFindings
	if len(wanted) == 0 {
		action = FindNothing
		q.Refusals = []string{"RR-20"}
	}
	part, err := s.step(ctx, &q, action, rule)
	if err != nil {
		return err
	}
	parts := []change.Part{part}
	asked := map[string]string{}
	for _, t := range wanted {
		key := t.AllegedRule + "|" + itoa(int(t.AccountID))
		if asked[key] == "" {
			f := violations.Open(t.AccountID, t.AllegedRule, t.AllegedVer, s.now(), findingLife)
			e := change.Event(ctx, s.now(), "finding.opened", violations.StreamOf(f.ID), 1)
			e.Facts["rule"], e.Facts["rule_version"] = t.AllegedRule, itoa(t.AllegedVer)
			parts = append([]change.Part{{Event: e, Insert: []any{&f}}}, parts...)
			asked[key] = f.ID
		}
		ask := &Ask{ID: newID[string](), Finding: FindingID(asked[key]), Request: id, Agency: q.Agency, Target: t.ID}
		last := &parts[len(parts)-1]
		last.Insert = append(last.Insert, ask)
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts})
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
	confirmed := 0
	for _, a := range c.Asks {
		switch violations.State(a.FindingState) {
		case violations.Proposed:
			return nil
		case violations.Confirmed:
			confirmed++
		}
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
	part.Event.Facts["findings"], part.Event.Facts["confirmed"] = itoa(len(c.Asks)), itoa(confirmed)
	for _, a := range c.Asks {
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
