// Package identifier reads what a person typed to name an account, a time or
// an authority: phone numbers, usernames, account ids, moments with their
// zone, names, references and domains.
//
// Invariants:
//   - what is read has one meaning: what could mean two things is refused with
//     a sentence that says what to type, and nothing is guessed;
//   - every reading is shown again in words ("we read this as …");
//   - it is pure: no clock, no network, no database;
//   - no message repeats what was typed.
package identifier

import (
	"strconv"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// Parsed is an identifier as it was understood.
type Parsed struct {
	Kind      records.Kind
	Canonical personal.Text // E.164 number, lower-case username, or decimal id
	Reading   personal.Text // "we read this as …" for the person who typed it
	Country   string        // of a phone number, ISO 3166-1 alpha-2, empty if none
	Assigned  bool          // of a phone number: lies in a range known to be in use
}

// Parse reads an identifier of the given kind. Errors are fault.Invalid with
// one problem on the field "identifier".
func Parse(kind records.Kind, typed string) (Parsed, error) {
	switch kind {
	case records.ByPhone:
		return ParsePhone(typed)
	case records.ByUsername:
		return ParseUsername(typed)
	case records.ByAccount:
		return ParseAccountID(typed)
	}
	return Parsed{}, problem(field, "Choose what the identifier is: a phone number, a username or a numeric account id.")
}

// During gives the question to the account data: who held the identifier at
// some time in the period.
func (p Parsed) During(period records.Period) records.Identifier {
	switch p.Kind {
	case records.ByPhone:
		return records.PhoneIn(personal.NewPhone(p.Canonical.Reveal()), period)
	case records.ByUsername:
		return records.UsernameIn(p.Canonical, period)
	}
	id, _ := strconv.ParseInt(p.Canonical.Reveal(), 10, 64) // Canonical is a parsed id
	return records.AccountIn(records.AccountID(id), period)
}

const field = "identifier"

func problem(field, message string) error {
	return fault.Fields([]fault.Problem{{Field: field, Message: message}})
}

// Lengths of a username.
const (
	MinUsername = 3
	MaxUsername = 32
)

// ParseUsername reads a username: 3 to 32 of the letters a to z, digits and
// the underscore, beginning with a letter. Upper case is the same as lower
// case; one leading @ is left out.
func ParseUsername(typed string) (Parsed, error) {
	s := trim(typed)
	if why := hidden(s, false); why != "" {
		return Parsed{}, problem(field, why)
	}
	s = strings.TrimPrefix(s, "@")
	if why := usernameFault(s); why != "" {
		return Parsed{}, problem(field, why)
	}
	lower := strings.ToLower(s)
	return Parsed{
		Kind: records.ByUsername, Canonical: personal.NewText(lower),
		Reading: personal.NewText("@" + lower),
	}, nil
}

func usernameFault(s string) string {
	switch {
	case s == "":
		return "Type the username."
	case strings.ContainsAny(s, "/:"):
		return "Type the username alone, without a web address before it."
	case strings.ContainsAny(s, "*?%"):
		return "Type one whole username; there is no search with wildcards."
	case strings.ContainsAny(s, " ,;\t\n"):
		return "Type one username, without spaces; add a target for each further one."
	}
	for _, r := range s {
		if r > 127 {
			return "A username has only the letters a to z, digits and the underscore. One character looks like, or is, a letter of another script (" + codePoint(r) + "); type it again on a Latin keyboard."
		}
		if !asciiLetter(r) && !asciiDigit(r) && r != '_' {
			return "A username has only the letters a to z, digits and the underscore."
		}
	}
	switch {
	case len(s) < MinUsername || len(s) > MaxUsername:
		return "A username has 3 to 32 characters."
	case !asciiLetter(rune(s[0])):
		return "A username begins with a letter. If you have a numeric account id, choose that kind."
	}
	return ""
}

// ParseAccountID reads a numeric account id from 1 to 9223372036854775807.
func ParseAccountID(typed string) (Parsed, error) {
	s := trim(typed)
	if s == "" {
		return Parsed{}, problem(field, "Type the numeric account id.")
	}
	for _, r := range s {
		if !asciiDigit(r) {
			return Parsed{}, problem(field, "An account id has only the digits 0 to 9, without spaces, signs or separators.")
		}
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 {
		return Parsed{}, problem(field, "An account id is a whole number from 1 to 9223372036854775807.")
	}
	if s[0] == '0' {
		return Parsed{}, problem(field, "An account id does not begin with 0; check whether a digit is missing.")
	}
	return Parsed{
		Kind: records.ByAccount, Canonical: personal.NewText(s),
		Reading: personal.NewText("account " + grouped(s)),
	}, nil
}

// grouped puts a thin gap between groups of three digits, to compare by eye.
func grouped(digits string) string {
	var b strings.Builder
	for i, r := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func asciiLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func asciiDigit(r rune) bool { return r >= '0' && r <= '9' }

// trim takes away plain spaces, tabs and line ends around what was pasted.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }
