package violations

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// Store keeps findings.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Finding gives a finding with its confirmations, or NotFound.
	Finding(ctx context.Context, id string) (Finding, error)
	// Waiting lists proposed findings which a person neither brought nor has given a
	// word on, the oldest first, at most limit.
	Waiting(ctx context.Context, person identity.PersonID, limit int) ([]Finding, error)
	// Standing lists confirmed findings, of one account or, for 0, of all: those with
	// an appeal under way first, then the newest, at most limit.
	Standing(ctx context.Context, account int64, limit int) ([]Finding, error)
}

// Repeats knows the forms that were sent before.
type Repeats interface {
	// Repeated gives *change.Used where the key was used before with the same
	// body, a Conflict with another one, and nil for a nil or a new key.
	Repeated(ctx context.Context, key *change.Key) error
}

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Access  access.Allower
	Law     *legal.Registry
	Source  records.Source // guarded
	Now     func() time.Time
	Imports Imports // nil: no findings are brought
	Repeats Repeats // nil: a repeated form is told that its step is taken
}

// Service takes the steps of a finding.
type Service struct {
	Config
	told sync.Map // breaches of the account data that are on record
}

// New makes a Service.
func New(c Config) *Service { return &Service{Config: c} }

// Sheet is all that a confirmer sees: the account, the rule and the evidence.
// It has no field for an agency, an officer or a case.
type Sheet struct {
	Finding Finding
	Account records.Summary
	Rule    legal.Rule
	Mine    *Confirmation // what the viewer said already
}

func (s *Service) may(ctx context.Context, verb access.Verb) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, verb, access.Object{Kind: "finding"})
}

// List gives the findings that wait for a verdict, without those to which the
// viewer already gave theirs.
func (s *Service) List(ctx context.Context) (_ []Finding, err error) {
	defer fault.Wrap(&err, "violations.List")
	actor, _, err := s.may(ctx, "list")
	if err != nil {
		return nil, err
	}
	open, err := s.Store.Waiting(ctx, actor.Person, onePage)
	for i := range open {
		open[i] = blind(open[i], actor)
	}
	return open, err
}

// onePage is how many findings a list shows.
const onePage = 200

func said(f Finding, p identity.PersonID) *Confirmation {
	for i := range f.Confirmations {
		if f.Confirmations[i].Person == p {
			return &f.Confirmations[i]
		}
	}
	return nil
}

// blind leaves out, for a confirmer, what others said of the finding: that
// somebody gave a verdict stays, who and why goes. So the second speaks
// independently of the first.
func blind(f Finding, actor identity.Actor) Finding {
	if actor.Role != identity.Confirmer {
		return f
	}
	all := f.Confirmations
	f.Confirmations = nil
	if f.BroughtBy != actor.Person {
		f.BroughtBy = ""
	}
	words := f.Appeals
	f.Appeals = nil
	for _, v := range words {
		if v.Person != actor.Person {
			v.Verdict, v.Note = "", personal.Text{}
		}
		f.Appeals = append(f.Appeals, v)
	}
	for _, c := range all {
		if c.Person != actor.Person {
			c = Confirmation{ID: c.ID, Finding: c.Finding, Verdict: c.Verdict, At: c.At}
		}
		f.Confirmations = append(f.Confirmations, c)
	}
	return f
}

