// Package requests is the case: one legal demand from its submission to the
// release of what may leave, and nothing more.
//
// Invariants:
//   - a case changes only by a row of the table in state.go;
//   - every change is committed together with the audit event that says who,
//     as what, when, and why; so is every look at a case;
//   - a verdict is derived from the answered checks of the legal process to
//     which the case is pinned; people may be stricter, never laxer;
//   - officer, reviewer, the two confirmers and the approver of a release are
//     five different people.
package requests

import (
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Ids are lower-case UUIDs.
type (
	// ID names a request.
	ID string
	// TargetID names one target of a request.
	TargetID string
	// DocumentID names an uploaded order.
	DocumentID string
	// DecisionID names the decision on one category of one target.
	DecisionID string
	// ReleaseID names a release.
	ReleaseID string
	// ItemID names one part of a release.
	ItemID string
	// FindingID names a violation finding.
	FindingID string
)

// Category is a kind of data that may leave; there is no third.
type Category string

// The categories.
const (
	PhoneNumber Category = "phone_number"
	IPAddress   Category = "ip_address"
)

// Categories lists both, in the order in which pages and bundles show them.
var Categories = []Category{PhoneNumber, IPAddress}

// Request is one legal demand.
type Request struct {
	ID            ID
	Ref           string // what people quote, e.g. "LR-2026-7KQM-4D2X"; says nothing about volume
	Agency        identity.AgencyID
	Officer       identity.PersonID
	Process       ProcessPin
	State         State
	Version       int64
	Emergency     bool
	EmergencyWhy  personal.Text
	Order         Order
	Offence       Offence
	Need          personal.Text
	Confidential  Confidentiality
	ReceivedAt    time.Time
	LegalZone     string // IANA zone in which deadlines are read
	AcknowledgeBy time.Time
	EffectBy      time.Time
	NotBefore     time.Time // nothing leaves earlier, but in an emergency; zero: the process has no such time
	DueExplained  string    // how the deadlines were computed
	// Attested is what the officer says that the order states, by the names of
	// the law's facts, e.g. \"need.stated\": \"yes\".
	Attested map[string]string
	// Further are the answers that only some processes ask for, by the field ids of
	// the law, e.g. "fir_number".
	Further   map[string]string
	Reviewer  identity.PersonID
	ClaimedAt time.Time
	Verdict   string // "", "qualified" or "refused"
	Refusals  []string
	Reasons   personal.Text // the statement of reasons as the officer reads it
	ClosedAt  time.Time
	EventID   audit.EventID
	Targets   []Target
}

// ProcessPin is the version of a legal process to which a case is pinned.
type ProcessPin struct {
	ID      string
	Version int
	Digest  string // hexadecimal SHA-256 of the process's file
}

// Order is the paper on which a request rests.
type Order struct {
	IssuerKind    string // e.g. "judge", as the process lists them
	IssuerName    string
	ValidatorKind string // who validated it where the process wants that
	Number        string
	IssuedOn      time.Time // a date, UTC midnight
	ExpiresOn     time.Time // zero: none stated
	ReturnOn      time.Time // the date by which the order wants its answer; zero: none stated
	Signed        bool
	Language      string // ISO 639-1
	LegalBasis    string
	Addressee     string
	Document      DocumentID
}

// Offence is what is being prosecuted.
type Offence struct {
	Class            string // UNODC ICCS code
	Provision        string
	Text             personal.Text
	MaxPenaltyMonths int
	ByNetwork        bool // committed by means of an electronic network
}

// Confidentiality is whether the person may be told.
type Confidentiality struct {
	Asked bool
	Until time.Time // zero: no end stated
	Basis string
}

// Target is one person about whom something is asked.
type Target struct {
	ID          TargetID
	Request     ID
	Agency      identity.AgencyID
	Ordinal     int // from 1
	Kind        string
	Identifier  personal.Text // normalised
	AsTyped     personal.Text
	HolderAt    time.Time // when the identifier belonged to the person; zero for user ids
	PersonRole  string    // suspect, victim, witness, third_party
	Flags       []string  // what the officer says of the person, in the words of the policy's sensitive flags
	From, To    time.Time // half-open, UTC
	Zone        string    // in which the agency stated the period
	WantPhone   bool
	WantIP      bool
	Purpose     string // identify_user or traffic
	AccountID   int64  // 0 until resolved to exactly one account
	Resolution  string // "", one, none, ambiguous
	AllegedRule string
	AllegedVer  int
	Signed      Scope // what was signed; From to WantIP above are what is still asked
	EventID     audit.EventID
}

// Wants tells whether the target asks for a category.
func (t Target) Wants(c Category) bool {
	return c == PhoneNumber && t.WantPhone || c == IPAddress && t.WantIP
}

// Document is an order's file as it was examined and kept.
type Document struct {
	ID       DocumentID
	Agency   identity.AgencyID
	By       identity.PersonID
	FileName personal.Text
	SHA256   string
	Bytes    int64
	Pages    int
	At       time.Time
	EventID  audit.EventID
}

// Answer is one answered check of a case; a later answer supersedes an earlier
// one, and both stay.
type Answer struct {
	ID        string
	Request   ID
	Agency    identity.AgencyID
	Check     string // VC-01 … VC-24
	Target    string // the target's reference, e.g. "t1"; empty: the whole request
	Result    string // pass, fail, needs_info, not_applicable
	Automatic bool
	Note      personal.Text
	Place     string // where in the order, e.g. "p2"; empty: nowhere in particular
	By        string // person id, or "lerd" for automatic answers
	As        string // the role in which it was answered
	At        time.Time
	EventID   audit.EventID
}

// Message is a word between the reviewer and the agency about a case.
type Message struct {
	ID       string
	Request  ID
	Agency   identity.AgencyID
	FromRole identity.Role
	FromName string // a pseudonym for staff
	Body     personal.Text
	At       time.Time
	EventID  audit.EventID
	Kind     string // question, answer, or note
	// Documents came with the message, each examined as an order is.
	Documents []Document
}

// The kinds of message. Only questions and answers stop and start the clock.
const (
	Question = "question"
	Answered = "answer"
	Note     = "note"
)

// Attachment links a document to the message with which it came.
type Attachment struct {
	ID       string
	Message  string
	Request  ID
	Agency   identity.AgencyID
	Document DocumentID
	EventID  audit.EventID
}

// Outcome is what is decided for one category of one target.
type Outcome string

// The outcomes of a decision.
const (
	Produce Outcome = "produce"
	Narrow  Outcome = "narrow"
	Refuse  Outcome = "refuse"
	NotHeld Outcome = "not_held"
)

// Leaves tells whether something is released under the outcome.
func (o Outcome) Leaves() bool { return o == Produce || o == Narrow }

// Decision is the outcome for one category of one target, with its period.
type Decision struct {
	ID       DecisionID
	Request  ID
	Agency   identity.AgencyID
	Target   TargetID
	Category Category
	Outcome  Outcome
	Reasons  []string // RR codes; needed where something is withheld
	Note     personal.Text
	From, To time.Time
	By       identity.PersonID
	At       time.Time
	Version  int64
	EventID  audit.EventID
}

// ReleaseState is how far a release has come.
type ReleaseState string

// The states of a release; each is durable before the next begins.
const (
	Prepared  ReleaseState = "prepared"  // the approver acts next: records are frozen, the digest is known
	ApprovedR ReleaseState = "approved"  // lerd acts next
	Intended  ReleaseState = "intended"  // the intent to sign is on record
	Sealed    ReleaseState = "sealed"    // the contents are committed to; signing may happen
	Exported  ReleaseState = "exported"  // the officer acts next: the bundle is ready
	RecalledR ReleaseState = "recalled"  // called back: nobody may fetch or use it any more
	Cancelled ReleaseState = "cancelled" // nothing left
)

// Release is the approved set of records of one case.
type Release struct {
	ID              ReleaseID
	Ref             string // e.g. "EXP-2026-7KQM-4D2X"
	Request         ID
	Agency          identity.AgencyID
	Officer         identity.PersonID
	Reviewer        identity.PersonID
	Approver        identity.PersonID
	ApprovedAt      time.Time
	ApprovedDigest  string
	State           ReleaseState
	Digest          string // hexadecimal SHA-256 over the frozen records
	Phones          int
	Addresses       int
	RetrievedAt     time.Time
	Attempt         int
	ContentsSHA256  string
	SealingEvent    audit.EventID
	ContainerSHA256 string
	EncryptedSHA256 string
	Downloads       int
	ExportedAt      time.Time
	Supersedes      ReleaseID // the one that it corrects, which was called back; empty: none
	Version         int64
	EventID         audit.EventID
	Items           []Item
	Profile         identity.DeliveryProfile // in which its file is encrypted; empty: GCM
	Copy            *Copy                    // of which file, digests and state are; nil: the release's own
}

// FileName is that of the encrypted bundle, as it is downloaded.
func (r Release) FileName() string {
	if r.Profile == identity.DeliverAge {
		return r.Ref + ".zip.age"
	}
	return r.Ref + ".zip.p7m"
}

// Item is one part of a release: one category of one target, with everything
// that opens its gate.
type Item struct {
	ID         ItemID
	Release    ReleaseID
	Request    ID
	Agency     identity.AgencyID
	Target     TargetID
	Category   Category
	Decision   DecisionID
	Outcome    Outcome
	Finding    FindingID
	AccountID  int64
	Rule       string
	RuleVer    int
	Offence    string
	Confirmers [2]identity.PersonID // in ascending order
	From, To   time.Time
	Empty      bool // there was nothing to give; known of what was exported, to lerd and to its agency
	EventID    audit.EventID
}

// Ref names a target inside its case, e.g. "t1".
func (t Target) Ref() string { return "t" + strconv.Itoa(t.Ordinal) }

// JoinCodes and SplitCodes keep lists of codes in one column.
func JoinCodes(codes []string) string { return strings.Join(codes, " ") }

// SplitCodes undoes JoinCodes.
func SplitCodes(s string) []string { return strings.Fields(s) }

// Filter narrows a list of cases.
type Filter struct {
	States   []State
	Agency   identity.AgencyID
	Reviewer identity.PersonID // who holds the case
	Ref      string            // of the case, or of a notice to a user about it
	Limit    int               // 0: 50; at most 200
	Skip     int
	Newest   bool // the newest first, instead of what is due first
	// ByDeadline orders by the deadline alone; else emergencies come first.
	ByDeadline bool
}

// Max gives how many rows a list has at most.
func (f Filter) Max() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, 200)
}

// Summary is a case in a list.
type Summary struct {
	ID          ID
	Ref         string
	State       State
	Process     string
	Emergency   bool
	ReceivedAt  time.Time
	EffectBy    time.Time
	Agency      identity.AgencyID
	AgencyName  string
	Country     string
	Reviewer    identity.PersonID
	OrderNumber string
	Targets     int
	Examined    bool // its demand was found valid once
}
