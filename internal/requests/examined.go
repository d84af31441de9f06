package requests

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Examined is how an agency reads every state between the legal review and the
// answer: what the platform finds there, it does not learn from where the case
// stands. No case is kept in this state.
const Examined State = "examined"

// Examination is since when the platform examines a case, and until when it
// says nothing where there will be nothing to hand over.
type Examination struct {
	Request ID
	Agency  identity.AgencyID
	Since   time.Time
	Quiet   time.Time // no earlier does a case end with nothing
	EventID audit.EventID
}

// How long an examination takes at least that ends with nothing, where the
// operator says nothing else; and in an emergency.
const (
	ExaminationTime = 24 * time.Hour
	emergencyTime   = 30 * time.Minute
)

// ForAgency gives a state as the case's agency reads it: once a case is examined
// it stays so until it is answered or its agency is asked something.
func (s State) ForAgency(examined bool) State {
	switch s {
	case Qualified, AwaitingConfirmation, Confirmed, Approved, LegalConflict:
		return Examined
	case Submitted, InReview:
		if examined {
			return Examined
		}
	}
	return s
}

// inLog gives a state as the public log says it.
func (s State) inLog() State { return s.ForAgency(false) }

// quietly begins a part's event where the case is examined: the log says that
// it goes on, or that it ended, and commits to what was done.
func quietly(e *audit.Event, from, to State, action Action, rule string) {
	e.Facts["from"], e.Facts["to"] = string(from.inLog()), string(to.inLog())
	switch {
	case action == NarrowRequest:
		e.Facts["rule"] = rule // the agency's own step
		return
	case from.inLog() == Examined && to.inLog() == Examined:
		e.Kind = "request.examined"
	case from.inLog() == Examined && !to.Open() && action != Withdraw && action != SettleConflict:
		e.Kind = "request.answered"
	default:
		e.Facts["rule"] = rule
		return
	}
	e.Values = append(e.Values, value("action", string(action)), value("from", string(from)), value("to", string(to)), value("rule", rule))
}

// beginExamination puts the beginning of an examination into the part that begins it. How
// long nothing is said afterwards is drawn anew for each case, so that neither a
// quick nor a slow end tells what was found; it ends an hour before the deadline.
func (s *Service) beginExamination(part *change.Part, c Case, q Request) error {
	if !c.Examined.IsZero() {
		return nil
	}
	least := s.Examination
	if least == 0 {
		least = ExaminationTime
	}
	if q.Emergency {
		least = min(least, emergencyTime)
	}
	if least < 0 {
		least = 0 // of tests that do not tell of time
	}
	more, err := s.drawn(2 * least)
	if err != nil {
		return err
	}
	x := Examination{Request: q.ID, Agency: q.Agency, Since: s.now(), Quiet: s.now().Add(least + more)}
	if last := q.EffectBy.Add(-time.Hour); !q.EffectBy.IsZero() && x.Quiet.After(last) {
		x.Quiet = last
	}
	if x.Quiet.Before(x.Since) {
		x.Quiet = x.Since
	}
	part.Insert = append(part.Insert, &x)
	return nil
}

// drawn gives a random length of time below a limit, whole seconds.
func (s *Service) drawn(limit time.Duration) (time.Duration, error) {
	if limit < time.Second {
		return 0, nil
	}
	var b [8]byte
	if _, err := io.ReadFull(rand.Reader, b[:]); err != nil {
		return 0, err
	}
	return time.Duration(binary.BigEndian.Uint64(b[:])%uint64(limit/time.Second)) * time.Second, nil
}

// maySayNothing tells whether a case may end now with nothing to hand over.
func (s *Service) maySayNothing(c Case) bool { return !s.now().Before(c.Quiet) }

// nothingCode is the one reason that an agency reads where nothing of a valid
// demand leaves: it does not say whether there is such an account.
const nothingCode = "RR-20"

// saysOfAccount are the reasons that tell whether there is an account, what is
// held of it, or what it did.
var saysOfAccount = map[string]bool{"RR-14": true, nothingCode: true}

// Withheld tells whether a decision withholds something for reasons that an
// agency reads as "nothing to hand over".
func (d Decision) Withheld() bool {
	if d.Outcome != Refuse || len(d.Reasons) == 0 {
		return d.Outcome == NotHeld
	}
	for _, r := range d.Reasons {
		if !saysOfAccount[r] {
			return false
		}
	}
	return true
}

// Told gives the decisions as the agency reads them, on the page and in the
// bundle: where nothing leaves although the demand is valid, always the same.
func (c Case) Told() []Decision {
	if c.Request.State == NoData {
		return nil
	}
	var out []Decision
	for _, d := range c.Decisions {
		d.By = ""
		if t, ok := c.target(d.Target); ok && c.outcome(d) == string(NotHeld) {
			d.Outcome, d.Reasons, d.Note, d.From, d.To = NotHeld, []string{nothingCode}, personal.Text{}, t.From, t.To
		}
		out = append(out, d)
	}
	return out
}

func (c Case) target(id TargetID) (Target, bool) {
	for _, t := range c.Request.Targets {
		if t.ID == id {
			return t, true
		}
	}
	return Target{}, false
}
