package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// CaseSteps are the steps of a case that nobody has to ask for.
type CaseSteps interface {
	List(ctx context.Context, f requests.Filter) ([]requests.Summary, error)
	OpenFindings(ctx context.Context, id requests.ID) error
	Settle(ctx context.Context, id requests.ID) error
	Prepare(ctx context.Context, id requests.ID) error
}

// Exports makes the bundle of an approved case.
type Exports interface {
	Export(ctx context.Context, id requests.ID) error
}

// CopyExports seals copies of bundles for later grants.
type CopyExports interface {
	DueCopies(ctx context.Context) ([]requests.CopyDue, error)
	ExportCopy(ctx context.Context, d requests.CopyDue) error
}

// Cases takes every case on that waits for lerd itself. Each step begins from
// what is durable, so that a step that was lost is simply taken, and one that
// was done and reported lost is found done.
type Cases struct {
	// Elect makes this process the one that takes cases on; nil where there is
	// no other. Two at once would begin each export twice.
	Elect func(ctx context.Context) (done func(), elected bool, err error)
	Steps CaseSteps
	// Timely does what time makes happen to cases that were answered; nil for nothing.
	Timely func(ctx context.Context) (int, error)
	Export Exports
	// Copies seals what was released for later grants; nil for nothing.
	Copies CopyExports
	Log    *slog.Logger

	told sync.Map // requests.ID → why the case waits, as it was last logged
}

// RunOnce takes each waiting case one step on. A case that cannot move does not
// hold up the others; the faults come back together. A case whose gate is shut
// waits for people: that is logged once and is no fault of the job, which would
// else slow down for every other case.
func (j *Cases) RunOnce(ctx context.Context) (moved int, err error) {
	if j.Elect != nil {
		done, elected, err := j.Elect(ctx)
		if err != nil || !elected {
			return 0, err
		}
		defer done()
	}
	ctx = identity.With(ctx, identity.SystemActor())
	for _, wait := range []struct {
		state requests.State
		step  func(context.Context, requests.ID) error
	}{
		{requests.Qualified, j.Steps.OpenFindings},
		{requests.AwaitingConfirmation, j.Steps.Settle},
		{requests.Confirmed, j.Steps.Prepare},
		{requests.Approved, j.Export.Export},
	} {
		n, stepErr := j.all(ctx, wait.state, wait.step)
		moved, err = moved+n, errors.Join(err, stepErr)
	}
	if j.Copies != nil {
		n, copyErr := j.copies(ctx)
		moved, err = moved+n, errors.Join(err, copyErr)
	}
	if j.Timely != nil {
		n, lateErr := j.Timely(ctx)
		moved, err = moved+n, errors.Join(err, lateErr)
	}
	return moved, err
}

// all takes a step on every case of a state.
func (j *Cases) all(ctx context.Context, state requests.State, step func(context.Context, requests.ID) error) (moved int, err error) {
	for skip := 0; ; {
		list, listErr := j.Steps.List(ctx, requests.Filter{States: []requests.State{state}, Limit: 200, Skip: skip})
		if listErr != nil || len(list) == 0 {
			return moved, errors.Join(err, listErr)
		}
		for _, q := range list {
			done, stepErr := j.took(ctx, q.ID, string(state), step(ctx, q.ID))
			moved, err = moved+done, errors.Join(err, stepErr)
		}
		if skip += len(list); len(list) < 200 {
			return moved, err
		}
	}
}

// took counts a step that was taken, and gives the fault of one that was not,
// where it is a fault of the job.
func (j *Cases) took(ctx context.Context, id requests.ID, state string, err error) (int, error) {
	switch fault.KindOf(err) {
	case fault.Conflict:
		return 0, nil // another replica was first
	case fault.Gate:
	default:
		if err == nil {
			j.told.Delete(id)
			return 1, nil
		}
	}
	if was, _ := j.told.Swap(id, err.Error()); was != err.Error() {
		j.Log.ErrorContext(ctx, "a case waits", "request", id, "state", state, "kind", fault.KindOf(err), "error", err)
	}
	if fault.KindOf(err) == fault.Gate {
		return 0, nil
	}
	return 0, err
}

// copies seals each copy that waits.
func (j *Cases) copies(ctx context.Context) (n int, err error) {
	due, err := j.Copies.DueCopies(ctx)
	for _, d := range due {
		done, copyErr := j.took(ctx, d.Request, "copy", j.Copies.ExportCopy(ctx, d))
		n, err = n+done, errors.Join(err, copyErr)
	}
	return n, err
}
