package export

import (
	"encoding/hex"
	"time"
)

// Schema names of the files that programs read.
const (
	SchemaExport  = "lerd.export/1"
	SchemaRecords = "lerd.records/1"
	SchemaCustody = "lerd.custody/1"
)

// Header is what data/export.json states, apart from what is counted while the
// files are written. Texts are the platform's own; none comes from its users.
type Header struct {
	ExportID       string          `json:"export_id"` // EXP-2026-000123
	Supersedes     string          `json:"supersedes"`
	GeneratedAt    time.Time       `json:"generated_at"`
	Controller     Controller      `json:"controller"`
	Agency         Agency          `json:"agency"`
	Request        Request         `json:"request"`
	Copy           Copy            `json:"copy"`
	Subjects       []Subject       `json:"-"` // stand on letter and certificate alone
	Outcomes       []Outcome       `json:"outcomes"`
	ScopeApplied   Scope           `json:"scope_applied"` // set by Prepare: what the outcomes come to together
	RuleViolations []RuleViolation `json:"rule_violations"`
	Minimisation   Minimisation    `json:"minimisation"`
	Redactions     []Redaction     `json:"redactions"`
	Approvals      []Approval      `json:"approvals"`
	Custody        []Custody       `json:"custody"`
	SourceSystems  []SourceSystem  `json:"source_systems"`
	Result         string          `json:"result"` // set by Prepare: data, partial, no_data or refused
	Limitations    []string        `json:"limitations"`
	Audit          AuditRef        `json:"audit"`
}

// Controller is who answers for the data.
type Controller struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Contact string `json:"contact"`
}

// Agency is who asked.
type Agency struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Country     string `json:"country"` // ISO 3166-1 alpha-2
	CaseRef     string `json:"case_ref"`
	OfficerRole string `json:"officer_role"`
}

// Request is the demand that is answered.
type Request struct {
	Ref              string    `json:"ref"`
	ReceivedAt       time.Time `json:"received_at"`
	Instrument       string    `json:"instrument"`
	LegalBasis       string    `json:"legal_basis"`
	IssuingAuthority string    `json:"issuing_authority"`
	OrderSHA256      string    `json:"order_sha256"`
	ScopeRequested   string    `json:"scope_requested"`
}

// Copy says for whom this copy of the export is sealed. Another copy of the same
// export has another mark, and by it other record ids and another seal.
type Copy struct {
	Mark          string `json:"mark"`    // set by Prepare, from Audit.EventID: bundle.Mark
	Ordinal       int    `json:"ordinal"` // from 1
	RecipientRole string `json:"recipient_role"`
	Recipient     string `json:"recipient"` // pseudonymous mark, as in the chain of custody
	RecipientName string `json:"-"`         // stands on the letter alone
}

// Subject says about whom the authority asked, in its own words. What leaves of an
// account is elsewhere; here is nothing that the authority did not send.
type Subject struct {
	Ref        string    // as in SubjectRef of outcomes and records
	Kind       string    // what the identifier is, in words
	Identifier string    // as the account was looked for
	HolderAt   time.Time // when the identifier was that of the person who is asked about; zero: at no time of its own
}

// Categories of data; there are no others.
const (
	CategoryPhone = "phone_number"
	CategoryIP    = "ip_address"
)

// Scope is what was approved, all outcomes together. A record is held against
// its own outcome, which may be narrower.
type Scope struct {
	Categories []string `json:"categories"`
	Period     Period   `json:"period"`
	Subjects   []string `json:"subjects"` // subject_ref of the targets
}

// Period is from (inclusive) to (exclusive).
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// RuleViolation is the confirmed finding that a disclosure rests on.
type RuleViolation struct {
	SubjectRef       string    `json:"subject_ref"`
	RuleID           string    `json:"rule_id"`
	DecisionID       string    `json:"decision_id"`
	DecidedAt        time.Time `json:"decided_at"`
	ConfirmedByRoles [2]string `json:"confirmed_by_roles"`
}

// Minimisation says how the answer was kept to what is needed.
type Minimisation struct {
	StatementID        string   `json:"statement_id"`
	Text               string   `json:"text"`
	ExcludedCategories []string `json:"excluded_categories"`
	RecordsExamined    int64    `json:"records_examined"`
	RecordsDisclosed   int64    `json:"records_disclosed"` // set by Prepare
}

// Redaction says what was taken out and why.
type Redaction struct {
	Field      string `json:"field"`
	Count      int64  `json:"count"`
	ReasonCode string `json:"reason_code"`
	LegalBasis string `json:"legal_basis"`
}

// Approval is one person's decision, by role and key, not by name.
type Approval struct {
	Role     string    `json:"role"`
	Decision string    `json:"decision"`
	At       time.Time `json:"at"`
	KeyID    string    `json:"key_id"`
}

// SourceSystem is where records come from and how right its clock is.
type SourceSystem struct {
	Name            string `json:"name"`
	Version         string `json:"version"`
	ClockSource     string `json:"clock_source"`
	MaxClockErrorMS int64  `json:"max_clock_error_ms"`
	PrecisionUS     int64  `json:"precision_us"` // of recorded event times, in microseconds
}

// Custody is one step of the chain of custody: who had which data in hand,
// when, and why. People are named by role and pseudonym.
// SPEC: ISO/IEC 27037 §6.1 (chain of custody record).
type Custody struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"` // one of CustodyActions
	Role   string    `json:"role"`
	By     string    `json:"by"`     // pseudonymous mark of the person, or the program
	Object string    `json:"object"` // what was in hand
	SHA256 string    `json:"sha256"` // of the object, hexadecimal; empty where it has none
	Event  string    `json:"event_id"`
	Why    string    `json:"why"`
}

// CustodyActions are the steps that a chain of custody is made of.
var CustodyActions = []string{"received", "decided", "confirmed", "retrieved", "approved", "sealed", "granted"}

// AuditRef names the event that commits to the contents. Its index in the log
// is not known before it is logged and stands in the proof.
type AuditRef struct {
	LogOrigin string `json:"log_origin"`
	EventID   string `json:"event_id"`
}

// File is a file of the bundle as export.json lists it.
type File struct {
	Path      string `json:"path"`
	MediaType string `json:"media_type"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	Rows      *int64 `json:"rows"` // null where there are none to count
}

// exportJSON is data/export.json.
type exportJSON struct {
	Schema        string `json:"schema"`
	BundleVersion int    `json:"bundle_version"`
	Header
	Absences    []Absence    `json:"absences"`
	Derivations []Derivation `json:"derivations"`
	Files       []File       `json:"files"`
	Signer      SignerID     `json:"signer"`
	Tool        Tool         `json:"tool"`
}

// Tool is the program that made the bundle.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Derivation says by which query records were found.
type Derivation struct {
	QueryID      string `json:"query_id"`
	QuerySHA256  string `json:"query_sha256"`
	OperatorRole string `json:"operator_role"`
	System       string `json:"system"`
}

func hexOf(sum [32]byte) string { return hex.EncodeToString(sum[:]) }
