package store

import (
	"fmt"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// Row structs mirror the tables of migrations/0002_cases.sql. They stay in this
// package: no gorm tag decides the law.

// tableRow is a row of a business table.
type tableRow interface {
	TableName() string
	rowID() string
	rowEvent() string
}

type agencyRow struct {
	ID       string `gorm:"column:id;primaryKey"`
	Name     string `gorm:"column:name"`
	Country  string `gorm:"column:country"`
	Zone     string `gorm:"column:zone"`
	Domain   string `gorm:"column:domain"`
	CallBack string `gorm:"column:call_back"`
	CertPEM  string `gorm:"column:cert_pem"`
	Standing string `gorm:"column:standing"`
	Version  int64  `gorm:"column:version"`
	EventID  string `gorm:"column:event_id"`
}

type personRow struct {
	ID        string  `gorm:"column:id;primaryKey"`
	Name      string  `gorm:"column:name"`
	SignIn    string  `gorm:"column:sign_in"`
	Pseudonym string  `gorm:"column:pseudonym"`
	Role      string  `gorm:"column:role"`
	AgencyID  *string `gorm:"column:agency_id"`
	Active    bool    `gorm:"column:active"`
	Version   int64   `gorm:"column:version"`
	EventID   string  `gorm:"column:event_id"`

	UnitID     *string    `gorm:"column:unit_id"`
	Supervisor bool       `gorm:"column:supervisor"`
	ReverifyBy *time.Time `gorm:"column:reverify_by"`

	DownloadFrom *time.Time `gorm:"column:download_from"`
}

type ruleOffenceRow struct {
	RuleID       string `gorm:"column:rule_id;primaryKey"`
	RuleVersion  int    `gorm:"column:rule_version;primaryKey"`
	OffenceClass string `gorm:"column:offence_class;primaryKey"`
	EventID      string `gorm:"column:event_id"`
}

type documentRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	AgencyID   string    `gorm:"column:agency_id"`
	UploadedBy string    `gorm:"column:uploaded_by"`
	FileName   string    `gorm:"column:file_name"`
	SHA256     string    `gorm:"column:sha256"`
	Bytes      int64     `gorm:"column:bytes"`
	Pages      int       `gorm:"column:pages"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

type requestRow struct {
	ID                string     `gorm:"column:id;primaryKey"`
	Ref               string     `gorm:"column:ref"`
	AgencyID          string     `gorm:"column:agency_id"`
	OfficerID         string     `gorm:"column:officer_id"`
	ProcessID         string     `gorm:"column:process_id"`
	ProcessVersion    int        `gorm:"column:process_version"`
	ProcessDigest     string     `gorm:"column:process_digest"`
	State             string     `gorm:"column:state"`
	Version           int64      `gorm:"column:version"`
	Emergency         bool       `gorm:"column:emergency"`
	EmergencyReason   string     `gorm:"column:emergency_reason"`
	IssuerKind        string     `gorm:"column:issuer_kind"`
	IssuerName        string     `gorm:"column:issuer_name"`
	ValidatorKind     string     `gorm:"column:validator_kind"`
	OrderNumber       string     `gorm:"column:order_number"`
	IssuedOn          time.Time  `gorm:"column:issued_on"`
	ExpiresOn         *time.Time `gorm:"column:expires_on"`
	ReturnOn          *time.Time `gorm:"column:return_on"`
	OrderSigned       bool       `gorm:"column:order_signed"`
	OrderLanguage     string     `gorm:"column:order_language"`
	LegalBasis        string     `gorm:"column:legal_basis"`
	Addressee         string     `gorm:"column:addressee"`
	DocumentID        string     `gorm:"column:document_id"`
	OffenceClass      string     `gorm:"column:offence_class"`
	OffenceProvision  string     `gorm:"column:offence_provision"`
	OffenceText       string     `gorm:"column:offence_text"`
	MaxPenaltyMonths  int        `gorm:"column:max_penalty_months"`
	ByNetwork         bool       `gorm:"column:by_network"`
	Need              string     `gorm:"column:need"`
	Confidential      bool       `gorm:"column:confidential"`
	ConfidentialUntil *time.Time `gorm:"column:confidential_until"`
	ConfidentialBasis string     `gorm:"column:confidential_basis"`
	ReceivedAt        time.Time  `gorm:"column:received_at"`
	LegalZone         string     `gorm:"column:legal_zone"`
	AcknowledgeBy     *time.Time `gorm:"column:acknowledge_by"`
	EffectBy          *time.Time `gorm:"column:effect_by"`
	NotBefore         *time.Time `gorm:"column:not_before"`
	DueExplained      string     `gorm:"column:due_explained"`
	Attested          string     `gorm:"column:attested"`
	Further           string     `gorm:"column:further"`
	ReviewerID        *string    `gorm:"column:reviewer_id"`
	ClaimedAt         *time.Time `gorm:"column:claimed_at"`
	Verdict           string     `gorm:"column:verdict"`
	Refusals          string     `gorm:"column:refusals"`
	Reasons           string     `gorm:"column:reasons"`
	ClosedAt          *time.Time `gorm:"column:closed_at"`
	EventID           string     `gorm:"column:event_id"`
}

type targetRow struct {
	ID             string     `gorm:"column:id;primaryKey"`
	RequestID      string     `gorm:"column:request_id"`
	AgencyID       string     `gorm:"column:agency_id"`
	Ordinal        int        `gorm:"column:ordinal"`
	Kind           string     `gorm:"column:kind"`
	Identifier     string     `gorm:"column:identifier"`
	AsTyped        string     `gorm:"column:as_typed"`
	HolderAt       *time.Time `gorm:"column:holder_at"`
	PersonRole     string     `gorm:"column:person_role"`
	FromAt         time.Time  `gorm:"column:from_at"`
	ToAt           time.Time  `gorm:"column:to_at"`
	Zone           string     `gorm:"column:zone"`
	WantPhone      bool       `gorm:"column:want_phone"`
	WantIP         bool       `gorm:"column:want_ip"`
	Purpose        string     `gorm:"column:purpose"`
	AccountID      *int64     `gorm:"column:account_id"`
	Resolution     string     `gorm:"column:resolution"`
	AllegedRule    string     `gorm:"column:alleged_rule"`
	AllegedVersion int        `gorm:"column:alleged_version"`
	EventID        string     `gorm:"column:event_id"`
}

type answerRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	RequestID  string    `gorm:"column:request_id"`
	AgencyID   string    `gorm:"column:agency_id"`
	CheckID    string    `gorm:"column:check_id"`
	Result     string    `gorm:"column:result"`
	Automatic  bool      `gorm:"column:automatic"`
	Note       string    `gorm:"column:note"`
	TargetRef  string    `gorm:"column:target_ref"`
	Place      string    `gorm:"column:place"`
	AnsweredBy string    `gorm:"column:answered_by"`
	AnsweredAs string    `gorm:"column:answered_as"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

type messageRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	FromRole  string    `gorm:"column:from_role"`
	FromName  string    `gorm:"column:from_name"`
	Body      string    `gorm:"column:body"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
	Kind      string    `gorm:"column:kind"`
}

type decisionRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	TargetID  string    `gorm:"column:target_id"`
	Category  string    `gorm:"column:category"`
	Outcome   string    `gorm:"column:outcome"`
	Reasons   string    `gorm:"column:reasons"`
	Note      string    `gorm:"column:note"`
	FromAt    time.Time `gorm:"column:from_at"`
	ToAt      time.Time `gorm:"column:to_at"`
	DecidedBy string    `gorm:"column:decided_by"`
	At        time.Time `gorm:"column:at"`
	Version   int64     `gorm:"column:version"`
	EventID   string    `gorm:"column:event_id"`
}

type findingRow struct {
	ID          string    `gorm:"column:id;primaryKey"`
	AccountID   int64     `gorm:"column:account_id"`
	RuleID      string    `gorm:"column:rule_id"`
	RuleVersion int       `gorm:"column:rule_version"`
	State       string    `gorm:"column:state"`
	Evidence    string    `gorm:"column:evidence"`
	Appeal      string    `gorm:"column:appeal"`
	OpenedAt    time.Time `gorm:"column:opened_at"`
	ExpiresAt   time.Time `gorm:"column:expires_at"`
	Version     int64     `gorm:"column:version"`
	EventID     string    `gorm:"column:event_id"`
}

type askRow struct {
	ID        string `gorm:"column:id;primaryKey"`
	FindingID string `gorm:"column:finding_id"`
	RequestID string `gorm:"column:request_id"`
	AgencyID  string `gorm:"column:agency_id"`
	TargetID  string `gorm:"column:target_id"`
	Ordinal   int    `gorm:"column:ordinal"`
	EventID   string `gorm:"column:event_id"`
}

type confirmationRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	FindingID string    `gorm:"column:finding_id"`
	PersonID  string    `gorm:"column:person_id"`
	Verdict   string    `gorm:"column:verdict"`
	Evidence  string    `gorm:"column:evidence"`
	Note      string    `gorm:"column:note"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

type releaseRow struct {
	ID              string     `gorm:"column:id;primaryKey"`
	Ref             string     `gorm:"column:ref"`
	RequestID       string     `gorm:"column:request_id"`
	AgencyID        string     `gorm:"column:agency_id"`
	OfficerID       string     `gorm:"column:officer_id"`
	ReviewerID      string     `gorm:"column:reviewer_id"`
	ApproverID      *string    `gorm:"column:approver_id"`
	ApprovedAt      *time.Time `gorm:"column:approved_at"`
	ApprovedDigest  string     `gorm:"column:approved_digest"`
	State           string     `gorm:"column:state"`
	Digest          string     `gorm:"column:digest"`
	Phones          int        `gorm:"column:phones"`
	Addresses       int        `gorm:"column:addresses"`
	RetrievedAt     time.Time  `gorm:"column:retrieved_at"`
	Attempt         int        `gorm:"column:attempt"`
	ContentsSHA256  string     `gorm:"column:contents_sha256"`
	SealingEvent    *string    `gorm:"column:sealing_event"`
	ContainerSHA256 string     `gorm:"column:container_sha256"`
	EncryptedSHA256 string     `gorm:"column:encrypted_sha256"`
	Downloads       int        `gorm:"column:downloads"`
	ExportedAt      *time.Time `gorm:"column:exported_at"`
	Supersedes      *string    `gorm:"column:supersedes"`
	Version         int64      `gorm:"column:version"`
	EventID         string     `gorm:"column:event_id"`
	Profile         string     `gorm:"column:profile"`
}

type itemRow struct {
	ID              string    `gorm:"column:id;primaryKey"`
	ReleaseID       string    `gorm:"column:release_id"`
	RequestID       string    `gorm:"column:request_id"`
	AgencyID        string    `gorm:"column:agency_id"`
	TargetID        string    `gorm:"column:target_id"`
	Category        string    `gorm:"column:category"`
	DecisionID      string    `gorm:"column:decision_id"`
	DecisionOutcome string    `gorm:"column:decision_outcome"`
	FindingID       string    `gorm:"column:finding_id"`
	AccountID       int64     `gorm:"column:account_id"`
	RuleID          string    `gorm:"column:rule_id"`
	RuleVersion     int       `gorm:"column:rule_version"`
	OffenceClass    string    `gorm:"column:offence_class"`
	Confirmer1      string    `gorm:"column:confirmer1"`
	Confirmer2      string    `gorm:"column:confirmer2"`
	Confirmed       string    `gorm:"column:confirmed"`
	FromAt          time.Time `gorm:"column:from_at"`
	ToAt            time.Time `gorm:"column:to_at"`
	EventID         string    `gorm:"column:event_id"`
}

func (agencyRow) TableName() string       { return "agency" }
func (personRow) TableName() string       { return "person" }
func (ruleOffenceRow) TableName() string  { return "rule_offence" }
func (documentRow) TableName() string     { return "document" }
func (requestRow) TableName() string      { return "request" }
func (targetRow) TableName() string       { return "target" }
func (answerRow) TableName() string       { return "check_answer" }
func (messageRow) TableName() string      { return "message" }
func (decisionRow) TableName() string     { return "decision" }
func (findingRow) TableName() string      { return "finding" }
func (askRow) TableName() string          { return "finding_ask" }
func (confirmationRow) TableName() string { return "confirmation" }
func (releaseRow) TableName() string      { return "release" }
func (itemRow) TableName() string         { return "release_item" }

func (r agencyRow) rowID() string { return r.ID }
func (r personRow) rowID() string { return r.ID }
func (r ruleOffenceRow) rowID() string {
	return fmt.Sprintf("%s@%d/%s", r.RuleID, r.RuleVersion, r.OffenceClass)
}
func (r documentRow) rowID() string     { return r.ID }
func (r requestRow) rowID() string      { return r.ID }
func (r targetRow) rowID() string       { return r.ID }
func (r answerRow) rowID() string       { return r.ID }
func (r messageRow) rowID() string      { return r.ID }
func (r decisionRow) rowID() string     { return r.ID }
func (r findingRow) rowID() string      { return r.ID }
func (r askRow) rowID() string          { return r.ID }
func (r confirmationRow) rowID() string { return r.ID }
func (r releaseRow) rowID() string      { return r.ID }
func (r itemRow) rowID() string         { return r.ID }

func (r agencyRow) rowEvent() string       { return r.EventID }
func (r personRow) rowEvent() string       { return r.EventID }
func (r ruleOffenceRow) rowEvent() string  { return r.EventID }
func (r documentRow) rowEvent() string     { return r.EventID }
func (r requestRow) rowEvent() string      { return r.EventID }
func (r targetRow) rowEvent() string       { return r.EventID }
func (r answerRow) rowEvent() string       { return r.EventID }
func (r messageRow) rowEvent() string      { return r.EventID }
func (r decisionRow) rowEvent() string     { return r.EventID }
func (r findingRow) rowEvent() string      { return r.EventID }
func (r askRow) rowEvent() string          { return r.EventID }
func (r confirmationRow) rowEvent() string { return r.EventID }
func (r releaseRow) rowEvent() string      { return r.EventID }
func (r itemRow) rowEvent() string         { return r.EventID }

func nilText[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	v := string(s)
	return &v
}

func text[T ~string](p *string) T {
	if p == nil {
		return ""
	}
	return T(*p)
}

func nilTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := micro(t)
	return &u
}

