package requests

import (
	"context"
	"strconv"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/records"
)

// stopped turns a broken rule of the account data source into a shut gate, and
// puts it on record for the auditors, as it does, once, that the account data do not
// answer. Any error but a breach stays as it is.
func (s *Service) stopped(ctx context.Context, c Case, err error) error {
	b, ok := records.AsBreach(err)
	if !ok {
		return s.silent(ctx, c, err)
	}
	told := s.halt(ctx, c, "source.breached", map[string]string{"op": b.Op, "breach": b.Rule, "row": strconv.FormatInt(b.Row, 10)})
	if told != nil {
		return told
	}
	return fault.Because(fault.Gate, err, "The account data gave another answer than they may: %s. Nothing leaves; the auditors are told.", b.Rule)
}

// Breached puts on record that the export of a case met a record that must not
// leave: one outside what was approved, or with a value that must never appear.
func (s *Service) Breached(ctx context.Context, c Case, rule string) error {
	return s.halt(ctx, c, "source.breached", map[string]string{"op": "export", "breach": rule, "row": "0"})
}

// halt records once, while this process runs, why nothing of a case leaves.
func (s *Service) halt(ctx context.Context, c Case, kind string, facts map[string]string) error {
	key := kind + " " + string(c.Request.ID) + " " + facts["op"] + " " + facts["breach"] + facts["target"]
	if _, known := s.halted.Load(key); known {
		return nil
	}
	e := change.Event(ctx, s.now(), kind, "source:"+string(c.Request.ID), 0)
	for name, v := range facts {
		e.Facts[name] = v
	}
	e.Values = append(e.Values, value("request", string(c.Request.ID)))
	err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
	if err == nil {
		s.halted.Store(key, true)
	}
	return err
}

// sameHolders asks once more who held each identifier of what would leave: an
// account that was examined because of a username or number must still be the
// one to which it leads. It is asked before records are frozen, before they are
// approved and before they are exported.
func (s *Service) sameHolders(ctx context.Context, c Case, items []Item) error {
	for _, t := range c.Request.Targets {
		for _, i := range items {
			if i.Target != t.ID {
				continue
			}
			again := t
			if err := s.resolve(ctx, &again); err != nil {
				return s.stopped(ctx, c, err)
			}
			if again.AccountID == i.AccountID && again.Resolution == string(records.ExactlyOne) {
				continue
			}
			if err := s.halt(ctx, c, "source.moved", map[string]string{"target": t.Ref(), "now": again.Resolution}); err != nil {
				return err
			}
			return fault.New(fault.Gate, "What the order names for %s no longer leads to the one account that was examined. Nothing leaves; return the case to its reviewer.", t.Ref())
		}
	}
	return s.answered(ctx, c, "resolve")
}
