package store

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// Row structs of migrations/0007_fraud.sql.

type riskStatementRow struct {
	ID      string    `gorm:"column:id;primaryKey"`
	Request string    `gorm:"column:request_id"`
	Agency  string    `gorm:"column:agency_id"`
	Version int64     `gorm:"column:version"`
	Level   string    `gorm:"column:level"`
	Score   int       `gorm:"column:score"`
	Demands string    `gorm:"column:demands"`
	Factors string    `gorm:"column:factors"`
	Policy  string    `gorm:"column:policy_sha256"`
	At      time.Time `gorm:"column:at"`
	EventID string    `gorm:"column:event_id"`
}

type riskClearanceRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	Statement string    `gorm:"column:statement_id"`
	Request   string    `gorm:"column:request_id"`
	Agency    string    `gorm:"column:agency_id"`
	By        string    `gorm:"column:cleared_by"`
	Note      string    `gorm:"column:note"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

type riskOverrideRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	Statement   string     `gorm:"column:statement_id"`
	Request     string     `gorm:"column:request_id"`
	Agency      string     `gorm:"column:agency_id"`
	Demand      string     `gorm:"column:demand"`
	Reason      string     `gorm:"column:reason"`
	State       string     `gorm:"column:state"`
	ProposedBy  string     `gorm:"column:proposed_by"`
	ProposedAt  time.Time  `gorm:"column:proposed_at"`
	DecidedBy   *string    `gorm:"column:decided_by"`
	DecidedAt   *time.Time `gorm:"column:decided_at"`
	DecidedNote string     `gorm:"column:decided_note"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

type documentPrintRow struct {
	ID      string    `gorm:"column:id;primaryKey"`
	Agency  string    `gorm:"column:agency_id"`
	Mark    string    `gorm:"column:mark"`
	Bands   string    `gorm:"column:bands"`
	Picture string    `gorm:"column:picture"`
	Domains string    `gorm:"column:domains"`
	Urgent  string    `gorm:"column:urgent"`
	At      time.Time `gorm:"column:at"`
	EventID string    `gorm:"column:event_id"`
}

type sensitiveMarkRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	Kind      string     `gorm:"column:kind"`
	Hash      string     `gorm:"column:hash"`
	Why       string     `gorm:"column:why"`
	AddedBy   string     `gorm:"column:added_by"`
	AddedAt   time.Time  `gorm:"column:added_at"`
	RemovedBy *string    `gorm:"column:removed_by"`
	RemovedAt *time.Time `gorm:"column:removed_at"`
	Version   int64      `gorm:"column:version"`
	EventID   string     `gorm:"column:event_id"`
}

type caseHoldRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	Request    string     `gorm:"column:request_id"`
	Agency     string     `gorm:"column:agency_id"`
	Because    string     `gorm:"column:because"`
	Source     string     `gorm:"column:source_id"`
	PlacedAt   time.Time  `gorm:"column:placed_at"`
	State      string     `gorm:"column:state"`
	LiftBy     *string    `gorm:"column:lift_by"`
	LiftReason string     `gorm:"column:lift_reason"`
	LiftedBy   *string    `gorm:"column:lifted_by"`
	LiftedAt   *time.Time `gorm:"column:lifted_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

type containmentRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	Agency      string     `gorm:"column:agency_id"`
	Officer     *string    `gorm:"column:officer_id"`
	Reason      string     `gorm:"column:reason"`
	Note        string     `gorm:"column:note"`
	State       string     `gorm:"column:state"`
	Was         string     `gorm:"column:was"`
	BegunBy     string     `gorm:"column:begun_by"`
	BegunAt     time.Time  `gorm:"column:begun_at"`
	CompletedAt *time.Time `gorm:"column:completed_at"`
	LiftBy      *string    `gorm:"column:lift_by"`
	LiftReason  string     `gorm:"column:lift_reason"`
	LiftedBy    *string    `gorm:"column:lifted_by"`
	LiftedAt    *time.Time `gorm:"column:lifted_at"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

type containmentLetterRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	Containment string     `gorm:"column:containment_id"`
	Recipient   string     `gorm:"column:recipient"`
	Subject     string     `gorm:"column:subject"`
	Body        string     `gorm:"column:body"`
	State       string     `gorm:"column:state"`
	SentBy      *string    `gorm:"column:sent_by"`
	SentAt      *time.Time `gorm:"column:sent_at"`
	SentHow     string     `gorm:"column:sent_how"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

type fraudCaseRow struct {
	ID       string    `gorm:"column:id;primaryKey"`
	Code     string    `gorm:"column:code"`
	Source   string    `gorm:"column:source"`
	SourceID string    `gorm:"column:source_id"`
	Request  *string   `gorm:"column:request_id"`
	Agency   *string   `gorm:"column:agency_id"`
	Released bool      `gorm:"column:released"`
	At       time.Time `gorm:"column:at"`
	EventID  string    `gorm:"column:event_id"`
}

type issuerEchoRow struct {
	ID           string     `gorm:"column:id;primaryKey"`
	Request      string     `gorm:"column:request_id"`
	Agency       string     `gorm:"column:agency_id"`
	Detail       string     `gorm:"column:detail_id"`
	Contact      string     `gorm:"column:contact"`
	Channel      string     `gorm:"column:channel"`
	Address      string     `gorm:"column:address"`
	Ref          string     `gorm:"column:ref"`
	CodeSHA256   string     `gorm:"column:code_sha256"`
	WantedBy     string     `gorm:"column:wanted_by"`
	WantedAt     time.Time  `gorm:"column:wanted_at"`
	SentBy       *string    `gorm:"column:sent_by"`
	SentAt       *time.Time `gorm:"column:sent_at"`
	ExpiresAt    *time.Time `gorm:"column:expires_at"`
	State        string     `gorm:"column:state"`
	Answer       string     `gorm:"column:answer"`
	AnsweredName string     `gorm:"column:answered_name"`
	AnsweredNote string     `gorm:"column:answered_note"`
	AnsweredAt   *time.Time `gorm:"column:answered_at"`
	Version      int64      `gorm:"column:version"`
	EventID      string     `gorm:"column:event_id"`
}

// TableName names the table.
func (riskStatementRow) TableName() string { return "risk_statement" }

// TableName names the table.
func (riskClearanceRow) TableName() string { return "risk_clearance" }

// TableName names the table.
func (riskOverrideRow) TableName() string { return "risk_override" }

// TableName names the table.
func (documentPrintRow) TableName() string { return "document_print" }

// TableName names the table.
func (sensitiveMarkRow) TableName() string { return "sensitive_mark" }

// TableName names the table.
func (caseHoldRow) TableName() string { return "case_hold" }

// TableName names the table.
func (containmentRow) TableName() string { return "containment" }

// TableName names the table.
func (containmentLetterRow) TableName() string { return "containment_letter" }

// TableName names the table.
func (fraudCaseRow) TableName() string { return "fraud_case" }

// TableName names the table.
func (issuerEchoRow) TableName() string { return "issuer_echo" }

func (r riskStatementRow) rowID() string     { return r.ID }
func (r riskClearanceRow) rowID() string     { return r.ID }
func (r riskOverrideRow) rowID() string      { return r.ID }
func (r documentPrintRow) rowID() string     { return r.ID }
func (r sensitiveMarkRow) rowID() string     { return r.ID }
func (r caseHoldRow) rowID() string          { return r.ID }
func (r containmentRow) rowID() string       { return r.ID }
func (r containmentLetterRow) rowID() string { return r.ID }
func (r fraudCaseRow) rowID() string         { return r.ID }
func (r issuerEchoRow) rowID() string        { return r.ID }

func (r riskStatementRow) rowEvent() string     { return r.EventID }
func (r riskClearanceRow) rowEvent() string     { return r.EventID }
func (r riskOverrideRow) rowEvent() string      { return r.EventID }
func (r documentPrintRow) rowEvent() string     { return r.EventID }
func (r sensitiveMarkRow) rowEvent() string     { return r.EventID }
func (r caseHoldRow) rowEvent() string          { return r.EventID }
func (r containmentRow) rowEvent() string       { return r.EventID }
func (r containmentLetterRow) rowEvent() string { return r.EventID }
func (r fraudCaseRow) rowEvent() string         { return r.EventID }
func (r issuerEchoRow) rowEvent() string        { return r.EventID }

func fromRiskStatement(x fraud.Statement, event audit.EventID) *riskStatementRow {
	return &riskStatementRow{x.ID, string(x.Request), string(x.Agency), x.Version, string(x.Level), x.Score, risk.JoinDemands(x.Demands), fraud.WriteFactors(x.Factors), x.Policy, micro(x.At), string(event)}
}

func (r riskStatementRow) domain() fraud.Statement {
	return fraud.Statement{ID: r.ID, Request: requests.ID(r.Request), Agency: identity.AgencyID(r.Agency), Version: r.Version, Level: risk.Level(r.Level), Score: r.Score, Demands: risk.SplitDemands(r.Demands), Factors: fraud.ReadFactors(r.Factors), Policy: r.Policy, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromRiskClearance(x fraud.Clearance, event audit.EventID) *riskClearanceRow {
	return &riskClearanceRow{x.ID, x.Statement, string(x.Request), string(x.Agency), string(x.By), x.Note.Reveal(), micro(x.At), string(event)}
}

func (r riskClearanceRow) domain() fraud.Clearance {
	return fraud.Clearance{ID: r.ID, Statement: r.Statement, Request: requests.ID(r.Request), Agency: identity.AgencyID(r.Agency), By: identity.PersonID(r.By), Note: personal.NewText(r.Note), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromRiskOverride(x fraud.Override, event audit.EventID) *riskOverrideRow {
	return &riskOverrideRow{x.ID, x.Statement, string(x.Request), string(x.Agency), string(x.Demand), x.Reason.Reveal(), x.State, string(x.ProposedBy), micro(x.ProposedAt), nilText(x.DecidedBy), nilTime(x.DecidedAt), x.DecidedNote.Reveal(), x.Version, string(event)}
}

func (r riskOverrideRow) domain() fraud.Override {
	return fraud.Override{ID: r.ID, Statement: r.Statement, Request: requests.ID(r.Request), Agency: identity.AgencyID(r.Agency), Demand: risk.Demand(r.Demand), Reason: personal.NewText(r.Reason), State: r.State, ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(), DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), DecidedNote: personal.NewText(r.DecidedNote), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromDocumentPrint(x fraud.Print, event audit.EventID) *documentPrintRow {
	return &documentPrintRow{string(x.ID), string(x.Agency), x.Mark, x.Bands, x.Picture, x.Domains, x.Urgent, micro(x.At), string(event)}
}

func (r documentPrintRow) domain() fraud.Print {
	return fraud.Print{ID: requests.DocumentID(r.ID), Agency: identity.AgencyID(r.Agency), Mark: r.Mark, Bands: r.Bands, Picture: r.Picture, Domains: r.Domains, Urgent: r.Urgent, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromSensitiveMark(x fraud.Mark, event audit.EventID) *sensitiveMarkRow {
	return &sensitiveMarkRow{x.ID, x.Kind, x.Hash, x.Why, string(x.AddedBy), micro(x.AddedAt), nilText(x.RemovedBy), nilTime(x.RemovedAt), x.Version, string(event)}
}

func fromCaseHold(x fraud.Hold, event audit.EventID) *caseHoldRow {
	return &caseHoldRow{x.ID, string(x.Request), string(x.Agency), string(x.Because), x.Source, micro(x.PlacedAt), x.State, nilText(x.LiftBy), x.LiftReason.Reveal(), nilText(x.LiftedBy), nilTime(x.LiftedAt), x.Version, string(event)}
}

func (r caseHoldRow) domain() fraud.Hold {
	return fraud.Hold{ID: r.ID, Request: requests.ID(r.Request), Agency: identity.AgencyID(r.Agency), Because: fraud.Because(r.Because), Source: r.Source, PlacedAt: r.PlacedAt.UTC(), State: r.State, LiftBy: text[identity.PersonID](r.LiftBy), LiftReason: personal.NewText(r.LiftReason), LiftedBy: text[identity.PersonID](r.LiftedBy), LiftedAt: timeOf(r.LiftedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromContainment(x fraud.Containment, event audit.EventID) *containmentRow {
	return &containmentRow{x.ID, string(x.Agency), nilText(x.Officer), x.Reason, x.Note.Reveal(), x.State, x.Was, string(x.BegunBy), micro(x.BegunAt), nilTime(x.CompletedAt), nilText(x.LiftBy), x.LiftReason.Reveal(), nilText(x.LiftedBy), nilTime(x.LiftedAt), x.Version, string(event)}
}

func (r containmentRow) domain() fraud.Containment {
	return fraud.Containment{ID: r.ID, Agency: identity.AgencyID(r.Agency), Officer: text[identity.PersonID](r.Officer), Reason: r.Reason, Note: personal.NewText(r.Note), State: r.State, Was: r.Was, BegunBy: identity.PersonID(r.BegunBy), BegunAt: r.BegunAt.UTC(), CompletedAt: timeOf(r.CompletedAt), LiftBy: text[identity.PersonID](r.LiftBy), LiftReason: personal.NewText(r.LiftReason), LiftedBy: text[identity.PersonID](r.LiftedBy), LiftedAt: timeOf(r.LiftedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromContainmentLetter(x fraud.Letter, event audit.EventID) *containmentLetterRow {
	return &containmentLetterRow{x.ID, x.Containment, string(x.Recipient), x.Subject.Reveal(), x.Body.Reveal(), x.State, nilText(x.SentBy), nilTime(x.SentAt), x.SentHow, x.Version, string(event)}
}

func (r containmentLetterRow) domain() fraud.Letter {
	return fraud.Letter{ID: r.ID, Containment: r.Containment, Recipient: fraud.Recipient(r.Recipient), Subject: personal.NewText(r.Subject), Body: personal.NewText(r.Body), State: r.State, SentBy: text[identity.PersonID](r.SentBy), SentAt: timeOf(r.SentAt), SentHow: r.SentHow, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromFraudCase(x fraud.Caught, event audit.EventID) *fraudCaseRow {
	return &fraudCaseRow{x.ID, x.Code, x.Source, x.SourceID, nilText(x.Request), nilText(x.Agency), x.Released, micro(x.At), string(event)}
}

func (r fraudCaseRow) domain() fraud.Caught {
	return fraud.Caught{ID: r.ID, Code: r.Code, Source: r.Source, SourceID: r.SourceID, Request: text[requests.ID](r.Request), Agency: text[identity.AgencyID](r.Agency), Released: r.Released, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromIssuerEcho(x fraud.Echo, event audit.EventID) *issuerEchoRow {
	return &issuerEchoRow{x.ID, string(x.Request), string(x.Agency), x.Detail, x.Contact.Reveal(), x.Channel, x.Address.Reveal(), x.Ref, x.CodeSHA256, string(x.WantedBy), micro(x.WantedAt), nilText(x.SentBy), nilTime(x.SentAt), nilTime(x.ExpiresAt), x.State, x.Answer, x.AnsweredName.Reveal(), x.AnsweredNote.Reveal(), nilTime(x.AnsweredAt), x.Version, string(event)}
}

func (r issuerEchoRow) domain() fraud.Echo {
	return fraud.Echo{ID: r.ID, Request: requests.ID(r.Request), Agency: identity.AgencyID(r.Agency), Detail: r.Detail, Contact: personal.NewText(r.Contact), Channel: r.Channel, Address: personal.NewText(r.Address), Ref: r.Ref, CodeSHA256: r.CodeSHA256, WantedBy: identity.PersonID(r.WantedBy), WantedAt: r.WantedAt.UTC(), SentBy: text[identity.PersonID](r.SentBy), SentAt: timeOf(r.SentAt), ExpiresAt: timeOf(r.ExpiresAt), State: r.State, Answer: r.Answer, AnsweredName: personal.NewText(r.AnsweredName), AnsweredNote: personal.NewText(r.AnsweredNote), AnsweredAt: timeOf(r.AnsweredAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// fraudRow gives the row of a value of package fraud, nil of any other.
func fraudRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *fraud.Statement:
		return fromRiskStatement(*x, event)
	case *fraud.Clearance:
		return fromRiskClearance(*x, event)
	case *fraud.Override:
		return fromRiskOverride(*x, event)
	case *fraud.Print:
		return fromDocumentPrint(*x, event)
	case *fraud.Mark:
		return fromSensitiveMark(*x, event)
	case *fraud.Hold:
		return fromCaseHold(*x, event)
	case *fraud.Containment:
		return fromContainment(*x, event)
	case *fraud.Letter:
		return fromContainmentLetter(*x, event)
	case *fraud.Caught:
		return fromFraudCase(*x, event)
	case *fraud.Echo:
		return fromIssuerEcho(*x, event)
	}
	return nil
}
