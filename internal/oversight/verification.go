package oversight

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Verification is one run of the verification of the whole log.
type Verification struct {
	ID      string
	AskedBy identity.PersonID
	AskedAt time.Time
	State   string // asked, verified, differs, unfinished
	EndedAt time.Time
	Size    uint64
	Root    string // hexadecimal
	Entries int64
	Rows    int64
	Breach  string
	Finding string // the verifier's sentence
	Version int64
	EventID audit.EventID
}

// The states of a run.
const (
	Asked      = "asked"
	Verified   = "verified"
	Differs    = "differs"
	Unfinished = "unfinished" // it could not be carried to its end, which says nothing of the log
)

// Progress is how far a run is.
type Progress struct {
	What        string
	Done, Total int64 // Total is 0 while unknown
	Begun, At   time.Time
}

// Left estimates how long it still takes; 0 while unknown.
func (p Progress) Left() time.Duration {
	if p.Total == 0 || p.Done == 0 || p.Done >= p.Total {
		return 0
	}
	return time.Duration(float64(p.At.Sub(p.Begun)) * float64(p.Total-p.Done) / float64(p.Done))
}

// RunStore keeps runs of the verification.
type RunStore interface {
	// LastVerifications gives the newest run that ended, and the one that is asked
	// for or under way; each may be nil.
	LastVerifications(ctx context.Context) (ended, asked *Verification, err error)
	// Progress gives how far a run is; zero before it began.
	Progress(ctx context.Context, id string) (Progress, error)
	// EntryOf gives an event's entry; nil: there is no such event.
	EntryOf(ctx context.Context, id audit.EventID) ([]byte, error)
	// PutProgress says how far a run is.
	PutProgress(ctx context.Context, id string, p Progress) error
}

// Verifier recomputes the log and the tables.
type Verifier interface {
	// Verify gives what was looked at. found tells whether err is a finding about the
	// log and not a failure to look.
	Verify(ctx context.Context, progress func(what string, done, total int64)) (out Verification, found bool, err error)
}

// AskVerification asks for a run; a job does it. A run that was asked for already
// serves, and asked is false then: there is never more than one at a time.
func (s *Service) AskVerification(ctx context.Context) (asked bool, err error) {
	defer fault.Wrap(&err, "oversight.AskVerification")
	actor, rule, err := s.step(ctx, "verify", "log")
	if err != nil {
		return false, err
	}
	_, running, err := s.Runs.LastVerifications(ctx)
	if err != nil || running != nil {
		return false, err
	}
	v := &Verification{ID: newID(), AskedBy: actor.Person, AskedAt: s.now(), State: Asked, Version: 1}
	e := change.Event(ctx, v.AskedAt, "log.verification_asked", "verification:"+v.ID, 1)
	e.Facts["rule"] = rule
	err = s.commit(ctx, "/audit", change.Part{Event: e, Insert: []any{v}})
	if fault.KindOf(err) == fault.Conflict {
		return false, nil // somebody else asked at the same time
	}
	return err == nil, err
}

// RunVerification does the run that was asked for, if there is one, and puts its
// result on record. One process at a time calls it.
func (s *Service) RunVerification(ctx context.Context, verifier Verifier) (ran bool, err error) {
	defer fault.Wrap(&err, "oversight.RunVerification")
	ctx = identity.With(ctx, identity.SystemActor())
	_, run, err := s.Runs.LastVerifications(ctx)
	if err != nil || run == nil {
		return false, err
	}
	begun, last := s.now(), time.Time{}
	out, found, verifyErr := verifier.Verify(ctx, func(what string, done, total int64) {
		now := s.now()
		if now.Sub(last) < 500*time.Millisecond && done != total {
			return
		}
		last = now
		_ = s.Runs.PutProgress(ctx, run.ID, Progress{What: what, Done: done, Total: total, Begun: begun, At: now})
	})
	if ctx.Err() != nil {
		return false, ctx.Err() // it is done again after the next start
	}
	err = s.ended(ctx, *run, out, found, verifyErr)
	if verifyErr != nil && !found {
		err = errors.Join(err, verifyErr) // for the technical log, to which the result points
	}
	return true, err
}

// unfounded tells whether a result is other than its event says: the page that auditors
// look at first does not take it from a row that somebody with the database could write.
func (s *Service) unfounded(ctx context.Context, v Verification) (bool, error) {
	entry, err := s.Runs.EntryOf(ctx, v.EventID)
	if err != nil {
		return false, err
	}
	r, err := audit.ParseEntry(entry)
	if err != nil || r.Kind != "log.verified" || r.Stream != "verification:"+v.ID || r.Version != v.Version {
		return true, nil
	}
	for name, value := range v.facts() {
		if r.Facts[name] != value {
			return true, nil
		}
	}
	return false, nil
}

// facts gives what the event of a run that ended says.
func (v Verification) facts() map[string]string {
	return map[string]string{"result": v.State, "size": strconv.FormatUint(v.Size, 10), "root": v.Root, "entries": strconv.FormatInt(v.Entries, 10), "rows": strconv.FormatInt(v.Rows, 10), "breach": v.Breach}
}

// ended records what a run gave.
func (s *Service) ended(ctx context.Context, run, out Verification, found bool, verifyErr error) error {
	run.Version, run.EndedAt, run.Size, run.Root, run.Entries, run.Rows = run.Version+1, s.now(), out.Size, out.Root, out.Entries, out.Rows
	switch {
	case verifyErr == nil:
		run.State, run.Finding = Verified, out.Finding // a clock that was set back is no breach
	case found:
		run.State, run.Finding, run.Breach = Differs, verifyErr.Error(), out.Breach
	default:
		run.State, run.Finding = Unfinished, "The verification could not be carried to its end, which says nothing of the log. The technical log says why; ask again once that is mended."
		if fault.KindOf(verifyErr) != fault.Internal {
			run.Finding = fault.Message(verifyErr)
		}
	}
	e := change.Event(ctx, run.EndedAt, "log.verified", "verification:"+run.ID, run.Version)
	maps.Copy(e.Facts, run.facts())
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&run}}}})
}
