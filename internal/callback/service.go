package callback

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// Store keeps calls.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// NumberFor gives the number on file to be called about a subject: the one in
	// force, or of an agency that is still proposed the proposed one. NotFound
	// where there is none.
	NumberFor(ctx context.Context, s Subject, now time.Time) (Number, error)
	// Call gives a call with its number, or NotFound.
	Call(ctx context.Context, id ID) (Call, error)
	// Calls gives the calls about a subject, the oldest first.
	Calls(ctx context.Context, s Subject) ([]Call, error)
}

// Repeats knows the forms that were sent before.
type Repeats interface {
	// Repeated gives *change.Used where the key was used before with the same
	// body, a Conflict with another one, and nil for a nil or a new key.
	Repeated(ctx context.Context, key *change.Key) error
}

// Then gives what else a recorded call moves, in the same transaction.
type Then func(ctx context.Context, call Call, recorded change.Part) ([]change.Part, error)

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Access  access.Allower
	Repeats Repeats // nil: a repeated form is told that its step is taken
	Now     func() time.Time
	// Then is asked after a call about its kind of subject; a missing kind moves
	// nothing.
	Then map[Kind]Then
	// Where gives the page to which a repeated form about a subject leads.
	Where func(s Subject) string
}

// Service begins and records calls.
type Service struct{ Config }

// New makes a Service.
func New(c Config) *Service {
	if c.Then == nil {
		c.Then = map[Kind]Then{}
	}
	if c.Where == nil {
		c.Where = func(Subject) string { return "/" }
	}
	return &Service{c}
}

// StreamOf names the event stream of a call.
func StreamOf(id ID) string { return "call:" + string(id) }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// object names what is called about, for the policy: staff who may call about a
// request need not be those who may call about an agency.
func object(subject Subject) access.Object {
	return access.Object{Kind: access.Kind("call_" + string(subject.Kind)), Agency: subject.Agency}
}

func (s *Service) may(ctx context.Context, subject Subject) (identity.Actor, string, error) {
	return access.Enter(ctx, s.Access, "call", object(subject))
}

func (s *Service) repeated(ctx context.Context) error {
	if s.Repeats == nil {
		return nil
	}
	return s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
}

// Begin opens a call about a subject, and so shows the number. A call that the
// actor began and has not recorded is given again.
func (s *Service) Begin(ctx context.Context, subject Subject) (_ Call, err error) {
	defer fault.Wrap(&err, "callback.Begin(%s %s)", subject.Kind, subject.ID)
	actor, rule, err := s.may(ctx, subject)
	if err != nil {
		return Call{}, err
	}
	if err := s.repeated(ctx); err != nil {
		return Call{}, err
	}
	before, err := s.Store.Calls(ctx, subject)
	if err != nil {
		return Call{}, err
	}
	for _, c := range before {
		if c.State == Begun && c.By == actor.Person {
			return c, nil
		}
	}
	number, err := s.Store.NumberFor(ctx, subject, s.now())
	if fault.KindOf(err) == fault.NotFound {
		return Call{}, fault.Because(fault.Gate, err, "No number from an independent directory is on file for this agency. Enter one first; a number from the request or a mail is never called.")
	}
	if err != nil {
		return Call{}, err
	}
	call := Call{ID: ID(uuid.NewString()), Subject: subject, Number: number, By: actor.Person, BegunAt: s.now(), State: Begun, Version: 1}
	e := change.Event(ctx, call.BegunAt, "call_back.begun", StreamOf(call.ID), 1)
	e.Facts["about"], e.Facts["subject"], e.Facts["entry"], e.Facts["rule"] = string(subject.Kind), subject.ID, number.Entry, rule
	return call, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&call}}}, Key: change.KeyFrom(ctx, s.Where(subject))})
}

// Input is what the caller recorded.
type Input struct {
	Reached, Name, Function, Note string
	Answers                       map[string]string // question → yes, no, unsure
}

// Record closes a call with what came of it. Who made the call records it, and
// what follows from it is derived.
func (s *Service) Record(ctx context.Context, id ID, in Input) (_ Call, err error) {
	defer fault.Wrap(&err, "callback.Record(%s)", id)
	call, err := s.Store.Call(ctx, id)
	if err != nil {
		return Call{}, err
	}
	actor, rule, err := s.may(ctx, call.Subject)
	if err != nil {
		return Call{}, err
	}
	if err := s.repeated(ctx); err != nil {
		return Call{}, err
	}
	if call.By != actor.Person || call.State != Begun {
		return Call{}, fault.New(fault.Conflict, "This call was recorded already, or somebody else made it. Begin another one.")
	}
	if err := read(&call, in); err != nil {
		return Call{}, err
	}
	call.State, call.RecordedAt, call.Version = Recorded, s.now(), call.Version+1
	e := change.Event(ctx, call.RecordedAt, "call_back.recorded", StreamOf(id), call.Version)
	e.Facts["about"], e.Facts["subject"], e.Facts["reached"], e.Facts["outcome"], e.Facts["rule"] = string(call.Subject.Kind), call.Subject.ID, string(call.Reached), string(call.Outcome), rule
	part := change.Part{Event: e, Update: []any{&call}}
	parts := []change.Part{part}
	if then := s.Then[call.Subject.Kind]; then != nil {
		more, err := then(ctx, call, part)
		if err != nil {
			return Call{}, err
		}
		parts = append(parts, more...)
	}
	return call, s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, s.Where(call.Subject))})
}

// About gives the calls about a subject to who may call about it.
func (s *Service) About(ctx context.Context, subject Subject) (_ []Call, err error) {
	defer fault.Wrap(&err, "callback.About(%s %s)", subject.Kind, subject.ID)
	if _, _, err := s.may(ctx, subject); err != nil {
		return nil, err
	}
	return s.Store.Calls(ctx, subject)
}

// read takes what was typed into the call, and tells every fault of form at once.
func read(call *Call, in Input) error {
	var problems []fault.Problem
	take := func(field, typed string, read func(field, typed string) (string, error)) string {
		out, err := read(field, typed)
		problems = append(problems, fault.ProblemsOf(err)...)
		return out
	}
	call.Reached = Reached(in.Reached)
	switch call.Reached {
	case Person:
		call.Name = personal.NewText(take("name", in.Name, identifier.Name))
		call.Function = take("function", in.Function, identifier.Name)
		for _, q := range questions[call.Subject.Kind] {
			said := in.Answers[q]
			if said != Yes && said != No && said != Unsure {
				problems = append(problems, fault.Problem{Field: q, Message: "Say what they answered; where they did not know, choose unsure."})
				continue
			}
			call.Answers = append(call.Answers, Answer{q, said})
		}
	case Switchboard, Voicemail, NoAnswer, WrongNumber:
	default:
		problems = append(problems, fault.Problem{Field: "reached", Message: "Say who answered."})
	}
	if in.Note != "" {
		call.Note = personal.NewText(take("note", in.Note, func(f, t string) (string, error) { return identifier.FreeText(f, t, 2000) }))
	}
	call.Outcome = outcome(call.Reached, call.Answers)
	return fault.Fields(problems)
}
