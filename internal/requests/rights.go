package requests

import (
	"context"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// RightsState is where a review of rights stands.
type RightsState string

// The states of a review of rights.
const (
	RightsOpened   RightsState = "opened"   // counsel answers next
	RightsAnswered RightsState = "answered" // a second person decides next
	RightsAgreed   RightsState = "agreed"
	RightsReturned RightsState = "returned" // counsel answers anew
)

// The conclusions of a review of rights.
const (
	Proceed      = "proceed"
	NarrowRights = "narrow" // to one category of data
	RefuseRights = "refuse"
)

// Conclusions lists them.
var Conclusions = []string{Proceed, NarrowRights, RefuseRights}

// Why a case touches rights, beside the flags of the policy.
const (
	ByClass   = "class"   // its class of offence
	ByMark    = "mark"    // somebody of counsel's list, in its last statement of risk
	ByOfficer = "officer" // what its officer says of somebody in it
)

// rightsCheck is the check that the review answers.
const rightsCheck = "VC-16"

// RightsReview is counsel's human-rights review of a case. The agency never learns
// that there is one: no state, message or notice of its case changes by it.
type RightsReview struct {
	ID        string
	Request   ID
	Agency    identity.AgencyID
	Ordinal   int
	Because   []string // ByClass, ByMark, ByOfficer, or flags of the policy
	State     RightsState
	OpenedBy  identity.PersonID // "": lerd itself
	OpenedAt  time.Time
	Answer    string // the id of the last answer
	DecidedBy identity.PersonID
	DecidedAt time.Time
	Note      personal.Text // of who decided
	Version   int64
	EventID   audit.EventID
	Answers   []RightsAnswer // the oldest first
}

// Last gives the last answer, ok false where there is none.
func (r RightsReview) Last() (RightsAnswer, bool) {
	if len(r.Answers) == 0 {
		return RightsAnswer{}, false
	}
	return r.Answers[len(r.Answers)-1], true
}

// RightsAnswer is what counsel answered. Content is the canonical JSON of a
// RightsContent; what counsel and the second person agree to is its digest.
type RightsAnswer struct {
	ID, Review    string
	Request       ID
	Agency        identity.AgencyID
	Round         int
	Content       string
	ContentSHA256 string
	Conclusion    string
	Only          Category // the one category that may leave, of a conclusion to narrow
	By            identity.PersonID
	At            time.Time
	EventID       audit.EventID
}

// RightsWaiting is a review that waits, with what the queue shows of its case.
type RightsWaiting struct {
	RightsReview
	Ref, AgencyName, Country string
	EffectBy                 time.Time
}

// RightsStore keeps reviews of rights. Agencies see none.
type RightsStore interface {
	// RightsReview gives the last review of a case with its answers, ok false where
	// there is none.
	RightsReview(ctx context.Context, id ID) (r RightsReview, ok bool, err error)
	// RightsWaiting lists reviews of open cases that are not agreed, the next due first.
	RightsWaiting(ctx context.Context) ([]RightsWaiting, error)
	// RightsUnopened lists cases under review that touch rights and have no review
	// for it, at most limit.
	RightsUnopened(ctx context.Context, limit int) ([]ID, error)
	// RightsMarked tells whether somebody of counsel's list is in the last statement
	// of a case.
	RightsMarked(ctx context.Context, id ID) (bool, error)
	// SensitiveClasses gives the published classes that touch rights.
	SensitiveClasses(ctx context.Context) (map[string]bool, error)
}

// SensitiveClass is a class of offence that touches rights, as the database's gate
// knows it.
type SensitiveClass struct {
	Class, Touches string
	EventID        audit.EventID
}

// rightsReasons tells why a case touches rights by what lerd itself knows.
func (s *Service) rightsReasons(ctx context.Context, c Case) (why []string, err error) {
	if s.Law.Touches(c.Request.Offence.Class) != "" {
		why = append(why, ByClass)
	}
	marked, err := s.Rights.RightsMarked(ctx, c.Request.ID)
	if marked {
		why = append(why, ByMark)
	}
	if c.FlaggedByOfficer() {
		why = append(why, ByOfficer)
	}
	return why, err
}

// rightsLeave refuses a step towards a release of a case that touches rights
// without counsel's answer and a second person's word, and what they said must
// not leave. The database refuses it a second time.
func (s *Service) rightsLeave(ctx context.Context, c Case, leaving ...Category) error {
	if s.Rights == nil {
		return nil
	}
	why, err := s.rightsReasons(ctx, c)
	if err != nil {
		return err
	}
	r, ok, err := s.Rights.RightsReview(ctx, c.Request.ID)
	if err != nil || !ok && len(why) == 0 {
		return err
	}
	a, answered := r.Last()
	if !answered || r.State != RightsAgreed || slices.ContainsFunc(why, func(w string) bool { return !slices.Contains(r.Because, w) }) {
		return fault.New(fault.Gate, "This case touches fundamental rights. It goes on when counsel's human-rights review of it is agreed.")
	}
	switch {
	case a.Conclusion == RefuseRights:
		return fault.New(fault.Gate, "Counsel's human-rights review says that nothing of this case may leave.")
	case a.Conclusion == NarrowRights && slices.ContainsFunc(leaving, func(cat Category) bool { return cat != a.Only }):
		return fault.New(fault.Gate, "Counsel's human-rights review lets %s leave and nothing else. Refuse the rest before you go on.", strings.ReplaceAll(string(a.Only), "_", " "))
	}
	return nil
}

// leavingOf gives the categories of which a release holds items.
func leavingOf(rel *Release) (out []Category) {
	if rel == nil {
		return nil
	}
	for _, i := range rel.Items {
		out = append(out, i.Category)
	}
	return out
}
