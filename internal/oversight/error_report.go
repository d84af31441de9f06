package oversight

import (
	"context"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// ErrorReport is an error of lerd or of its people: what happened, whether it is
// serious, and whether the person affected is told.
// LAW: Investigatory Powers Act 2016 s. 231 (the pattern of the test).
type ErrorReport struct {
	ID, Ref    string
	What       string // of ErrorKinds
	Case       string
	Body       personal.Text
	FoundOn    time.Time // a date
	MadeBy     identity.PersonID
	MadeAt     time.Time
	State      string // reported, assessed, settled
	Prejudice  string // of Degrees
	Harm       string
	Serious    *bool // nil until it is assessed
	Reason     personal.Text
	AssessedBy identity.PersonID
	AssessedAt time.Time
	Told       string // of Tellings
	ToldWhy    personal.Text
	ToldRef    string // of the notice, or of the letter
	SettledBy  identity.PersonID
	SettledAt  time.Time
	Version    int64
	EventID    audit.EventID
	CaseRef    string // on reading
}

// What can be said of errors.
var (
	ErrorKinds = []string{"wrong_account", "wrong_period", "wrong_zone", "too_much", "not_authorised", "late_notice", "retention", "process", "other"}
	Degrees    = []string{"none", "some", "significant"}
	Tellings   = []string{"told", "not_told", "later"}
)

// The states of an error.
const (
	Reported = "reported"
	Assessed = "assessed"
	Settled  = "settled"
)

// ErrorStore keeps the register of errors; whoever reported one sees it, and
// auditors see all.
type ErrorStore interface {
	// ErrorReports lists errors, the newest first.
	ErrorReports(ctx context.Context, limit int) ([]ErrorReport, error)
	// ErrorReport gives one, or NotFound.
	ErrorReport(ctx context.Context, id string) (ErrorReport, error)
	// CaseIDByRef gives a case's id by its reference, or NotFound.
	CaseIDByRef(ctx context.Context, ref string) (string, error)
	// ErrorTold gives the notices about an error and counsel's reason, nil for none.
	ErrorTold(ctx context.Context, id string) ([]ErrorNotice, *ErrorReason, error)
	// NoticeOf gives when the platform confirmed a notice to a user of a case, by its
	// reference: zero while it has not; NotFound where the case has none.
	NoticeOf(ctx context.Context, caseID, ref string) (delivered time.Time, err error)
}

// PathOfError is where an error lies in the register.
func PathOfError(id string) string { return "/errors/" + id }

// ReportError puts an error into the register.
func (s *Service) ReportError(ctx context.Context, what, caseRef, body string, foundOn time.Time) (id string, err error) {
	defer fault.Wrap(&err, "oversight.ReportError")
	actor, rule, err := s.step(ctx, "report", "error")
	if err != nil {
		return "", err
	}
	if err := required([2]string{"what", what}, [2]string{"body", body}); err != nil {
		return "", err
	}
	if !slices.Contains(ErrorKinds, what) {
		return "", fault.Fields([]fault.Problem{{Field: "what", Message: "Choose from the list."}})
	}
	x := &ErrorReport{ID: newID(), What: what, Body: text(body), FoundOn: dateOf(foundOn), MadeBy: actor.Person, MadeAt: s.now(), State: Reported, Version: 1}
	if foundOn.After(x.MadeAt) {
		return "", fault.Fields([]fault.Problem{{Field: "found", Message: "Give a date that is not in the future."}})
	}
	if ref := strings.TrimSpace(caseRef); ref != "" {
		x.Case, err = s.Errors.CaseIDByRef(ctx, ref)
		if fault.KindOf(err) == fault.NotFound {
			return "", fault.Fields([]fault.Problem{{Field: "case", Message: "There is no case with this reference."}})
		}
		if err != nil {
			return "", err
		}
	}
	if x.Ref, err = s.newRef("ER"); err != nil {
		return "", err
	}
	return x.ID, s.commit(ctx, PathOfError(x.ID), change.Part{Event: s.errorEvent(ctx, "error.reported", *x, rule), Insert: []any{x}})
}

func (s *Service) errorEvent(ctx context.Context, kind string, x ErrorReport, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "error:"+x.ID, x.Version)
	e.Facts["what"], e.Facts["rule"] = x.What, rule
	if x.Case != "" {
		e.Facts["request"] = x.Case
	}
	return e
}

// AssessDigest is what an auditor agrees to who assesses an error.
func AssessDigest(id string) identity.Digest { return identity.DigestOf("lerd assess error v1", id) }