func timeOf(p *time.Time) time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.UTC()
}

// micro gives a time as PostgreSQL keeps it.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func fromAgency(a identity.Agency, event audit.EventID) *agencyRow {
	return &agencyRow{string(a.ID), a.Name, a.Country, a.Zone, a.Domain, a.CallBack, string(a.CertPEM), string(a.Standing), a.Version, string(event)}
}

func (r agencyRow) domain() identity.Agency {
	return identity.Agency{ID: identity.AgencyID(r.ID), Name: r.Name, Country: r.Country, Zone: r.Zone, Domain: r.Domain,
		CallBack: r.CallBack, CertPEM: []byte(r.CertPEM), Standing: identity.Standing(r.Standing), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromPerson(p identity.Person, event audit.EventID) *personRow {
	return &personRow{string(p.ID), p.Name.Reveal(), p.SignIn, p.Pseudonym, string(p.Role), nilText(p.Agency), p.Active, p.Version, string(event),
		nilText(p.Unit), p.Supervisor, nilTime(p.ReverifyBy), nilTime(p.DownloadFrom)}
}

func (r personRow) domain() identity.Person {
	return identity.Person{ID: identity.PersonID(r.ID), Name: personal.NewText(r.Name), SignIn: r.SignIn, Pseudonym: r.Pseudonym,
		Role: identity.Role(r.Role), Agency: text[identity.AgencyID](r.AgencyID), Unit: text[identity.UnitID](r.UnitID), Supervisor: r.Supervisor, ReverifyBy: timeOf(r.ReverifyBy), DownloadFrom: timeOf(r.DownloadFrom), Active: r.Active, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromFinding(f violations.Finding, event audit.EventID) *findingRow {
	return &findingRow{f.ID, f.AccountID, f.Rule, f.RuleVersion, string(f.State), f.Evidence.Reveal(), f.Appeal, micro(f.OpenedAt), micro(f.ExpiresAt), f.Version, string(event)}
}

func (r findingRow) domain() violations.Finding {
	return violations.Finding{ID: r.ID, AccountID: r.AccountID, Rule: r.RuleID, RuleVersion: r.RuleVersion, State: violations.State(r.State),
		Evidence: personal.NewText(r.Evidence), Appeal: r.Appeal, OpenedAt: r.OpenedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromConfirmation(c violations.Confirmation, event audit.EventID) *confirmationRow {
	return &confirmationRow{c.ID, c.Finding, string(c.Person), string(c.Verdict), c.Evidence.Reveal(), c.Note.Reveal(), micro(c.At), string(event)}
}

func (r confirmationRow) domain() violations.Confirmation {
	return violations.Confirmation{ID: r.ID, Finding: r.FindingID, Person: identity.PersonID(r.PersonID), Verdict: violations.Verdict(r.Verdict),
		Evidence: personal.NewText(r.Evidence), Note: personal.NewText(r.Note), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromDocument(d requests.Document, event audit.EventID) *documentRow {
	return &documentRow{string(d.ID), string(d.Agency), string(d.By), d.FileName.Reveal(), d.SHA256, d.Bytes, d.Pages, micro(d.At), string(event)}
}

func (r documentRow) domain() requests.Document {
	return requests.Document{ID: requests.DocumentID(r.ID), Agency: identity.AgencyID(r.AgencyID), By: identity.PersonID(r.UploadedBy),
		FileName: personal.NewText(r.FileName), SHA256: r.SHA256, Bytes: r.Bytes, Pages: r.Pages, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}
