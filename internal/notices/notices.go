// Package notices tells people what happened in their name or waits for them: an
// agency's administrator of every sign-in, submission and download, officers of
// what became of their cases, registrars of agencies that wait.
//
// Invariants:
//   - a notice comes from an event that has its place in the log, by a table of
//     kinds; nobody writes one by hand;
//   - each event gives each person one notice at most, however often the job is
//     stopped and begun again;
//   - a letter says that there is something new on the portal, and nothing else:
//     no name, no reference, no number, no kind.
package notices

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
)

// ID names a notice, a lower-case UUID.
type ID string

// Audience is who is told.
type Audience string

// The audiences.
const (
	Admins     Audience = "admins"     // the administrators of the agency that it is about
	Asker      Audience = "asker"      // the officer who holds the case: who asked, or who took it over last
	Former     Audience = "former"     // the officer who held the case before it was taken over
	Signers    Audience = "signers"    // who may sign it a second time: supervisors of the officer's unit, or, where it has none, of the agency
	Registrars Audience = "registrars" // all of them
	Subject    Audience = "subject"    // the person that it is about
	Opener     Audience = "opener"     // the auditor who opened the audit finding that it is about
)

// Kinds says who is told of which kind of event. A kind of event that people are
// to be told of is added here, with its words "notice.k.<kind, with _ for .>".
var Kinds = map[string][]Audience{
	"session.started": {Admins}, // of the agency's people; of staff nobody

	"request.propose": {Signers, Admins}, "request.submit": {Admins}, "request.cosign": {Admins, Asker}, "request.withdraw": {Admins},
	"request.send_back": {Asker}, "request.take_back": {Admins},
	"request.ask": {Asker}, "request.refuse": {Asker}, "request.export": {Asker}, "request.find_nothing": {Asker},
	"request.settle_conflict": {Asker}, "request.lack_finding": {Asker},
	"request.result": {Asker}, "request.expire": {Asker}, "request.lapse": {Asker}, "request.taken_over": {Former, Admins},
	"message.sent":   {Asker}, // by staff alone, see told
	"draft.expiring": {Subject}, "preservation.reminded": {Asker},
	// release.granted and recall.confirmed are told by request.export, release.reissued
	// and release.recalled, which are of the same step: nobody is told twice.
	"release.reissued": {Asker}, "release.grant_ending": {Asker}, "recall.reminded": {Asker},
	"release.downloaded": {Admins}, "release.download_begun": {Admins}, "release.recalled": {Asker, Admins},

	"person.invited": {Admins}, "person.enrolled": {Admins}, "person.confirmed": {Admins}, "person.suspended": {Admins},
	"passkey.added": {Subject, Admins}, "passkey.removed": {Subject, Admins}, "passkey.counter_went_back": {Subject, Admins}, "invitation.given_up": {Admins},
	"person.reverified": {Subject}, "person.vetting_ends": {Subject, Admins}, "person.vetting_ended": {Admins},

	"agency.proposed": {Registrars}, "agency.called_back": {Registrars}, "agency.renewal_begun": {Registrars},
	"agency.change_proposed": {Registrars}, "agency.change_approved": {Admins, Registrars}, "agency.entry_retired": {Admins, Registrars}, "agency.delivery_set": {Admins, Registrars},
	"person.contained": {Admins}, "agency.contained": {Registrars},
	"agency.activated": {Admins}, "agency.vetting_ends": {Admins, Registrars}, "agency.suspended": {Admins, Registrars},
	"person.supervision_proposed": {Registrars, Admins}, "person.supervises": {Subject, Admins},
	"agency.cosignature_proposed": {Registrars}, "agency.cosignature_chosen": {Admins},
	"audit_finding.opened": {Subject}, "audit_finding.reopened": {Subject}, "audit_finding.closed": {Subject},
	"audit_finding.answered": {Opener}, "audit_finding.overdue": {Subject, Opener},

	"agency.disowned_request": {Registrars, Admins}, "agency.statement_made": {Admins},
}

// Parties are whom an event concerns, as the tables name them.
type Parties struct {
	Agency  identity.AgencyID
	Ref     string            // of the case
	Officer identity.PersonID // who holds the case
	Asked   identity.PersonID // who asked
	Former  identity.PersonID // who held it before, of a take-over
	Person  identity.PersonID // that the event is about
	Opener  identity.PersonID // who opened the audit finding
}

// Notice is one thing that one person is told.
type Notice struct {
	ID     ID
	Person identity.PersonID // who is told
	Source audit.EventID
	Kind   string            // of the event
	Ref    string            // of a case, or empty
	Case   string            // id of that case where the reader may see it; filled in when read
	About  identity.PersonID // whom it is about, or empty
	Name   string            // of whom it is about, as the reader may know them; filled in when read
	At     time.Time
	ReadAt time.Time
}

// Placed is an event with its place in the log.
type Placed struct {
	Index  int64
	Record audit.Record
}

// told tells whether somebody is told of what they did themselves: of a sign-in
// and of changed passkeys they are, since it may have been somebody else. Of
// messages people are told that come from the other side.
func told(r audit.Record, person identity.PersonID) bool {
	if r.Kind == "message.sent" && !identity.Role(r.Actor.Role).Staff() {
		return false
	}
	return r.Kind == "session.started" || strings.HasPrefix(r.Kind, "passkey.") || identity.PersonID(r.Actor.Person) != person
}
