package fraud

import (
	"context"
	"errors"
	"sort"
	"strconv"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/requests"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Register keeps the fraud that was caught, and what is still to be done.
type Register interface {
	// Caught lists the register from a time on, the newest first.
	Caught(ctx context.Context, since time.Time) ([]Caught, error)
	// Unheld lists disownings and denied calls whose case is not yet held.
	Unheld(ctx context.Context) ([]Unheld, error)
	// Unstated lists cases that wait for people and have no statement yet.
	Unstated(ctx context.Context) ([]requests.ID, error)
}

// Unheld is a reason to hold a case which is on record.
type Unheld struct {
	Request requests.ID
	Because Because
	Source  string
}

// holdCode gives the register's code of a hold's reason.
var holdCode = map[Because]string{EchoDenied: "FR-01", CallBackDenied: "FR-02", Disowned: "FR-03", Malware: "FR-30"}

// Codes lists the register's codes; their words are the messages "fraud.code.<code>".
var Codes = []string{"FR-01", "FR-02", "FR-03", "FR-10", "FR-11", "FR-12", "FR-13", "FR-14", "FR-15", "FR-20", "FR-30", "FR-31"}

// Count is how often a code was caught, and how often too late.
type Count struct {
	Code            string
	Caught, TooLate int
}

// Counts gives the register by code, for auditors and the transparency report.
func (s *Service) Counts(ctx context.Context, since time.Time) (list []Caught, counts []Count, err error) {
	defer fault.Wrap(&err, "fraud.Counts")
	if _, _, err := s.may(ctx, "list", "fraud", ""); err != nil {
		return nil, nil, err
	}
	if list, err = s.Register.Caught(ctx, since); err != nil {
		return nil, nil, err
	}
	by := map[string]*Count{}
	for _, c := range list {
		if by[c.Code] == nil {
			by[c.Code] = &Count{Code: c.Code}
		}
		by[c.Code].Caught++
		if c.Released {
			by[c.Code].TooLate++
		}
	}
	for _, c := range by {
		counts = append(counts, *c)
	}
	sort.Slice(counts, func(i, j int) bool { return counts[i].Code < counts[j].Code })
	return list, counts, nil
}

// Sweep does what waits: statements of new cases, holds that were asked for by
// others' steps, letters of containments that a stop left unfinished, and the
// end of questions that nobody answered. Each begins from what is durable.
func (s *Service) Sweep(ctx context.Context) (moved int, err error) {
	ctx = system(ctx)
	for _, do := range []func(context.Context) (int, error){s.finish, s.holdUnheld, s.expire, s.state} {
		n, doErr := do(ctx)
		moved, err = moved+n, errors.Join(err, doErr)
	}
	return moved, err
}

func (s *Service) finish(ctx context.Context) (n int, err error) {
	list, err := s.Stopping.Containments(ctx, false)
	for _, c := range list {
		if c.State == Begun {
			err = errors.Join(err, s.Complete(ctx, c.ID))
			n++
		}
	}
	return n, err
}

func (s *Service) holdUnheld(ctx context.Context) (n int, err error) {
	list, err := s.Register.Unheld(ctx)
	for _, u := range list {
		c, caseErr := s.Store.Case(ctx, u.Request)
		if caseErr != nil {
			err = errors.Join(err, caseErr)
			continue
		}
		set := change.Set{Parts: s.hold(ctx, Hold{Request: u.Request, Agency: c.Request.Agency, Because: u.Because, Source: u.Source}, holdCode[u.Because], left(c))}
		if holdErr := s.Store.Commit(ctx, set); holdErr != nil && fault.KindOf(holdErr) != fault.Conflict {
			err = errors.Join(err, holdErr)
		}
		n++
	}
	return n, err
}

// expire ends the questions whose time is over.
func (s *Service) expire(ctx context.Context) (n int, err error) {
	list, err := s.Issuers.Echoes(ctx, Asked)
	for _, e := range list {
		if s.now().Before(e.ExpiresAt) {
			continue
		}
		e.State, e.Version = Expired, e.Version+1
		ev := change.Event(ctx, s.now(), "echo.expired", "echo:"+e.ID, e.Version)
		ev.Facts["request"] = string(e.Request)
		err = errors.Join(err, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: ev, Update: []any{&e}}}}))
		n++
	}
	return n, err
}

func (s *Service) state(ctx context.Context) (n int, err error) {
	list, err := s.Register.Unstated(ctx)
	for _, id := range list {
		_, stateErr := s.Refresh(ctx, id)
		if stateErr != nil && fault.KindOf(stateErr) != fault.Conflict {
			err = errors.Join(err, stateErr)
		}
		n++
	}
	return n, err
}
