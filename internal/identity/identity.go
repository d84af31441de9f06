// Package identity knows agencies, people, the roles they hold and the sessions
// in which they act.
//
// Invariants:
//   - a person is one human, however many accounts or roles: separation of
//     duties compares people, never accounts or sessions;
//   - a session is named by a random token of 256 bits, of which only the
//     SHA-256 is stored: a dump of the database signs nobody in;
//   - a session has one role; a change of role is a new session.
package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/personal"
)

// Ids are lower-case UUIDs.
type (
	// PersonID names one human.
	PersonID string
	// AgencyID names an authority that may ask.
	AgencyID string
	// SessionID names a session; it is not its token and may be logged.
	SessionID string
	// UnitID names a unit of an agency, e.g. a police station.
	UnitID string
)

// Role is what somebody acts as.
type Role string

// The roles.
const (
	Officer       Role = "officer"       // an agency's officer: submits, follows, downloads
	AgencyAdmin   Role = "agency_admin"  // an agency's administrator: its people and units, no cases
	Reviewer      Role = "reviewer"      // in-house counsel: checks legal validity and decides
	Counsel       Role = "counsel"       // answers what only counsel may, settles conflicts of law
	Confirmer     Role = "confirmer"     // trust and safety: confirms violations, blind to agency and officer
	Approver      Role = "approver"      // the second person of a release
	Auditor       Role = "auditor"       // reads everything, changes nothing
	Registrar     Role = "registrar"     // vets agencies; two different ones activate one
	Administrator Role = "administrator" // staff accounts and settings; never auditors
	System        Role = "system"        // lerd itself: jobs and the export
)

// Roles lists every role that a person can hold, in the order in which a case
// meets them.
var Roles = []Role{Officer, AgencyAdmin, Reviewer, Counsel, Confirmer, Approver, Auditor, Registrar, Administrator}

// OfAgency tells whether who holds the role belongs to an agency.
func (r Role) OfAgency() bool { return r == Officer || r == AgencyAdmin }

// Staff tells whether the role belongs to the platform and not to an agency.
func (r Role) Staff() bool { return r != "" && !r.OfAgency() }

// Known tells whether r is a role that a person can hold.
func (r Role) Known() bool { return slices.Contains(Roles, r) }

// Agency is an authority which the platform's staff have vetted.
type Agency struct {
	ID       AgencyID
	Name     string
	Country  string // ISO 3166-1 alpha-2
	Zone     string // IANA time zone in which its legal deadlines are read
	Domain   string // mail domain on file
	CallBack string // number from an independent directory, never from a request
	CertPEM  []byte // X.509 certificate to which its bundles are encrypted
	Standing Standing
	Version  int64
	EventID  audit.EventID
}

// Standing is whether an agency may submit.
type Standing string

// The standings of an agency.
const (
	Proposed  Standing = "proposed"  // on file, not yet vetted
	Verified  Standing = "verified"  // may ask
	Suspended Standing = "suspended" // may not, until it is vetted anew
	Declined  Standing = "declined"  // was never verified, and will not be
)

// Person is one human who can sign in.
type Person struct {
	ID        PersonID
	Name      personal.Text
	SignIn    string // what they type or choose to sign in, unique
	Pseudonym string // how staff appear to agencies, e.g. "Reviewer 7F"
	Role      Role
	Agency    AgencyID // empty for staff
	Unit      UnitID   // within the agency; empty where it has none
	// Supervisor may countersign the requests of colleagues.
	Supervisor bool
	// ReverifyBy is when the person has to be vetted anew; zero for never.
	ReverifyBy time.Time
	// DownloadFrom is when the person may download again after they were vetted
	// anew; zero where nothing waits.
	DownloadFrom time.Time
	Active       bool
	Version      int64
	EventID      audit.EventID
}

// erasedSignIn begins the sign-in name of somebody who was erased; no other has a space.
const erasedSignIn = "erased "

// Erased tells whether who somebody was has been erased, so that nobody comes back as
// them.
func (p Person) Erased() bool { return strings.HasPrefix(p.SignIn, erasedSignIn) }

// Unit is a part of an agency whose officers share their cases.
type Unit struct {
	ID      UnitID
	Agency  AgencyID
	Name    string // unique within the agency
	Active  bool
	Version int64
	EventID audit.EventID
}

// Actor is who acts, as the request context carries it.
type Actor struct {
	Person     PersonID
	Name       personal.Text
	Pseudonym  string
	Role       Role
	Agency     AgencyID // empty for staff
	Unit       UnitID   // empty for staff, and where the agency has no units
	Supervisor bool
	Session    SessionID
	Method     Method // how the session was begun
	// DownloadFrom is when the actor may download again; see Person.
	DownloadFrom time.Time
}

// Session is one sign-in of one person in one role.
type Session struct {
	ID        SessionID
	TokenHash []byte // SHA-256 of the token
	Person    PersonID
	Role      Role
	Method    Method // how it was begun
	CreatedAt time.Time
	SeenAt    time.Time // moved at most once a minute
	EndsAt    time.Time // absolute
	EndedAt   time.Time // zero while it lives
	Device    string    // browser and system in two words, for its owner
}

// SessionsEnded ends every session of an agency's people, of one of them, or of one
// of the staff, in the transaction of the event that it stands beside.
type SessionsEnded struct {
	Agency AgencyID // "": of the staff
	Person PersonID // "": of everybody in the agency
	Except SessionID
	At     time.Time
}

// Lifetimes of a session.
// SPEC: OWASP ASVS 5.0 V7.3.1, V7.3.2.
const (
	IdleLimit     = 15 * time.Minute
	AbsoluteLimit = 8 * time.Hour
)

// Alive tells whether the session may be used at now.
func (s Session) Alive(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.EndsAt) && now.Sub(s.SeenAt) < IdleLimit
}

type actorKey struct{}

// With gives a context in which actor acts.
func With(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// From gives who acts in ctx, and whether anybody does.
func From(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}

// SystemActor is lerd itself, for steps that time or a queue makes happen.
func SystemActor() Actor {
	return Actor{Person: "system", Role: System, Pseudonym: "lerd"}
}
