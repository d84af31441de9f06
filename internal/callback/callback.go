// Package callback records calls to an authority at the number that is on file
// for it: to vet it, to ask about an officer, or to ask about a request.
//
// Invariants:
//   - the number is taken from what is on file and never typed: a call names the
//     entry, and there is no place for another number;
//   - a call is begun before it is made and recorded once, by who made it;
//   - what was answered is a code for each question; what follows from the
//     answers is derived, and nobody chooses it.
package callback

import (
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// ID names a call, a lower-case UUID.
type ID string

// Kind is what a call is about.
type Kind string

// The kinds of subject.
const (
	Agency  Kind = "agency"
	Officer Kind = "officer"
	Request Kind = "request"
)

// Subject is what a call is about: the id of an agency, an officer or a request,
// and the agency that is called.
type Subject struct {
	Kind   Kind
	ID     string
	Agency identity.AgencyID
}

// Number is an entry on file to which calls are made.
type Number struct {
	Entry  string // id of the entry
	Value  string // international form
	Name   string // whose it is, as the directory says
	Source string // the directory
}

// State is how far a call is.
type State string

// The states of a call.
const (
	Begun    State = "begun"
	Recorded State = "recorded"
)

// Reached is who or what answered.
type Reached string

// Who or what can answer.
const (
	Person      Reached = "person"
	Switchboard Reached = "switchboard" // and nobody who could speak for the authority
	Voicemail   Reached = "voicemail"
	NoAnswer    Reached = "no_answer"
	WrongNumber Reached = "wrong_number"
)

// Answers of a question.
const (
	Yes    = "yes"
	No     = "no"
	Unsure = "unsure"
)

// Outcome is what follows from a call.
type Outcome string

// The outcomes. Only Confirmed opens anything.
const (
	Confirmed  Outcome = "confirmed"
	Denied     Outcome = "denied"
	Unclear    Outcome = "unclear"
	NotReached Outcome = "not_reached"
)

// questions are asked in this order; the words are message keys "callback.q.<code>".
var questions = map[Kind][]string{
	Agency:  {"exists", "may_speak", "wants_access", "domains", "administrator", "certificate"},
	Officer: {"may_speak", "serves", "on_duty", "told_supervisor"},
	Request: {"may_speak", "officer_known", "request_known", "facts_hold"},
}

// Questions gives what is asked about a kind of subject, in order.
func Questions(k Kind) []string { return slices.Clone(questions[k]) }

// Answer is what was said to one question.
type Answer struct{ Question, Said string }

// Call is one call.
type Call struct {
	ID         ID
	Subject    Subject
	Number     Number // only Entry is kept; the rest is read from the entry
	By         identity.PersonID
	BegunAt    time.Time
	State      State
	Reached    Reached
	Name       personal.Text // of who was reached
	Function   string        // their function
	Answers    []Answer
	Outcome    Outcome
	Note       personal.Text
	RecordedAt time.Time
	Version    int64
	EventID    audit.EventID
}

// outcome gives what follows from who was reached and what they said.
func outcome(r Reached, answers []Answer) Outcome {
	if r != Person {
		return NotReached
	}
	out := Confirmed
	for _, a := range answers {
		switch a.Said {
		case No:
			return Denied
		case Unsure:
			out = Unclear
		}
	}
	return out
}

// Format gives answers as they are kept: "question=answer;question=answer".
func Format(answers []Answer) string {
	parts := make([]string, len(answers))
	for i, a := range answers {
		parts[i] = a.Question + "=" + a.Said
	}
	return strings.Join(parts, ";")
}

// Parse reads what Format wrote; what it cannot have written is left out.
func Parse(text string) (answers []Answer) {
	for _, part := range strings.Split(text, ";") {
		if q, said, ok := strings.Cut(part, "="); ok {
			answers = append(answers, Answer{q, said})
		}
	}
	return answers
}
