package oversight

import (
	"context"
	"strings"
	"time"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Finding is what an auditor found, and what became of it.
type Finding struct {
	ID, Ref    string
	Grade      string // red, amber, green
	Title      personal.Text
	Body       personal.Text
	Case       string // id; empty: about no single case
	Sample     string
	Evidence   audit.EventID
	Owner      identity.PersonID
	DueOn      time.Time // a date
	MadeBy     identity.PersonID
	MadeAt     time.Time
	State      string // open, answered, closed
	ClosedBy   identity.PersonID
	ClosedAt   time.Time
	ClosedWhy  personal.Text
	Reminded   int // how often the owner was told that it is overdue
	RemindedOn time.Time
	Version    int64
	EventID    audit.EventID

	// On reading:
	OwnerName, MadeByName, CaseRef string
	Answers                        []Answer
}

// Grades lists the grades, the gravest first.
var Grades = []string{"red", "amber", "green"}

// The states of an audit finding.
const (
	Open     = "open"
	Answered = "answered"
	Closed   = "closed"
)

// Overdue tells whether a finding waits for its owner longer than it should.
func (f Finding) Overdue(now time.Time) bool {
	return f.State == Open && !now.Before(f.DueOn.AddDate(0, 0, 1))
}

// Answer is what the owner answers, or why an auditor does not accept it.
type Answer struct {
	ID, Finding string
	Ordinal     int
	Person      identity.PersonID
	Kind        string // answer, not_accepted
	Body        personal.Text
	At          time.Time
	EventID     audit.EventID
	Name        string // pseudonym, on reading
}

// FindingStore keeps audit findings; an owner sees their own alone.
type FindingStore interface {
	// Findings lists audit findings that are not closed, the first due first, or all,
	// the newest first; limit of them at most.
	Findings(ctx context.Context, all bool, limit int) ([]Finding, error)
	// Finding gives one with its answers, or NotFound.
	Finding(ctx context.Context, id string) (Finding, error)
	// Owners lists who can be asked to answer: active staff who are no auditors.
	Owners(ctx context.Context) ([]identity.Person, error)
	// CaseIDByRef gives a case's id by its reference, or NotFound.
	CaseIDByRef(ctx context.Context, ref string) (string, error)
}

// FindingInput is a finding as an auditor writes it.
type FindingInput struct {
	Grade, Title, Body string
	CaseRef            string
	Sample             string
	Evidence           string // id of an event
	Owner              string
	DueOn              time.Time
}

// PathOfFinding is where an audit finding lies for everybody who may see it.
func PathOfFinding(id string) string { return "/audit-findings/" + id }

// OpenFinding puts a finding on record.
func (s *Service) OpenFinding(ctx context.Context, in FindingInput) (id string, err error) {
	defer fault.Wrap(&err, "oversight.OpenFinding")
	actor, rule, err := s.step(ctx, "open", "audit_finding")
	if err != nil {
		return "", err
	}
	f := &Finding{ID: newID(), Grade: in.Grade, Title: text(in.Title), Body: text(in.Body), Sample: in.Sample, Evidence: audit.EventID(in.Evidence), Owner: identity.PersonID(in.Owner),
		DueOn: dateOf(in.DueOn), MadeBy: actor.Person, MadeAt: s.now(), State: Open, Version: 1}
	if err := s.checkFinding(ctx, in, f); err != nil {
		return "", err
	}
	if f.Ref, err = s.newRef("AF"); err != nil {
		return "", err
	}
	e := s.findingEvent(ctx, "audit_finding.opened", *f, rule)
	if f.Evidence != "" {
		e.Causes = []audit.EventID{f.Evidence}
	}
	return f.ID, s.commit(ctx, PathOfFinding(f.ID), change.Part{Event: e, Insert: []any{f}})
}

func (s *Service) checkFinding(ctx context.Context, in FindingInput, f *Finding) error {
	if err := required([2]string{"title", in.Title}, [2]string{"body", in.Body}, [2]string{"grade", in.Grade}, [2]string{"owner", in.Owner}); err != nil {
		return err
	}
	if in.DueOn.Before(s.now().Truncate(24 * time.Hour)) {
		return fault.Fields([]fault.Problem{{Field: "due", Message: "Give a date that is not over."}})
	}
	owners, err := s.Findings.Owners(ctx)
	if err != nil {
		return err
	}
	known := false
	for _, o := range owners {
		known = known || string(o.ID) == in.Owner
	}
	if !known {
		return fault.Fields([]fault.Problem{{Field: "owner", Message: "Choose from the list."}})
	}
	if ref := strings.TrimSpace(in.CaseRef); ref != "" {
		if f.Case, err = s.Findings.CaseIDByRef(ctx, ref); fault.KindOf(err) == fault.NotFound {
			return fault.Fields([]fault.Problem{{Field: "case", Message: "There is no case with this reference."}})
		}
	}
	return err
}

func (s *Service) findingEvent(ctx context.Context, kind string, f Finding, rule string) audit.Event {
	e := change.Event(ctx, s.now(), kind, "audit_finding:"+f.ID, f.Version)
	e.Facts["grade"], e.Facts["person"], e.Facts["due"] = f.Grade, string(f.Owner), f.DueOn.Format(time.DateOnly)
	if f.Case != "" {
		e.Facts["request"] = f.Case
	}
	if rule != "" {
		e.Facts["rule"] = rule
	}
	return e
}

// openFinding loads a finding for a step of the actor.
func (s *Service) openFinding(ctx context.Context, id string, verb access.Verb) (Finding, identity.Actor, string, error) {
	actor, rule, err := s.may(ctx, verb, "audit_finding")
	if err != nil {
		return Finding{}, actor, "", err
	}
	f, err := s.Findings.Finding(ctx, id)
	if err == nil && verb == "answer" && f.Owner != actor.Person {
		err = fault.New(fault.NotFound, "There is nothing here.")
	}
	if err == nil {
		err = s.Store.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return f, actor, rule, err
}

// AnswerFinding is the owner's answer.
func (s *Service) AnswerFinding(ctx context.Context, id, body string) (err error) {
	defer fault.Wrap(&err, "oversight.AnswerFinding(%s)", id)
	f, actor, rule, err := s.openFinding(ctx, id, "answer")
	if err != nil {
		return err
	}
	if err := required([2]string{"body", body}); err != nil {
		return err
	}
	if f.State != Open {
		return movedOn()
	}
	return s.answer(ctx, f, Answer{Person: actor.Person, Kind: "answer", Body: text(body)}, Answered, "audit_finding.answered", rule)
}

// RejectAnswer opens an answered finding again, with the date that it had.
func (s *Service) RejectAnswer(ctx context.Context, id, why string) (err error) {
	defer fault.Wrap(&err, "oversight.RejectAnswer(%s)", id)
	f, actor, rule, err := s.openFinding(ctx, id, "close")
	if err != nil {
		return err
	}
	if err := required([2]string{"why", why}); err != nil {
		return err
	}
	if f.State != Answered {
		return movedOn()
	}
	return s.answer(ctx, f, Answer{Person: actor.Person, Kind: "not_accepted", Body: text(why)}, Open, "audit_finding.reopened", rule)
}

func (s *Service) answer(ctx context.Context, f Finding, a Answer, state, kind, rule string) error {
	a.ID, a.Finding, a.Ordinal, a.At = newID(), f.ID, len(f.Answers)+1, s.now()
	f.State, f.Version = state, f.Version+1
	return s.commit(ctx, PathOfFinding(f.ID), change.Part{Event: s.findingEvent(ctx, kind, f, rule), Insert: []any{&a}, Update: []any{&f}})
}

// CloseDigest is what an auditor agrees to who closes a finding.
func CloseDigest(f Finding) identity.Digest {
	return identity.DigestOf("lerd close audit finding v1", f.ID, itoa(int(f.Version)))
}

// CloseFinding settles an answered finding.
func (s *Service) CloseFinding(ctx context.Context, id, why string) (err error) {
	defer fault.Wrap(&err, "oversight.CloseFinding(%s)", id)
	f, actor, rule, err := s.openFinding(ctx, id, "close")
	if err != nil {
		return err
	}
	if err := required([2]string{"why", why}); err != nil {
		return err
	}
	if f.State != Answered {
		return movedOn()
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAudit, CloseDigest(f))
	if err != nil {
		return err
	}
	f.State, f.ClosedBy, f.ClosedAt, f.ClosedWhy, f.Version = Closed, actor.Person, s.now(), text(why), f.Version+1
	part := change.Part{Event: s.findingEvent(ctx, "audit_finding.closed", f, rule), Update: []any{&f}}
	change.Prove(&part, proof)
	return s.commit(ctx, PathOfFinding(f.ID), part)
}

func movedOn() error {
	return fault.New(fault.Conflict, "This has moved on. Reload the page to see where it stands.")
}

// mostListed is how many lines a list without pages shows; its file has all.
const mostListed = 500

// ListFindings lists audit findings: auditors see all, others those they own.
func (s *Service) ListFindings(ctx context.Context, all bool) ([]Finding, error) {
	if _, _, err := s.may(ctx, "list", "audit_finding"); err != nil {
		return nil, err
	}
	return s.Findings.Findings(ctx, all, mostListed)
}

// ShowFinding gives one audit finding with its answers.
func (s *Service) ShowFinding(ctx context.Context, id string) (Finding, error) {
	if _, _, err := s.may(ctx, "list", "audit_finding"); err != nil {
		return Finding{}, err
	}
	return s.Findings.Finding(ctx, id)
}

// Owners lists who can be asked to answer a finding.
func (s *Service) Owners(ctx context.Context) ([]identity.Person, error) {
	if _, _, err := s.may(ctx, "open", "audit_finding"); err != nil {
		return nil, err
	}
	return s.Findings.Owners(ctx)
}

// RemindOwners tells owners of what is overdue, once a week each, by an event from
// which their notice comes.
func (s *Service) RemindOwners(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "oversight.RemindOwners")
	ctx = identity.With(ctx, identity.SystemActor())
	list, err := s.Findings.Findings(ctx, false, mostListed)
	now := s.now()
	for _, f := range list {
		if err != nil || !f.Overdue(now) || now.Sub(f.RemindedOn) < 7*24*time.Hour {
			continue
		}
		f.Reminded, f.RemindedOn, f.Version = f.Reminded+1, now.Truncate(24*time.Hour), f.Version+1
		e := s.findingEvent(ctx, "audit_finding.overdue", f, "")
		e.Facts["reminded"] = itoa(f.Reminded)
		err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&f}}}})
		if fault.KindOf(err) == fault.Conflict {
			err = nil // it was answered meanwhile, or another process was first
			continue
		}
		n++
	}
	return n, err
}