// View gives a finding's sheet, and records that it was seen.
func (s *Service) View(ctx context.Context, id string) (sheet Sheet, err error) {
	defer fault.Wrap(&err, "violations.View(%s)", id)
	actor, rule, err := s.may(ctx, "view")
	if err != nil {
		return sheet, err
	}
	f, err := s.Store.Finding(ctx, id)
	if err != nil {
		return sheet, err
	}
	sheet = Sheet{Finding: blind(f, actor), Mine: said(f, actor.Person)}
	if sheet.Account, err = s.Source.Summary(ctx, records.AccountID(f.AccountID)); err != nil {
		return Sheet{}, s.stopped(ctx, string(f.ID), err)
	}
	sheet.Rule, _ = s.Law.Rule(f.Rule)
	e := change.Event(ctx, s.Now(), "finding.viewed", "look:"+id+":"+string(actor.Person), 0)
	e.Facts["finding"], e.Facts["rule"] = id, rule
	e.Causes = []audit.EventID{f.EventID}
	return sheet, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// Input is what one confirmer typed.
type Input struct {
	Verdict, Evidence, Note string
}

// ConfirmDigest is what a confirmer shows their passkey for: a word on this very
// finding. Which word it is stands in the event that uses the proof up.
func ConfirmDigest(finding string) identity.Digest {
	return identity.DigestOf("lerd confirmation v1", finding)
}

// AppealDigest is the same of a word on an appeal.
func AppealDigest(finding string) identity.Digest {
	return identity.DigestOf("lerd appeal v1", finding)
}

// Confirm records what one confirmer says. The second "confirmed" confirms the
// finding; one "rejected" closes it.
func (s *Service) Confirm(ctx context.Context, id string, in Input) (err error) {
	defer fault.Wrap(&err, "violations.Confirm(%s)", id)
	actor, rule, err := s.may(ctx, "confirm")
	if err != nil {
		return err
	}
	f, err := s.Store.Finding(ctx, id)
	if err != nil {
		return err
	}
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return err
		}
	}
	if f.State != Proposed {
		return fault.New(fault.Conflict, "This finding is already %s.", f.State)
	}
	if f.BroughtBy == actor.Person {
		return fault.New(fault.Conflict, "You brought this finding; two other people confirm it.")
	}
	if said(f, actor.Person) != nil {
		return fault.New(fault.Conflict, "You already gave your verdict; a second person gives the other one.")
	}
	c, err := s.read(in)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeConfirm, ConfirmDigest(id))
	if err != nil {
		return err
	}
	c.ID, c.Finding, c.Person, c.At = uuid.NewString(), id, actor.Person, s.Now().UTC().Truncate(time.Microsecond)
	to := next(f, c.Verdict)
	e := change.Event(ctx, c.At, "finding."+string(c.Verdict), StreamOf(id), f.Version+1)
	e.Facts["from"], e.Facts["to"], e.Facts["rule"] = string(f.State), string(to), rule
	f.State, f.Version = to, f.Version+1
	if c.Verdict == Yes {
		f.Evidence = c.Evidence
	}
	part := change.Part{Event: e, Insert: []any{&c}, Update: []any{&f}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{
		Parts: []change.Part{part},
		Key:   change.KeyFrom(ctx, "/findings"),
	})
}

func (s *Service) read(in Input) (Confirmation, error) {
	var problems []fault.Problem
	c := Confirmation{Verdict: Verdict(in.Verdict)}
	if c.Verdict != Yes && c.Verdict != No {
		problems = append(problems, fault.Problem{Field: "verdict", Message: "Say whether the account broke the rule."})
	}
	take := func(field, typed, ask string, read func(field, typed string) (string, error)) personal.Text {
		if typed == "" {
			if ask != "" {
				problems = append(problems, fault.Problem{Field: field, Message: ask})
			}
			return personal.Text{}
		}
		out, err := read(field, typed)
		problems = append(problems, fault.ProblemsOf(err)...)
		return personal.NewText(out)
	}
	evidence, note := "", ""
	if c.Verdict == Yes {
		evidence = "Give the reference of the evidence in the moderation system, for example MOD-48213."
	}
	if c.Verdict == No {
		note = "Say in a sentence why this is not a violation."
	}
	c.Evidence = take("evidence", in.Evidence, evidence, identifier.Reference)
	c.Note = take("note", in.Note, note, func(f, t string) (string, error) { return identifier.FreeText(f, t, 2000) })
	return c, fault.Fields(problems)
}
