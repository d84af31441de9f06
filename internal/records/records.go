// Package records is lerd's window on the platform's own account data: the
// interface that a connector fulfils, the few typed rows that can pass through
// it, and the guard that stops a source which discloses too much.
//
// Invariants:
//   - a row has no field beyond the documented columns: nothing else about a
//     person can pass, whatever the source holds;
//   - every time is UTC with microseconds at most, every period half-open
//     [From, To);
//   - an identifier is resolved exactly or not at all: several holders are
//     ambiguous, never "the nearest";
//   - phone numbers, addresses and usernames are personal types and do not
//     reach a log by accident.
package records

import (
	"context"
	"iter"
	"strconv"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
)

// AccountID is the platform's own numeric id of an account, at least 1.
type AccountID int64

// String gives the decimal digits.
func (id AccountID) String() string { return strconv.FormatInt(int64(id), 10) }

// Source is the platform's account data as a connector gives it. A connector
// is used through Guard, never bare. All methods may be called concurrently.
// An unreachable or slow source is fault.Unavailable: the caller tries again,
// and nothing is taken as "not held" because of it.
type Source interface {
	// System tells which system answers and what its clock says now. It is
	// asked once per retrieval, before the rows.
	System(ctx context.Context) (System, error)

	// Resolve gives every holding of the identifier that overlaps id.During,
	// ordered by start. No holding is an answer, not an error. It never gives
	// a holding of a similar identifier.
	Resolve(ctx context.Context, id Identifier) (Resolution, error)

	// Summary gives what trust and safety may see of an account, or
	// fault.NotFound.
	Summary(ctx context.Context, account AccountID) (Summary, error)

	// Phones gives the account's phone numbers whose validity overlaps the
	// period, ordered by (ValidFrom, RecordID). None is an empty slice.
	Phones(ctx context.Context, account AccountID, period Period) ([]PhoneRow, error)

	// Sessions streams the account's IP events inside the period, ordered by
	// (At, RecordID), in constant memory. After an error the sequence ends,
	// and what came before it must not leave: an answer is whole or nothing.
	Sessions(ctx context.Context, account AccountID, period Period) iter.Seq2[IPRow, error]
}

// System is the identity and clock of the source.
// LAW: FRE 902(11), 902(13): the certificate describes the system and its clock.
type System struct {
	Name          string        // e.g. "accounts-db"
	Version       string        // version of the system or of its schema
	ClockSource   string        // how its clock is set, e.g. "NTP, two strata"
	MaxClockError time.Duration // bound of the clock's error, ≥ 0
	Precision     time.Duration // precision of recorded event times, ≥ 1 µs
	Now           time.Time     // the system's clock at the answer, UTC
}

// Kind is what sort of identifier names an account.
type Kind string

// The kinds of identifier.
const (
	ByPhone    Kind = "phone"      // E.164 number, with a period
	ByUsername Kind = "username"   // lower-case username, with a period
	ByAccount  Kind = "account_id" // numeric id; it is never reassigned
)

// Identifier names an account as an order does: by what it held, and when.
type Identifier struct {
	Kind     Kind
	Phone    personal.Phone // ByPhone
	Username personal.Text  // ByUsername, lower case
	Account  AccountID      // ByAccount
	During   Period         // when it was held; At(t) for a single moment
}

// PhoneIn names an account by the number it held at some time in the period.
func PhoneIn(phone personal.Phone, p Period) Identifier {
	return Identifier{Kind: ByPhone, Phone: phone, During: p}
}

// UsernameIn names an account by the username it held at some time in the
// period. The username is in lower case.
func UsernameIn(username personal.Text, p Period) Identifier {
	return Identifier{Kind: ByUsername, Username: username, During: p}
}

// AccountIn names an account by its numeric id.
func AccountIn(id AccountID, p Period) Identifier {
	return Identifier{Kind: ByAccount, Account: id, During: p}
}

// Match is how many accounts an identifier led to.
type Match string

// The outcomes of resolving an identifier.
const (
	None       Match = "none"      // nobody held it in the period
	ExactlyOne Match = "one"       // one account held it, perhaps for part of the period
	Ambiguous  Match = "ambiguous" // several held it: a person must ask for a narrower time
)

// Holding is one account's hold of an identifier over an interval.
type Holding struct {
	Account AccountID
	Value   personal.Text // the identifier as the source has it
	From    time.Time
	To      time.Time // zero while it is still held
}

// Resolution is every holding of an identifier in the period asked.
type Resolution struct {
	Holdings []Holding
}

// Account gives the account when exactly one held the identifier. For None
// and Ambiguous the account is 0.
func (r Resolution) Account() (AccountID, Match) {
	if len(r.Holdings) == 0 {
		return 0, None
	}
	first := r.Holdings[0].Account
	for _, h := range r.Holdings[1:] {
		if h.Account != first {
			return 0, Ambiguous
		}
	}
	return first, ExactlyOne
}

// Covers tells whether the holdings of a single account cover the whole
// period without a gap. Where they do not, the request may have to be
// narrowed to the time in which the account held the identifier.
func (r Resolution) Covers(p Period) bool {
	if _, m := r.Account(); m != ExactlyOne {
		return false
	}
	reached := p.From
	for _, h := range r.Holdings {
		if h.From.After(reached) {
			return false
		}
		if h.To.IsZero() || !h.To.Before(p.To) {
			return true
		}
		if h.To.After(reached) {
			reached = h.To
		}
	}
	return false
}

// Summary is all that trust and safety see of an account before a finding.
type Summary struct {
	Account   AccountID
	Username  personal.Text // current, empty if none
	CreatedAt time.Time
	Status    RuleStatus
}

// RuleStatus is where the account stands under the platform's rules.
type RuleStatus string

// The rule statuses.
const (
	GoodStanding RuleStatus = "good_standing"
	Warned       RuleStatus = "warned"
	Restricted   RuleStatus = "restricted"
	Banned       RuleStatus = "banned"
	Deleted      RuleStatus = "deleted" // closed by its holder; records may still be held
)

// Known tells whether s is one of the rule statuses.
func (s RuleStatus) Known() bool {
	switch s {
	case GoodStanding, Warned, Restricted, Banned, Deleted:
		return true
	}
	return false
}

// Invalid identifiers are refused before the source is asked.
func (id Identifier) check() error {
	if err := id.During.check(); err != nil {
		return err
	}
	switch {
	case id.Kind == ByPhone && e164.MatchString(id.Phone.Reveal()):
	case id.Kind == ByUsername && lowerUsername(id.Username.Reveal()):
	case id.Kind == ByAccount && id.Account >= 1:
	default:
		return fault.New(fault.Invalid, "Name the account by a phone number in international form, a username in lower case or a numeric id.")
	}
	return nil
}
