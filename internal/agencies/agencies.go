// Package agencies vets the authorities that may ask, keeps what is on file
// about them, and gives their administrators what is theirs.
//
// Invariants:
//   - nobody registers themselves: a registrar enters an agency from an
//     independent directory, calls the number found there, and another registrar
//     activates it with their passkey;
//   - standing lasts 365 days at most; when it ends, or was taken away, it comes
//     back by another round of vetting and in no other way;
//   - what is on file changes by a further entry that a second registrar approves
//     and that is used after a waiting time; what was in force stays so till then;
//   - an administrator sees that requests of their agency are there and where
//     they stand, and not what is in them.
package agencies

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/callback"
	"lerd/internal/identity"
)

// Ids are lower-case UUIDs.
type (
	// DetailID names an entry on file.
	DetailID string
	// RoundID names a round of vetting.
	RoundID string
	// StatementID names a periodic statement.
	StatementID string
)

// How long things last.
const (
	Validity        = 365 * 24 * time.Hour // of an agency's vetting
	OfficerValidity = 180 * 24 * time.Hour // of an officer's
	WaitingTime     = 72 * time.Hour       // before what was changed is used
)

// Reminders are the days before the end of a standing on which people are told.
var Reminders = []int{30, 14, 3}

// Source is where something was read: which register, its reference there, and
// the day on which it was seen.
type Source struct {
	Register  string
	Reference string
	SeenOn    time.Time // a date
}

// Stage is how far a round of vetting is.
type Stage string

// The stages.
const (
	StageProposed  Stage = "proposed"    // a registrar calls
	StageCalled    Stage = "called_back" // another registrar activates
	StageActivated Stage = "activated"   // the end
	StageAbandoned Stage = "abandoned"   // the end
)

// Open tells whether the round goes on.
func (s Stage) Open() bool { return s == StageProposed || s == StageCalled }

// Round is one round of vetting: the first, or a renewal.
type Round struct {
	ID          RoundID
	Agency      identity.AgencyID
	Number      int // from 1
	Stage       Stage
	Source      Source
	ProposedBy  identity.PersonID
	ProposedAt  time.Time
	Call        callback.ID // that confirmed it
	CalledBy    identity.PersonID
	ActivatedBy identity.PersonID
	ActivatedAt time.Time
	Assertion   identity.AssertionID
	Digest      string // hex SHA-256 of what was agreed to
	ValidUntil  time.Time
	Version     int64
	EventID     audit.EventID
}

// Dossier is all that is on file about an agency.
type Dossier struct {
	Agency  identity.Agency
	Details []Detail // as they were entered
	Rounds  []Round  // the first one first
	Calls   []callback.Call
}

// Open gives the round that is going on, or nil.
func (d Dossier) Open() *Round {
	for i := range d.Rounds {
		if d.Rounds[i].Stage.Open() {
			return &d.Rounds[i]
		}
	}
	return nil
}

// ValidUntil is when the standing ends; zero where there is none.
func (d Dossier) ValidUntil() (until time.Time) {
	for _, r := range d.Rounds {
		if r.Stage == StageActivated {
			until = r.ValidUntil
		}
	}
	return until
}

// StreamOf names the event stream of an agency.
func StreamOf(id identity.AgencyID) string { return "agency:" + string(id) }

// PathOf is where an agency's page lies for registrars.
func PathOf(id identity.AgencyID) string { return "/agencies/" + string(id) }
