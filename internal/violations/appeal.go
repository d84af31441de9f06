package violations

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// AppealWord is what one person says of an appeal.
type AppealWord string

// The words.
const (
	Overturn AppealWord = "overturn"
	Uphold   AppealWord = "uphold"
)

// AppealVerdict is what one confirmer says of a confirmed finding against which
// the account's holder appealed.
type AppealVerdict struct {
	ID      string
	Finding string
	Person  identity.PersonID
	Verdict AppealWord
	Note    personal.Text
	At      time.Time
	EventID audit.EventID
}

// Standing lists the confirmed findings of an account, or of all for 0, for those who
// take appeals: first those with an appeal under way, then the newest.
func (s *Service) Standing(ctx context.Context, account int64) (_ []Finding, err error) {
	defer fault.Wrap(&err, "violations.Standing")
	actor, _, err := s.may(ctx, "list")
	if err != nil {
		return nil, err
	}
	all, err := s.Store.Standing(ctx, account, onePage)
	for i := range all {
		all[i] = blind(all[i], actor)
	}
	return all, err
}

// Appealable tells whether an appeal can be said of a finding by a person.
func (f Finding) Appealable(person identity.PersonID) bool {
	if f.State != Confirmed || f.Appeal != "none" && f.Appeal != "pending" {
		return false
	}
	for _, v := range f.Appeals {
		if v.Person == person {
			return false
		}
	}
	return true
}

// Appeal records what one confirmer says of an appeal. From the first word until
// two agree, the finding carries no release; two who say "overturn" fell it for
// good, and two who say "uphold", of whom one did not confirm it, let it stand.
func (s *Service) Appeal(ctx context.Context, id string, word AppealWord, why string) (err error) {
	defer fault.Wrap(&err, "violations.Appeal(%s)", id)
	actor, rule, err := s.may(ctx, "appeal")
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
	if !f.Appealable(actor.Person) {
		return fault.New(fault.Conflict, "This finding is not open to your word on an appeal: it is %s, or you gave your word.", f.State)
	}
	v, err := readAppeal(word, why)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeAppeal, AppealDigest(id))
	if err != nil {
		return err
	}
	v.ID, v.Finding, v.Person, v.At = uuid.NewString(), id, actor.Person, s.Now().UTC().Truncate(time.Microsecond)
	from := f.State
	f.State, f.Appeal = f.afterAppeal(v)
	f.Version++
	e := change.Event(ctx, v.At, "finding.appeal_"+string(v.Verdict), StreamOf(id), f.Version)
	e.Facts["from"], e.Facts["to"], e.Facts["appeal"], e.Facts["rule"] = string(from), string(f.State), f.Appeal, rule
	part := change.Part{Event: e, Insert: []any{&v}, Update: []any{&f}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{
		Parts: []change.Part{part},
		Key:   change.KeyFrom(ctx, "/findings"),
	})
}

func readAppeal(word AppealWord, why string) (AppealVerdict, error) {
	var problems []fault.Problem
	if word != Overturn && word != Uphold {
		problems = append(problems, fault.Problem{Field: "word", Message: "Say whether the finding stands."})
	}
	note, err := identifier.FreeText("why", why, 2000)
	switch {
	case why == "":
		problems = append(problems, fault.Problem{Field: "why", Message: "Say in a few sentences why, with the reference of the appeal."})
	case err != nil:
		problems = append(problems, fault.ProblemsOf(err)...)
	}
	return AppealVerdict{Verdict: word, Note: personal.NewText(note)}, fault.Fields(problems)
}

// afterAppeal gives state and appeal of a finding after one more word.
func (f Finding) afterAppeal(v AppealVerdict) (State, string) {
	said, fresh := 0, false
	for _, x := range append(append([]AppealVerdict{}, f.Appeals...), v) {
		if x.Verdict != v.Verdict {
			continue
		}
		said++
		fresh = fresh || !f.confirmedBy(x.Person)
	}
	switch {
	case said >= Needed && v.Verdict == Overturn:
		return Overturned, "overturned"
	case said >= Needed && fresh:
		return Confirmed, "upheld"
	}
	return Confirmed, "pending"
}

func (f Finding) confirmedBy(p identity.PersonID) bool {
	for _, c := range f.Confirmations {
		if c.Person == p {
			return true
		}
	}
	return false
}
