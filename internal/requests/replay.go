package requests

import (
	"context"
	"slices"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/processes"
)

// Replay is what follows from a case's facts and answers under a version of its
// process, beside what was recorded when it was decided.
type Replay struct {
	Case     Case
	Pinned   *legal.Process
	Under    *legal.Process
	Verdict  legal.Verdict // under Under
	Pin      legal.Verdict // under the version to which the case is pinned
	Recorded string        // "qualified", "refused", or "" before it was decided
	Holds    bool          // what was recorded is what follows under the pinned version
	Changes  []string      // what differs between the two versions
	Versions []*legal.Process
}

// Replay derives a case anew under a version of its process; 0 is the one to
// which it is pinned. It changes nothing, and is put on record as a look.
func (s *Service) Replay(ctx context.Context, id ID, version int) (r Replay, err error) {
	defer fault.Wrap(&err, "requests.Replay(%s, %d)", id, version)
	c, _, rule, err := s.open(ctx, id, "replay", "request")
	if err != nil {
		return r, err
	}
	law, err := s.lawNow(ctx)
	if err != nil {
		return r, err
	}
	r.Case = c
	if r.Pinned, err = s.pinned(ctx, c.Request); err != nil {
		return r, err
	}
	if r.Under = r.Pinned; version != 0 {
		if r.Under, err = law.Process(r.Pinned.ID, version); err != nil {
			return r, err
		}
	}
	for _, p := range law.Processes() {
		if p.ID == r.Pinned.ID {
			r.Versions = append(r.Versions, p)
		}
	}
	if err := s.derive(ctx, law, &r); err != nil {
		return r, err
	}
	return r, s.lookUnder(ctx, c, r.Under, rule)
}

// derive fills in the verdicts. A decided case is taken as it stood when it was
// decided: before there was a finding.
func (s *Service) derive(ctx context.Context, law *legal.Registry, r *Replay) error {
	one, err := s.weighed(ctx, r.Case)
	if err != nil {
		return err
	}
	if r.Pin, err = law.Verdict(r.Pinned, one.Facts, one.Answers); err != nil {
		return err
	}
	if r.Pin, err = r.Pin.Apply(choices(r.Case, r.Pin)); err != nil {
		return err
	}
	if r.Verdict, err = law.Verdict(r.Under, one.Facts, law.Answerable(r.Under, one.Answers)); err != nil {
		return err
	}
	if r.Verdict, err = r.Verdict.Apply(choices(r.Case, r.Verdict)); err != nil {
		return err
	}
	if r.Under != r.Pinned {
		ch, err := law.Preview(r.Pinned, r.Under, []legal.Case{one})
		if err != nil {
			return err
		}
		for _, d := range ch.Cases {
			r.Changes = append(r.Changes, d.Why...)
		}
	}
	r.Recorded = r.Case.Request.Verdict
	r.Holds = r.Recorded == "" || allows(r.Pin.Outcome, r.Recorded)
	return nil
}

// allows tells whether what was recorded can have followed: a refusal may be
// stricter than what is derived, a qualification must be what is derived.
func allows(derived legal.Outcome, recorded string) bool {
	return recorded == "refused" || derived == legal.Qualified
}

// weighed gives a case in the terms of the law, as it stood at its legal review.
func (s *Service) weighed(ctx context.Context, c Case) (legal.Case, error) {
	f, err := s.facts(ctx, c)
	if err != nil {
		return legal.Case{}, err
	}
	if !slices.Contains([]State{Submitted, InReview, NeedsInformation, LegalConflict}, c.Request.State) {
		for i := range f.Targets {
			f.Targets[i].Finding = legal.FindingFacts{}
		}
	}
	return legal.Case{ID: string(c.Request.ID), Facts: *f, Answers: answers(c)}, nil
}

func (s *Service) lookUnder(ctx context.Context, c Case, p *legal.Process, rule string) error {
	actor, err := actorOf(ctx)
	if err != nil {
		return err
	}
	e := change.Event(ctx, s.now(), "request.replayed", "look:"+string(c.Request.ID)+":"+string(actor.Person), 0)
	e.Facts["request"], e.Facts["process"], e.Facts["number"], e.Facts["digest"], e.Facts["rule"] = string(c.Request.ID), string(p.ID), itoa(p.Version), p.Pin().Digest, rule
	if c.Request.EventID != "" {
		e.Causes = []audit.EventID{c.Request.EventID}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// WeighStore finds the cases of a process.
type WeighStore interface {
	// OfProcess gives the newest cases of a process that are open, or decided;
	// one more than limit tells that there are others.
	OfProcess(ctx context.Context, process string, states []State, limit int) ([]ID, error)
	// SamePaper gives the cases on the same paper that came in before one, the oldest
	// first.
	SamePaper(ctx context.Context, q Request, sha256 string) ([]SamePaper, error)
}

// SamePaper is a case that came in before another on the same paper: of the same
// file, or of the same agency under the same number.
type SamePaper struct {
	ID        ID
	Identical bool // the same agency asks the same of the same accounts once more, and the first stands
}

// duplicate tells of an earlier case on the same paper. What asks the very same
// once more is identical, and is refused; everything else follows it.
func (s *Service) duplicate(ctx context.Context, c Case) (d legal.Duplicate, err error) {
	if s.Weigh == nil {
		return d, nil
	}
	list, err := s.Weigh.SamePaper(ctx, c.Request, c.Document.SHA256)
	for _, e := range list {
		if e.Identical {
			return legal.Duplicate{Kind: "identical", Of: string(e.ID)}, err
		}
	}
	if len(list) > 0 {
		d = legal.Duplicate{Kind: "follow_up", Of: string(list[0].ID)}
	}
	return d, err
}

// weighable are the states in which a case is derived for a comparison: open ones
// whose legal review can still come out otherwise, and decided ones.
var weighable = map[bool][]State{
	true: {Submitted, InReview, NeedsInformation, LegalConflict},
	false: {Qualified, AwaitingConfirmation, Confirmed, Approved, ExportedCase, Delivered, Closed, Refused, NoData,
		Recalled, Preserved, Lapsed},
}

// ToWeigh gives the newest cases of a process in the terms of the law.
func (s *Service) ToWeigh(ctx context.Context, process legal.ProcessID, open bool, limit int) (list []processes.Weighed, more bool, err error) {
	defer fault.Wrap(&err, "requests.ToWeigh(%s)", process)
	if _, _, err := s.may(ctx, "replay", "request", ""); err != nil {
		return nil, false, err
	}
	ids, err := s.Weigh.OfProcess(ctx, string(process), weighable[open], limit+1)
	if err != nil {
		return nil, false, err
	}
	for _, id := range ids[:min(limit, len(ids))] {
		c, err := s.Store.Case(ctx, id)
		if err != nil {
			return nil, false, err
		}
		one, err := s.weighed(ctx, c)
		if err != nil {
			return nil, false, err
		}
		list = append(list, processes.Weighed{ID: string(id), Ref: c.Request.Ref, State: string(c.Request.State), Pin: c.Request.Process.legal(), Case: one})
	}
	return list, len(ids) > limit, nil
}