// AssessError applies the test: an error is serious where it has caused significant
// prejudice or harm to the person concerned. Who reported it does not assess it.
func (s *Service) AssessError(ctx context.Context, id, prejudice, harm, reason string) (err error) {
	defer fault.Wrap(&err, "oversight.AssessError(%s)", id)
	x, actor, rule, err := s.openError(ctx, id)
	if err != nil {
		return err
	}
	if err := required([2]string{"prejudice", prejudice}, [2]string{"harm", harm}, [2]string{"reason", reason}); err != nil {
		return err
	}
	switch {
	case x.State != Reported:
		return movedOn()
	case x.MadeBy == actor.Person:
		return fault.New(fault.Gate, "You reported this error. Another auditor has to assess it.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAudit, AssessDigest(id))
	if err != nil {
		return err
	}
	serious := prejudice == "significant" || harm == "significant"
	x.State, x.Prejudice, x.Harm, x.Serious, x.Reason, x.AssessedBy, x.AssessedAt, x.Version = Assessed, prejudice, harm, &serious, text(reason), actor.Person, s.now(), x.Version+1
	e := s.errorEvent(ctx, "error.assessed", x, rule)
	e.Facts["prejudice"], e.Facts["harm"], e.Facts["serious"] = prejudice, harm, map[bool]string{true: "yes", false: "no"}[serious]
	part := change.Part{Event: e, Update: []any{&x}}
	change.Prove(&part, proof)
	notices, err := s.toldOf(ctx, x, e.ID)
	if err != nil {
		return err
	}
	return s.commit(ctx, PathOfError(id), append([]change.Part{part}, notices...)...)
}

func (s *Service) openError(ctx context.Context, id string) (ErrorReport, identity.Actor, string, error) {
	actor, rule, err := s.step(ctx, "assess", "error")
	if err != nil {
		return ErrorReport{}, actor, "", err
	}
	x, err := s.Errors.ErrorReport(ctx, id)
	return x, actor, rule, err
}

// SettleDigest is what an auditor agrees to who decides whether the person is told.
func SettleDigest(x ErrorReport) identity.Digest {
	return identity.DigestOf("lerd settle error v1", x.ID, itoa(int(x.Version)))
}

// SettleError decides whether the person affected is told, and why. told is "told"
// with the reference of the notice or letter, "not_told", or "later", after which it
// is decided again.
func (s *Service) SettleError(ctx context.Context, id, told, why, ref string) (err error) {
	defer fault.Wrap(&err, "oversight.SettleError(%s)", id)
	x, actor, rule, err := s.openError(ctx, id)
	if err != nil {
		return err
	}
	if err := required([2]string{"told", told}, [2]string{"why", why}); err != nil {
		return err
	}
	switch {
	case x.State != Assessed:
		return movedOn()
	case told == "told" && strings.TrimSpace(ref) == "":
		return fault.Fields([]fault.Problem{{Field: "ref", Message: "Write the reference of the notice or of the letter."}})
	case told == x.Told:
		return fault.Fields([]fault.Problem{{Field: "told", Message: "This was decided before. Choose another answer, or leave it as it is."}})
	}
	if err := s.mayClose(ctx, x, told, strings.TrimSpace(ref)); err != nil {
		return err
	}
	if told == "told" {
		if err := s.wasTold(ctx, x, strings.TrimSpace(ref)); err != nil {
			return err
		}
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAudit, SettleDigest(x))
	if err != nil {
		return err
	}
	if x.State = Settled; told == "later" {
		x.State = Assessed
	}
	x.Told, x.ToldWhy, x.ToldRef, x.SettledBy, x.SettledAt, x.Version = told, text(why), strings.TrimSpace(ref), actor.Person, s.now(), x.Version+1
	e := s.errorEvent(ctx, "error.notice_decided", x, rule)
	e.Facts["told"] = told
	part := change.Part{Event: e, Update: []any{&x}}
	change.Prove(&part, proof)
	return s.commit(ctx, PathOfError(id), part)
}

// noticePrefix begins the references of notices that lerd hands to the platform.
const noticePrefix = "UN-"

// wasTold looks a notice of lerd's own up: it is of the error's case, and the platform
// has signed that it told the user, which it cannot while a gag runs. Any other
// reference is that of a letter, which lerd does not know.
func (s *Service) wasTold(ctx context.Context, x ErrorReport, ref string) error {
	if !strings.HasPrefix(ref, noticePrefix) {
		return nil
	}
	delivered, err := s.Errors.NoticeOf(ctx, x.Case, ref)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return fault.Fields([]fault.Problem{{Field: "ref", Message: "The case of this error has no notice with this reference."}})
	case err != nil:
		return err
	case delivered.IsZero():
		return fault.Fields([]fault.Problem{{Field: "ref", Message: "The platform has not confirmed this notice yet: it waits for its day, or an order to be silent runs. Choose to decide later."}})
	}
	return nil
}

// ToldOn gives when the platform told the person by the notice that settles an error;
// zero where a letter did, or nobody was told.
func (s *Service) ToldOn(ctx context.Context, x ErrorReport) (time.Time, error) {
	if x.Told != "told" || !strings.HasPrefix(x.ToldRef, noticePrefix) {
		return time.Time{}, nil
	}
	at, err := s.Errors.NoticeOf(ctx, x.Case, x.ToldRef)
	if fault.KindOf(err) == fault.NotFound { // whoever reported it sees no notices
		return time.Time{}, nil
	}
	return at, err
}

// ListErrors lists the register: auditors see all of it, others what they reported.
func (s *Service) ListErrors(ctx context.Context) ([]ErrorReport, error) {
	if _, _, err := s.may(ctx, "report", "error"); err != nil {
		return nil, err
	}
	return s.Errors.ErrorReports(ctx, mostListed)
}

// ShowError gives one error of the register.
func (s *Service) ShowError(ctx context.Context, id string) (ErrorReport, error) {
	if _, _, err := s.may(ctx, "report", "error"); err != nil {
		return ErrorReport{}, err
	}
	return s.Errors.ErrorReport(ctx, id)
}
