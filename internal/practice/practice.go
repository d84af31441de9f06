// Package practice answers practice cases by itself: an automatic reviewer,
// confirmers and an approver, who play their parts by rule, so that officers
// learn what a request needs.
//
// Invariants:
//   - it knows nothing but the services it is given, which are those of the
//     practice system; no real database, key, log or folder is in reach;
//   - it takes the same steps as people do, through the same gates, and one
//     step of a case at a time, so that an officer sees every stage;
//   - what it tells an officer names what is missing and what would cure it.
package practice

import (
	"context"
	"errors"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// Cases are the steps of reviewer and counsel; *requests.Service fulfils it.
type Cases interface {
	Lists
	Desk
	Ends
	Releases
}

// Lists shows cases.
type Lists interface {
	List(ctx context.Context, f requests.Filter) ([]requests.Summary, error)
	View(ctx context.Context, id requests.ID) (requests.Case, error)
	Verdict(ctx context.Context, c requests.Case) (legal.Verdict, error)
}

// Desk is the work on a case.
type Desk interface {
	Claim(ctx context.Context, id requests.ID) error
	AnswerChecks(ctx context.Context, id requests.ID, in []requests.CheckInput) error
	Ask(ctx context.Context, id requests.ID, body string) error
	Qualify(ctx context.Context, id requests.ID, alleged []requests.Allegation) error
}

// Ends are the ways in which a review ends without data.
type Ends interface {
	Refuse(ctx context.Context, id requests.ID, extra []string, why string) error
	SendToCounsel(ctx context.Context, id requests.ID, why string) error
	SettleConflict(ctx context.Context, id requests.ID, why string) error
}

// Releases is the approver's part.
type Releases interface {
	ViewRelease(ctx context.Context, id requests.ID, first, most int) (requests.Case, requests.Sheet, error)
	Approve(ctx context.Context, id requests.ID, digest string) error
}

// Findings is the confirmers' part; *violations.Service fulfils it.
type Findings interface {
	List(ctx context.Context) ([]violations.Finding, error)
	View(ctx context.Context, id string) (violations.Sheet, error)
	Confirm(ctx context.Context, id string, in violations.Input) error
}

// Staff plays everybody on the platform's side.
type Staff struct {
	Cases    Cases
	Findings Findings
	Law      *legal.Registry
	// As gives a context in which the n-th invented person of a role acts,
	// counted from 0, with the proofs that their steps need.
	As func(ctx context.Context, role identity.Role, n int) (context.Context, error)
}

// RunOnce takes each waiting case one step on. A case that cannot move does
// not hold up the others; the faults come back together.
func (s *Staff) RunOnce(ctx context.Context) (moved int, err error) {
	for _, part := range []struct {
		state requests.State
		role  identity.Role
		step  func(context.Context, requests.ID) error
	}{
		{requests.Confirmed, identity.Approver, s.approve},
		{requests.LegalConflict, identity.Counsel, s.settle},
		{requests.InReview, identity.Reviewer, s.review},
		{requests.Submitted, identity.Reviewer, s.claim},
	} {
		n, e := s.each(ctx, part.role, part.state, part.step)
		moved, err = moved+n, errors.Join(err, e)
	}
	n, e := s.confirmAll(ctx)
	return moved + n, errors.Join(err, e)
}

// each takes a step of every case in a state, as the role.
func (s *Staff) each(ctx context.Context, role identity.Role, state requests.State, step func(context.Context, requests.ID) error) (moved int, err error) {
	as, err := s.As(ctx, role, 0)
	if err != nil {
		return 0, err
	}
	list, err := s.Cases.List(as, requests.Filter{States: []requests.State{state}, Limit: 50})
	if err != nil {
		return 0, err
	}
	for _, q := range list {
		switch e := step(as, q.ID); {
		case e == nil:
			moved++
		case waits(e): // not yet, e.g. the officer may still undo
		default:
			err = errors.Join(err, e)
		}
	}
	return moved, err
}

// waits tells a case that moved on, or cannot move yet, from a defect.
func waits(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Gate, fault.NotFound:
		return true
	}
	return false
}

func (s *Staff) claim(ctx context.Context, id requests.ID) error { return s.Cases.Claim(ctx, id) }

// settle ends a conflict as counsel: the platform's own gate stays shut.
func (s *Staff) settle(ctx context.Context, id requests.ID) error {
	return s.Cases.SettleConflict(ctx, id, settleWords)
}

// approve approves exactly what was frozen.
func (s *Staff) approve(ctx context.Context, id requests.ID) error {
	c, _, err := s.Cases.ViewRelease(ctx, id, 0, 0)
	if err != nil {
		return err
	}
	return s.Cases.Approve(ctx, id, c.Release.Digest)
}

// confirmAll lets two people look at every open finding; each rejects an
// account in good standing, and confirms another.
func (s *Staff) confirmAll(ctx context.Context) (moved int, err error) {
	for n := range 2 {
		as, e := s.As(ctx, identity.Confirmer, n)
		if e != nil {
			return moved, errors.Join(err, e)
		}
		list, e := s.Findings.List(as)
		err = errors.Join(err, e)
		for _, f := range list {
			e := s.confirm(as, f.ID)
			if e == nil {
				moved++
			} else if !waits(e) {
				err = errors.Join(err, e)
			}
		}
	}
	return moved, err
}

func (s *Staff) confirm(ctx context.Context, id string) error {
	sheet, err := s.Findings.View(ctx, id)
	if err != nil {
		return err
	}
	return s.Findings.Confirm(ctx, id, verdictOn(sheet.Account))
}
