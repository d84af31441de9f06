package oversight

import (
	"context"
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/usernotice"
)

// ErrorNotice is a notice that tells a user of an error.
type ErrorNotice struct {
	Ref       string
	State     string    // of package usernotice
	Delivered time.Time // zero: the platform has not confirmed it
}

// ErrorReason is counsel's reason why a serious error is closed although it is not
// proved that everybody was told.
type ErrorReason struct {
	ID      string
	Error   string
	Reason  personal.Text
	By      identity.PersonID
	At      time.Time
	EventID audit.EventID
}

// Telling plans notices about errors; *usernotice.Service fulfils it.
type Telling interface {
	// OfMistake gives the parts that plan a notice to each user whom a serious error
	// touched.
	OfMistake(ctx context.Context, m usernotice.Mistake, because audit.EventID) ([]change.Part, error)
}

// toldOf gives the parts that plan the notices about an error which was found serious.
func (s *Service) toldOf(ctx context.Context, x ErrorReport, because audit.EventID) ([]change.Part, error) {
	if !*x.Serious || x.Case == "" || s.Telling == nil {
		return nil, nil
	}
	return s.Telling.OfMistake(ctx, usernotice.Mistake{ID: x.ID, What: x.What, Case: requests.ID(x.Case)}, because)
}

// mayClose is the rule: a serious error is closed by the proof that everybody whom it
// touched was told, or by a reason that counsel has signed.
func (s *Service) mayClose(ctx context.Context, x ErrorReport, told, ref string) error {
	if told == "later" || x.Serious == nil || !*x.Serious {
		return nil
	}
	notices, reason, err := s.Errors.ErrorTold(ctx, x.ID)
	if err != nil || reason != nil {
		return err
	}
	waits := slices.ContainsFunc(notices, func(n ErrorNotice) bool { return n.Delivered.IsZero() })
	switch {
	case told != "told":
		return fault.New(fault.Gate, "This error is serious. It is closed without telling only with a reason that counsel signs on this page.")
	case len(notices) == 0:
		return fault.New(fault.Gate, "Nobody can be told of this error through lerd. If a letter was sent, counsel signs that on this page.")
	case waits:
		return fault.New(fault.Gate, "The platform has not confirmed every notice about this error: one waits for its turn, or an order to be silent runs. Choose to decide later.")
	case !slices.ContainsFunc(notices, func(n ErrorNotice) bool { return n.Ref == ref }):
		return fault.Fields([]fault.Problem{{Field: "ref", Message: "Write the reference of a notice about this error."}})
	}
	return nil
}

// ErrorTold gives the notices about an error, and counsel's reason, to whoever may
// see the error.
func (s *Service) ErrorTold(ctx context.Context, id string) (notices []ErrorNotice, reason *ErrorReason, err error) {
	defer fault.Wrap(&err, "oversight.ErrorTold(%s)", id)
	if _, err := s.ShowError(ctx, id); err != nil {
		return nil, nil, err
	}
	return s.Errors.ErrorTold(ctx, id)
}

// ExcuseDigest is what counsel agrees to: that this error, as it stands, can be closed
// for the reason on record.
func ExcuseDigest(x ErrorReport) identity.Digest {
	return identity.DigestOf("lerd error reason v1", x.ID, itoa(int(x.Version)))
}

// ExcuseError puts counsel's reason on record. It withholds no notice: what was
// planned is still sent when it may be.
func (s *Service) ExcuseError(ctx context.Context, id, why string) (err error) {
	defer fault.Wrap(&err, "oversight.ExcuseError(%s)", id)
	actor, rule, err := s.step(ctx, "excuse", "error")
	if err != nil {
		return err
	}
	if err := required([2]string{"reason", why}); err != nil {
		return err
	}
	x, err := s.Errors.ErrorReport(ctx, id)
	if err != nil {
		return err
	}
	_, before, err := s.Errors.ErrorTold(ctx, id)
	switch {
	case err != nil:
		return err
	case x.State != Assessed || !*x.Serious || before != nil:
		return movedOn()
	case x.MadeBy == actor.Person:
		return fault.New(fault.Gate, "You reported this error. Another counsel has to sign the reason.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeErrorReason, ExcuseDigest(x))
	if err != nil {
		return err
	}
	r := &ErrorReason{ID: newID(), Error: id, Reason: text(why), By: actor.Person, At: s.now()}
	e := change.Event(ctx, r.At, "error.excused", "error_reason:"+r.ID, 1)
	e.Facts["error"], e.Facts["what"], e.Facts["rule"] = id, x.What, rule
	e.Causes = []audit.EventID{x.EventID}
	if x.Case != "" {
		e.Facts["request"] = x.Case
	}
	part := change.Part{Event: e, Insert: []any{r}}
	change.Prove(&part, proof)
	return s.commit(ctx, PathOfError(id), part)
}
