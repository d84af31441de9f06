package oversight

import (
	"context"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// CaseReader reads a case with its events for its replay.
type CaseReader interface {
	// Trail gives a case with all its events, and records that it was read.
	Trail(ctx context.Context, id requests.ID) (requests.Case, []requests.TrailEvent, error)
	// Decisions gives every version of the decisions of a case.
	Decisions(ctx context.Context, id requests.ID) ([]requests.Decision, error)
	// Payloads gives what opens the commitments of events; what was erased is absent.
	Payloads(ctx context.Context, ids []audit.EventID) (map[audit.EventID]audit.Payload, error)
	// NextInSession gives what the session of each event did next.
	NextInSession(ctx context.Context, events []requests.TrailEvent) (map[audit.EventID]SessionNext, error)
}

// Replayed is a case with its moments.
type Replayed struct {
	Case    requests.Case
	Moments []Moment
	Process *legal.Process // the version to which the case is pinned; nil: lerd has it no more
	Gaps    []CaseGap      // losses of the log in which steps of the case may be missing
}

// Reader is one role that the rules of a day let see a case.
type Reader struct {
	Role identity.Role
	Rule string
}

// Rules are the rules of a day.
type Rules struct {
	Digest  string // of the policy's text, as its event says; "" where none is on record
	Readers []Reader
}

// ReplayCase gives a case after each of its events.
func (s *Service) ReplayCase(ctx context.Context, id requests.ID) (out Replayed, err error) {
	defer fault.Wrap(&err, "oversight.ReplayCase(%s)", id)
	if _, _, err := s.may(ctx, "view", "log"); err != nil {
		return out, err
	}
	in := ReplayInput{}
	if in.Case, in.Events, err = s.Cases.Trail(ctx, id); err != nil {
		return out, err
	}
	var ids []audit.EventID
	for _, ev := range in.Events {
		if len(ev.Record.Values) > 0 {
			ids = append(ids, ev.Record.ID)
		}
	}
	if in.All, err = s.Cases.Decisions(ctx, id); err != nil {
		return out, err
	}
	if in.Values, err = s.Cases.Payloads(ctx, ids); err != nil {
		return out, err
	}
	if in.Next, err = s.Cases.NextInSession(ctx, in.Events); err != nil {
		return out, err
	}
	pin := in.Case.Request.Process
	law, err := s.Law(ctx)
	if err != nil {
		return out, err
	}
	process, err := law.Pinned(legal.Pin{ID: legal.ProcessID(pin.ID), Version: pin.Version, Digest: pin.Digest})
	if err != nil {
		process = nil
	}
	epochs, err := s.LossWordsOf.LogEpochs(ctx)
	if err != nil {
		return out, err
	}
	out = Replayed{Case: in.Case, Moments: Replay(in), Process: process}
	out.Gaps = CaseGaps(out.Moments, epochs)
	return out, nil
}

// RulesAt gives who could see a case by the rules that were in force at a place of
// the log; where they are not on record, nobody is listed.
func (s *Service) RulesAt(ctx context.Context, index int64) (out Rules, err error) {
	defer fault.Wrap(&err, "oversight.RulesAt(%d)", index)
	text, digest, err := s.Settings.PolicyAt(ctx, index)
	if err != nil || text == "" {
		return out, err
	}
	rules, err := access.Parse(text)
	if err != nil {
		return out, err
	}
	out.Digest = digest
	for _, r := range rules {
		if r.Verb == "view" && r.Kind == "request" {
			out.Readers = append(out.Readers, Reader{r.Role, r.ID})
		}
	}
	return out, nil
}
