// Package fault names the few kinds of failure that lerd knows and holds the
// one table that turns a kind into an HTTP status.
//
// Invariants:
//   - a message in an Error is written for the person who reads it: it says
//     what would make the input right, and carries no personal data;
//   - an error without a kind is Internal, and its text never leaves the process;
//   - what a person may not know of is NotFound, never Forbidden.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what went wrong, as far as the caller needs to know.
type Kind string

// The kinds of failure.
const (
	Internal    Kind = "internal"    // a defect or an unknown failure: 500
	Invalid     Kind = "invalid"     // the input is wrong and can be mended: 422
	NotFound    Kind = "not_found"   // absent, or not for this person to know of: 404
	Conflict    Kind = "conflict"    // somebody else was first, or the state has moved on: 409
	TooLarge    Kind = "too_large"   // the input is over a limit: 413
	Unsupported Kind = "unsupported" // the content is of a type that is not taken: 415
	SignIn      Kind = "sign_in"     // no session, or one that has ended: 401
	Unavailable Kind = "unavailable" // something lerd needs is out of reach, try again: 503
	TooMany     Kind = "too_many"    // over a rate or a quota: 429
	Gate        Kind = "gate"        // a release gate is not met: 409
	StepUp      Kind = "step_up"     // signed in, and this very step asks for a passkey: 401
)

// statuses is the one table from kind to HTTP status. The numbers are written
// out, since the stand-alone verifier uses this package and has no HTTP in it.
// SPEC: RFC 9110 §15, RFC 6585 §4, RFC 9470 §3.
var statuses = map[Kind]int{
	Internal:    500,
	Invalid:     422,
	NotFound:    404,
	Conflict:    409,
	TooLarge:    413,
	Unsupported: 415,
	SignIn:      401,
	Unavailable: 503,
	TooMany:     429,
	Gate:        409,
	StepUp:      401,
}

// Problem is one thing wrong with one field of an input.
type Problem struct {
	Field   string // the form's or message's field name, empty for the whole
	Message string // a sentence that says what would make it right
}

// Error is a failure with a kind, a message for people, and the problems of
// single fields when there are any.
type Error struct {
	Kind     Kind
	Message  string
	Problems []Problem
	Err      error // the cause, for the operational log only
}

// Error gives kind, message and cause; it is for logs, not for pages.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "; %s: %s", p.Field, p.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind with a message for people.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Because makes an error of a kind with its cause kept for the log.
func Because(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Err: cause}
}

// Fields makes an Invalid error out of the problems of single fields, or nil
// where there are none.
func Fields(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "Some answers need another look.", Problems: problems}
}

// KindOf gives the kind of err; an error without one is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// ProblemsOf gives the problems of single fields that err carries.
func ProblemsOf(err error) []Problem {
	var e *Error
	if errors.As(err, &e) {
		return e.Problems
	}
	return nil
}

// Message gives what a person may read of err: its own words for a known kind,
// and a plain sentence for anything unknown.
func Message(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Kind != Internal && e.Message != "" {
		return e.Message
	}
	return "Something went wrong on our side. Nothing was changed; please try again."
}

// Status gives the HTTP status of err, 200 for nil.
func Status(err error) int {
	if err == nil {
		return 200
	}
	return statuses[KindOf(err)]
}

// Wrap adds an operation and its ids to *err, if there is one. Use it with
// defer at the top of an exported function with a named error; give ids only,
// never personal data.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
