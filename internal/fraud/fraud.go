// Package fraud keeps impostors from getting anything: it states what is unusual
// about a request, asks issuers whether an order is theirs, holds cases, stops
// officers and agencies at once, and keeps the register of what was caught.
//
// Invariants:
//   - nothing here releases anything: it stops, or asks for more checks;
//   - what stops a case is refused once more by the database in the last
//     transaction, whoever began the step first;
//   - what was stopped goes on by the word of two people, with a reason;
//   - what an agency and an issuer are told says nothing of whom a request is
//     about.
package fraud

import (
	"encoding/json"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// Because is why a case is held.
type Because string

// The reasons of a hold.
const (
	EchoDenied     Because = "echo_denied"      // the issuer did not issue the order
	CallBackDenied Because = "call_back_denied" // the agency did not make the request
	Disowned       Because = "disowned"         // its administrator says so
	Malware        Because = "malware"          // a document of it is harmful
)

// The reasons of stopping that come from a containment.
const (
	AgencyContained  Because = "agency_contained"
	OfficerContained Because = "officer_contained"
)

// The states of a hold.
const (
	Placed  = "placed"
	Lifting = "lifting" // one person wants to lift it; of a containment too
	Lifted  = "lifted"
)

// The states of a containment beside those.
const (
	Begun    = "begun"    // everything stands still; the list and the letters are being made
	Complete = "complete" // they are there
)

// The states of an override.
const (
	Proposed = "proposed"
	Agreed   = "agreed"
	Declined = "declined"
)

// Recipient is to whom a containment writes.
type Recipient string

// The recipients of letters.
const (
	ToAdministrator Recipient = "agency_administrator"
	ToOversight     Recipient = "oversight"
	ToUsers         Recipient = "users" // through the platform, which knows how to reach them
	ToInternal      Recipient = "internal"
)

// Recipients lists them in the order in which they are shown.
var Recipients = []Recipient{ToAdministrator, ToOversight, ToUsers, ToInternal}

// Statement is what is unusual about a request, as it was found at a time.
type Statement struct {
	ID      string
	Request requests.ID
	Agency  identity.AgencyID
	Version int64
	Level   risk.Level
	Score   int
	Demands []risk.Demand
	Factors []risk.Factor
	Policy  string
	At      time.Time
	EventID audit.EventID
}

// Clearance is counsel's word that a case may go on under a statement.
type Clearance struct {
	ID        string
	Statement string
	Request   requests.ID
	Agency    identity.AgencyID
	By        identity.PersonID
	Note      personal.Text
	At        time.Time
	EventID   audit.EventID
}

// Override is a demand that a reviewer wants to go without, and what a second
// person says to that.
type Override struct {
	ID          string
	Statement   string
	Request     requests.ID
	Agency      identity.AgencyID
	Demand      risk.Demand
	Reason      personal.Text
	State       string
	ProposedBy  identity.PersonID
	ProposedAt  time.Time
	DecidedBy   identity.PersonID
	DecidedAt   time.Time
	DecidedNote personal.Text
	Version     int64
	EventID     audit.EventID
}

// Print is what is kept of an order to find its twins: blind marks, the picture
// of its first page, and the names that stand in it.
type Print struct {
	ID      requests.DocumentID
	Agency  identity.AgencyID
	Mark    string
	Bands   string
	Picture string
	Domains string
	Urgent  string
	At      time.Time
	EventID audit.EventID
}

// Mark is one entry of counsel's list of those who need a second look.
type Mark struct {
	ID        string
	Kind      string
	Hash      string
	Why       string
	AddedBy   identity.PersonID
	AddedAt   time.Time
	RemovedBy identity.PersonID
	RemovedAt time.Time
	Version   int64
	EventID   audit.EventID
}

// Hold stops one case.
type Hold struct {
	ID         string
	Request    requests.ID
	Agency     identity.AgencyID
	Because    Because
	Source     string
	PlacedAt   time.Time
	State      string
	LiftBy     identity.PersonID
	LiftReason personal.Text
	LiftedBy   identity.PersonID
	LiftedAt   time.Time
	Version    int64
	EventID    audit.EventID
}

// Containment stops an officer or a whole agency.
type Containment struct {
	ID          string
	Agency      identity.AgencyID
	Officer     identity.PersonID
	Reason      string
	Note        personal.Text
	State       string
	Was         string
	BegunBy     identity.PersonID
	BegunAt     time.Time
	CompletedAt time.Time
	LiftBy      identity.PersonID
	LiftReason  personal.Text
	LiftedBy    identity.PersonID
	LiftedAt    time.Time
	Version     int64
	EventID     audit.EventID
}

// Letter is what a containment drafts for somebody who has to be told.
type Letter struct {
	ID          string
	Containment string
	Recipient   Recipient
	Subject     personal.Text
	Body        personal.Text
	State       string
	SentBy      identity.PersonID
	SentAt      time.Time
	SentHow     string
	Version     int64
	EventID     audit.EventID
}

// Caught is one fraud in the register.
type Caught struct {
	ID       string
	Code     string
	Source   string
	SourceID string
	Request  requests.ID
	Agency   identity.AgencyID
	Released bool
	At       time.Time
	EventID  audit.EventID
}

// Echo is the question to an issuer whether an order is theirs.
type Echo struct {
	ID           string
	Request      requests.ID
	Agency       identity.AgencyID
	Detail       string
	Contact      personal.Text
	Channel      string
	Address      personal.Text
	Ref          string
	CodeSHA256   string
	WantedBy     identity.PersonID
	WantedAt     time.Time
	SentBy       identity.PersonID
	SentAt       time.Time
	ExpiresAt    time.Time
	State        string
	Answer       string
	AnsweredName personal.Text
	AnsweredNote personal.Text
	AnsweredAt   time.Time
	Version      int64
	EventID      audit.EventID
}

// WriteFactors and ReadFactors keep the factors of a statement in one column.
func WriteFactors(list []risk.Factor) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(b)
}

// ReadFactors undoes WriteFactors.
func ReadFactors(text string) (list []risk.Factor) {
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil
	}
	return list
}

// StreamOf names the event stream of a containment.
func StreamOf(id string) string { return "containment:" + id }
