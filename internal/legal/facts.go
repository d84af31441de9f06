package legal

import "time"

// Facts is what is known of one request, in the terms that conditions use. The
// names in conditions are those of the expr tags. Times are UTC instants; a
// zero time, an empty string and Unknown mean "not stated".
type Facts struct {
	ReceivedAt  time.Time         `expr:"received_at" yaml:"received_at"`
	Agency      AgencyFacts       `expr:"agency" yaml:"agency"`
	Issuer      Authority         `expr:"issuer" yaml:"issuer"`
	Validator   Authority         `expr:"validator" yaml:"validator"`
	Order       Order             `expr:"order" yaml:"order"`
	Offence     Offence           `expr:"offence" yaml:"offence"`
	Need        Need              `expr:"need" yaml:"need"`
	Emergency   Emergency         `expr:"emergency" yaml:"emergency"`
	Secrecy     Secrecy           `expr:"secrecy" yaml:"secrecy"`
	Duplicate   Duplicate         `expr:"duplicate" yaml:"duplicate"`
	Reviewer    ReviewerFacts     `expr:"reviewer" yaml:"reviewer"`
	Targets     []Target          `expr:"targets" yaml:"targets"`
	Extra       map[string]string `expr:"-" yaml:"extra"` // further fields by their id in fields.yaml
	Attachments int               `expr:"attachments" yaml:"attachments"`
}

// AgencyFacts is the standing of the agency and of the officer's sign-in.
type AgencyFacts struct {
	Verified    Tri    `expr:"verified" yaml:"verified" enum:"tri"`         // domain, register entry and call-back are on file and current
	Suspended   bool   `expr:"suspended" yaml:"suspended"`                  // contained after an incident
	StrongLogin Tri    `expr:"strong_login" yaml:"strong_login" enum:"tri"` // the officer signed in by a phishing-resistant means
	Country     string `expr:"country" yaml:"country"`                      // ISO 3166-1 alpha-2
}

// Authority is a judge, prosecutor or other body; Kind is one of the kinds in
// issuers.yaml.
type Authority struct {
	Kind    string `expr:"kind" yaml:"kind" enum:"issuer"`
	Country string `expr:"country" yaml:"country"` // ISO 3166-1 alpha-2
}

// SignatureResult is what the check of an electronic signature or seal gave.
type SignatureResult = string

// The results of a signature's check.
const (
	SignatureNone         SignatureResult = ""             // the document has none
	SignatureVerified     SignatureResult = "verified"     // valid, under a trusted anchor
	SignatureUnverifiable SignatureResult = "unverifiable" // present, but its anchor is not known
	SignatureFailed       SignatureResult = "failed"       // present and wrong
)

// Order is the document that demands.
type Order struct {
	Number         string          `expr:"number" yaml:"number"`
	CaseNumber     string          `expr:"case_number" yaml:"case_number"`
	IssuedAt       time.Time       `expr:"issued_at" yaml:"issued_at"`
	ServedAt       time.Time       `expr:"served_at" yaml:"served_at"`
	ValidUntil     time.Time       `expr:"valid_until" yaml:"valid_until"`
	ReturnAt       time.Time       `expr:"return_at" yaml:"return_at"` // the date for the answer that the order itself names
	Signed         Tri             `expr:"signed" yaml:"signed" enum:"tri"`
	Signature      SignatureResult `expr:"signature" yaml:"signature" enum:"signature"`
	KnownForgery   bool            `expr:"known_forgery" yaml:"known_forgery"` // twin of a forged template on file
	Language       string          `expr:"language" yaml:"language"`           // ISO 639-1
	AddresseeRight Tri             `expr:"addressee_right" yaml:"addressee_right" enum:"tri"`
	LegalBasis     string          `expr:"legal_basis" yaml:"legal_basis"` // the provision cited, e.g. "§ 100j StPO"
	Contradictions []string        `expr:"contradictions" yaml:"contradictions"`
}

// Offence is the offence that the order names.
type Offence struct {
	Provision           string  `expr:"provision" yaml:"provision"` // as cited, e.g. "§ 263 StGB"
	Class               string  `expr:"class" yaml:"class"`         // UNODC ICCS code, 2 to 6 digits
	MaxPenaltyYears     float64 `expr:"max_penalty_years" yaml:"max_penalty_years"`
	PenaltyStated       bool    `expr:"penalty_stated" yaml:"penalty_stated"`
	CommittedByNetwork  Tri     `expr:"committed_by_network" yaml:"committed_by_network" enum:"tri"`
	SolePurposeIdentify Tri     `expr:"sole_purpose_identify" yaml:"sole_purpose_identify" enum:"tri"`
	Listed              Tri     `expr:"listed" yaml:"listed" enum:"tri"` // in the process's list of offences (e.g. Dir. 2013/40)
	VictimRequest       Tri     `expr:"victim_request" yaml:"victim_request" enum:"tri"`
	MissingPerson       Tri     `expr:"missing_person" yaml:"missing_person" enum:"tri"`
	SentenceMonths      int     `expr:"sentence_months" yaml:"sentence_months"` // for the execution of a sentence; 0 otherwise
}

// Need is why the data are wanted, as the order says it.
type Need struct {
	Stated          Tri `expr:"stated" yaml:"stated" enum:"tri"`                   // the order says why these data are needed
	FactsShown      Tri `expr:"facts_shown" yaml:"facts_shown" enum:"tri"`         // specific facts tie each target to the offence
	Proportionality Tri `expr:"proportionality" yaml:"proportionality" enum:"tri"` // necessity and proportionality are stated or certified
	Individualised  Tri `expr:"individualised" yaml:"individualised" enum:"tri"`   // not a collective or generic demand
}

