// Package usernotice tells the platform's users that something of theirs was
// disclosed, when the law lets them know, and keeps the register of gags that
// forbid it for a time.
//
// Invariants:
//   - no notice leaves while a gag of its case runs; the database refuses it a
//     second time;
//   - a gag has an end, or a day on which counsel has to look at it again;
//   - what has ended stays ended, also when a clock is set back;
//   - a notice holds nothing about the user but the number of the account, and is
//     delivered by the platform, whose signed receipt is kept.
package usernotice

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

// GagID names a gag, a lower-case UUID.
type GagID string

// Source is where a gag comes from.
type Source string

// The sources.
const (
	OfOrder     Source = "order"          // the order asks for secrecy itself
	OfSeparate  Source = "separate_order" // another paper orders it
	OfEmergency Source = "emergency"      // the platform waits until the danger has passed
)

// GagState is where a gag stands.
type GagState string

// The states.
const (
	Running GagState = "running"
	Ended   GagState = "ended"
)

// Gag forbids to tell the users of one case for a time.
type Gag struct {
	ID           GagID
	Request      requests.ID
	Agency       identity.AgencyID
	Source       Source
	OrderedIn    requests.ID // the case in which a separate order came; empty: none
	Reference    string      // of the paper on which it rests
	Basis        string      // as the paper names it; may be empty
	Begins       time.Time
	Ends         time.Time // not included; zero: none stated
	Review       time.Time // when counsel looks at it again at the latest; zero: not before its end
	State        GagState
	EndedWhy     string // "", expired or lifted
	EndedAt      time.Time
	Steps        int               // of counsel: renewals, reviews, lifting
	RegisteredBy identity.PersonID // "": lerd, from the order
	Version      int64
	EventID      audit.EventID
}

// StepKind is what counsel does about a gag.
type StepKind string

// The kinds.
const (
	Renewed  StepKind = "renewed"  // a further paper gives it a new end
	Reviewed StepKind = "reviewed" // it stands, and is looked at again on another day
	Lifted   StepKind = "lifted"   // it ends before its time
)

// GagStep is what counsel did about a gag.
type GagStep struct {
	ID        string
	Gag       GagID
	Request   requests.ID
	Agency    identity.AgencyID
	Ordinal   int // from 1
	Kind      StepKind
	Reference string // of the paper; a renewal has one
	Ends      time.Time
	Review    time.Time
	Why       personal.Text
	By        identity.PersonID
	At        time.Time
	EventID   audit.EventID
}

// ID names a notice, a lower-case UUID.
type ID string

// State is where a notice stands.
type State string

// The states.
const (
	Scheduled State = "scheduled" // waits for its day, and for the end of every gag
	Withheld  State = "withheld"  // the law of the process forbids it
	Sent      State = "sent"      // handed to the platform; its receipt is missing
	Delivered State = "delivered" // the platform signed that it told the user
)

// Notice is what one user is told about one release, or about a serious error in its
// case.
type Notice struct {
	ID          ID
	Ref         string // what the user quotes, e.g. "UN-2026-7KQM-4D2X"
	Request     requests.ID
	Agency      identity.AgencyID
	Release     requests.ReleaseID
	Account     int64
	Rule        string              // of the process: required, optional, by_order, forbidden
	Categories  []requests.Category // of which something left
	Country     string              // of the authority, ISO 3166-1 alpha-2
	Authority   string              // its kind, as the processes list issuers
	DisclosedAt time.Time
	State       State
	WithheldWhy string // "" or law
	Due         time.Time
	Attempts    int
	Next        time.Time // not tried again before
	SentAt      time.Time
	DeliveredAt time.Time
	Receipt     string // as the platform signed it
	Error       string // id of the serious error that it tells of; empty: it tells of the disclosure
	ErrorWhat   string // kind of that error
	Version     int64
	EventID     audit.EventID
}

// StreamOfGag names the event stream of a gag.
func StreamOfGag(id GagID) string { return "gag:" + string(id) }

// StreamOf names the event stream of a notice.
func StreamOf(id ID) string { return "user_notice:" + string(id) }

// Over tells whether a gag's stated time is over at now.
func (g Gag) Over(now time.Time) bool { return !g.Ends.IsZero() && !now.Before(g.Ends) }

// Overdue tells whether counsel should have looked at a running gag before now.
func (g Gag) Overdue(now time.Time) bool {
	return g.State == Running && !g.Review.IsZero() && !now.Before(g.Review)
}