// Emergency is the emergency claim and what was done to establish it.
type Emergency struct {
	Claimed          bool   `expr:"claimed" yaml:"claimed"`
	Danger           string `expr:"danger" yaml:"danger" enum:"danger"`                      // life, serious_injury, child_abuse or critical_infrastructure
	Imminent         Tri    `expr:"imminent" yaml:"imminent" enum:"tri"`                     // said why the danger is imminent
	WhyNotOrdinary   Tri    `expr:"why_not_ordinary" yaml:"why_not_ordinary" enum:"tri"`     // said why the ordinary process is too slow
	DataAverts       Tri    `expr:"data_averts" yaml:"data_averts" enum:"tri"`               // said how these data avert it
	CalledBack       Tri    `expr:"called_back" yaml:"called_back" enum:"tri"`               // somebody of the authority confirmed it
	SecondChannel    Tri    `expr:"second_channel" yaml:"second_channel" enum:"tri"`         // over a channel of lerd's own directory, not of the request
	SecondPerson     Tri    `expr:"second_person" yaml:"second_person" enum:"tri"`           // with somebody other than the requesting officer
	ValidationDueSet Tri    `expr:"validation_due_set" yaml:"validation_due_set" enum:"tri"` // the date for ex-post validation is set
}

// Secrecy is what the order says on telling the user.
type Secrecy struct {
	Ordered Tri       `expr:"ordered" yaml:"ordered" enum:"tri"`
	Until   time.Time `expr:"until" yaml:"until"`
	Grounds []string  `expr:"grounds" yaml:"grounds"`
}

// Duplicate is the link to an earlier request, found by the system.
type Duplicate struct {
	Kind string `expr:"kind" yaml:"kind" enum:"duplicate"` // "", "identical" or "follow_up"
	Of   string `expr:"of" yaml:"of"`                      // the earlier request's id
}

// ReviewerFacts is the reviewer's own position in the case.
type ReviewerFacts struct {
	Conflict Tri `expr:"conflict" yaml:"conflict" enum:"tri"` // same person as a confirmer or approver of the case, or has declared a conflict
}

// IdentifierKind is how a target is named.
type IdentifierKind = string

// The kinds of identifier. NameOnly identifies nobody.
const (
	ByPhone    IdentifierKind = "phone"
	ByUsername IdentifierKind = "username"
	ByUserID   IdentifierKind = "user_id"
	ByIP       IdentifierKind = "ip_address"
	NameOnly   IdentifierKind = "name"
)

// Role is what the order says the person is in the case.
type PersonRole = string

// The roles of a target.
const (
	RoleUnknown PersonRole = ""
	Suspect     PersonRole = "suspect"
	Victim      PersonRole = "victim"
	Witness     PersonRole = "witness"
	Third       PersonRole = "third_party"
)

// Purpose is what the data are wanted for.
type Purpose = string

// The purposes.
const (
	PurposeUnknown  Purpose = ""
	PurposeIdentify Purpose = "identify_user" // for the sole purpose of identifying the user
	PurposeTraffic  Purpose = "traffic"       // any other use of the same data
)

// Target is one account that the order is about, named by its reference.
type Target struct {
	Ref        string         `expr:"ref" yaml:"ref"` // unique in the request, e.g. "t1"
	Identifier IdentifierKind `expr:"identifier" yaml:"identifier" enum:"identifier"`
	ObservedAt time.Time      `expr:"observed_at" yaml:"observed_at"`          // when the username or address was seen
	Resolved   Tri            `expr:"resolved" yaml:"resolved" enum:"tri"`     // exactly one account answers to it at that time
	Reassigned Tri            `expr:"reassigned" yaml:"reassigned" enum:"tri"` // the identifier changed hands around that time
	Role       PersonRole     `expr:"role" yaml:"role" enum:"role"`
	Start      time.Time      `expr:"start" yaml:"start"`
	End        time.Time      `expr:"end" yaml:"end"`
	ZoneStated Tri            `expr:"zone_stated" yaml:"zone_stated" enum:"tri"` // the period's time zone was explicit
	Purpose    Purpose        `expr:"purpose" yaml:"purpose" enum:"purpose"`
	Categories []Category     `expr:"-" yaml:"categories"`
	GroupScope bool           `expr:"group_scope" yaml:"group_scope"` // "all members of", "everyone who"
	Flags      []string       `expr:"flags" yaml:"flags"`             // sensitive flags: see rules.yaml
	HeldPhone  Tri            `expr:"held_phone" yaml:"held_phone" enum:"tri"`
	HeldIP     Tri            `expr:"held_ip" yaml:"held_ip" enum:"tri"`
	Finding    FindingFacts   `expr:"finding" yaml:"finding"`
}

// FindingFacts is what trust and safety found about the target's account.
type FindingFacts struct {
	State       string    `expr:"state" yaml:"state" enum:"finding"` // "", "pending", "confirmed", "not_violated", "overturned" or "expired"
	Rule        string    `expr:"rule" yaml:"rule"`                  // the platform rule's id
	ConfirmedBy int       `expr:"confirmed_by" yaml:"confirmed_by"`  // number of different people
	ExpiresAt   time.Time `expr:"expires_at" yaml:"expires_at"`
}
