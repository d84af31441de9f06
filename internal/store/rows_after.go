package store

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// Row structs of migrations/0006_after.sql.

type examinationRow struct {
	RequestID  string    `gorm:"column:request_id;primaryKey"`
	AgencyID   string    `gorm:"column:agency_id"`
	Since      time.Time `gorm:"column:since"`
	QuietUntil time.Time `gorm:"column:quiet_until"`
	EventID    string    `gorm:"column:event_id"`
}

type grantRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	ReleaseID  string    `gorm:"column:release_id"`
	RequestID  string    `gorm:"column:request_id"`
	AgencyID   string    `gorm:"column:agency_id"`
	OfficerID  string    `gorm:"column:officer_id"`
	Ordinal    int       `gorm:"column:ordinal"`
	Reason     string    `gorm:"column:reason"`
	IssuedBy   *string   `gorm:"column:issued_by"`
	FromAt     time.Time `gorm:"column:from_at"`
	UntilAt    time.Time `gorm:"column:until_at"`
	Deliveries int       `gorm:"column:deliveries"`
	Begun      int       `gorm:"column:begun"`
	Delivered  int       `gorm:"column:delivered"`
	Ended      string    `gorm:"column:ended"`
	Version    int64     `gorm:"column:version"`
	EventID    string    `gorm:"column:event_id"`
}

type receiptRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	GrantID   string     `gorm:"column:grant_id"`
	ReleaseID string     `gorm:"column:release_id"`
	RequestID string     `gorm:"column:request_id"`
	AgencyID  string     `gorm:"column:agency_id"`
	OfficerID string     `gorm:"column:officer_id"`
	Ordinal   int        `gorm:"column:ordinal"`
	State     string     `gorm:"column:state"`
	BegunAt   time.Time  `gorm:"column:begun_at"`
	EndedAt   *time.Time `gorm:"column:ended_at"`
	Total     int64      `gorm:"column:total"`
	Bytes     int64      `gorm:"column:bytes"`
	SHA256    string     `gorm:"column:sha256"`
	Version   int64      `gorm:"column:version"`
	EventID   string     `gorm:"column:event_id"`
}

type recallRow struct {
	ID             string     `gorm:"column:id;primaryKey"`
	ReleaseID      string     `gorm:"column:release_id"`
	RequestID      string     `gorm:"column:request_id"`
	AgencyID       string     `gorm:"column:agency_id"`
	Reason         string     `gorm:"column:reason"`
	Note           string     `gorm:"column:note"`
	FindingID      *string    `gorm:"column:finding_id"`
	State          string     `gorm:"column:state"`
	ProposedBy     *string    `gorm:"column:proposed_by"`
	ProposedAt     time.Time  `gorm:"column:proposed_at"`
	DecidedBy      *string    `gorm:"column:decided_by"`
	DecidedAt      *time.Time `gorm:"column:decided_at"`
	DecidedNote    string     `gorm:"column:decided_note"`
	AcknowledgedBy *string    `gorm:"column:acknowledged_by"`
	AcknowledgedAt *time.Time `gorm:"column:acknowledged_at"`
	DeletedBy      *string    `gorm:"column:deleted_by"`
	DeletedAt      *time.Time `gorm:"column:deleted_at"`
	Holders        string     `gorm:"column:holders"`
	Reminders      int        `gorm:"column:reminders"`
	Version        int64      `gorm:"column:version"`
	EventID        string     `gorm:"column:event_id"`
}

type appealRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	FindingID string    `gorm:"column:finding_id"`
	PersonID  string    `gorm:"column:person_id"`
	Verdict   string    `gorm:"column:verdict"`
	Note      string    `gorm:"column:note"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

func (examinationRow) TableName() string { return "examination" }
func (grantRow) TableName() string       { return "release_grant" }
func (receiptRow) TableName() string     { return "release_receipt" }
func (recallRow) TableName() string      { return "recall" }
func (appealRow) TableName() string      { return "appeal_verdict" }

func (r examinationRow) rowID() string { return r.RequestID }
func (r grantRow) rowID() string       { return r.ID }
func (r receiptRow) rowID() string     { return r.ID }
func (r recallRow) rowID() string      { return r.ID }
func (r appealRow) rowID() string      { return r.ID }

func (r examinationRow) rowEvent() string { return r.EventID }
func (r grantRow) rowEvent() string       { return r.EventID }
func (r receiptRow) rowEvent() string     { return r.EventID }
func (r recallRow) rowEvent() string      { return r.EventID }
func (r appealRow) rowEvent() string      { return r.EventID }

func (grantRow) progress() []string {
	return []string{"begun", "delivered", "ended", "version", "event_id"}
}
func (receiptRow) progress() []string {
	return []string{"state", "ended_at", "bytes", "sha256", "version", "event_id"}
}
func (recallRow) progress() []string {
	return []string{"state", "decided_by", "decided_at", "decided_note", "acknowledged_by", "acknowledged_at", "deleted_by", "deleted_at", "holders", "reminders", "version", "event_id"}
}

func fromExamination(x requests.Examination, event audit.EventID) *examinationRow {
	return &examinationRow{string(x.Request), string(x.Agency), micro(x.Since), micro(x.Quiet), string(event)}
}

func fromGrant(g requests.Grant, event audit.EventID) *grantRow {
	return &grantRow{g.ID, string(g.Release), string(g.Request), string(g.Agency), string(g.Officer), g.Ordinal, g.Reason, nilText(g.IssuedBy),
		micro(g.From), micro(g.Until), g.Deliveries, g.Begun, g.Delivered, g.Ended, g.Version, string(event)}
}

func (r grantRow) domain() requests.Grant {
	return requests.Grant{ID: r.ID, Release: requests.ReleaseID(r.ReleaseID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Officer: identity.PersonID(r.OfficerID), Ordinal: r.Ordinal, Reason: r.Reason, IssuedBy: text[identity.PersonID](r.IssuedBy), From: r.FromAt.UTC(), Until: r.UntilAt.UTC(),
		Deliveries: r.Deliveries, Begun: r.Begun, Delivered: r.Delivered, Ended: r.Ended, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromReceipt(r requests.Receipt, event audit.EventID) *receiptRow {
	return &receiptRow{r.ID, r.Grant, string(r.Release), string(r.Request), string(r.Agency), string(r.Officer), r.Ordinal, r.State, micro(r.BegunAt),
		nilTime(r.EndedAt), r.Total, r.Bytes, r.SHA256, r.Version, string(event)}
}

func (r receiptRow) domain() requests.Receipt {
	return requests.Receipt{ID: r.ID, Grant: r.GrantID, Release: requests.ReleaseID(r.ReleaseID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Officer: identity.PersonID(r.OfficerID), Ordinal: r.Ordinal, State: r.State, BegunAt: r.BegunAt.UTC(), EndedAt: timeOf(r.EndedAt), Total: r.Total,
		Bytes: r.Bytes, SHA256: r.SHA256, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromRecall(r requests.Recall, event audit.EventID) *recallRow {
	return &recallRow{ID: r.ID, ReleaseID: string(r.Release), RequestID: string(r.Request), AgencyID: string(r.Agency), Reason: r.Reason, Note: r.Note.Reveal(),
		FindingID: nilText(r.Finding), State: r.State, ProposedBy: nilText(r.ProposedBy), ProposedAt: micro(r.ProposedAt),
		DecidedBy: nilText(r.DecidedBy), DecidedAt: nilTime(r.DecidedAt), DecidedNote: r.DecidedNote.Reveal(),
		AcknowledgedBy: nilText(r.AcknowledgedBy), AcknowledgedAt: nilTime(r.AcknowledgedAt), DeletedBy: nilText(r.DeletedBy), DeletedAt: nilTime(r.DeletedAt),
		Holders: r.Holders.Reveal(), Reminders: r.Reminders, Version: r.Version, EventID: string(event)}
}

func (r recallRow) domain() requests.Recall {
	return requests.Recall{ID: r.ID, Release: requests.ReleaseID(r.ReleaseID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Reason: r.Reason,
		Note: personal.NewText(r.Note), Finding: text[requests.FindingID](r.FindingID), State: r.State, ProposedBy: text[identity.PersonID](r.ProposedBy),
		ProposedAt: r.ProposedAt.UTC(), DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), DecidedNote: personal.NewText(r.DecidedNote),
		AcknowledgedBy: text[identity.PersonID](r.AcknowledgedBy), AcknowledgedAt: timeOf(r.AcknowledgedAt), DeletedBy: text[identity.PersonID](r.DeletedBy),
		DeletedAt: timeOf(r.DeletedAt), Holders: personal.NewText(r.Holders), Reminders: r.Reminders, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromAppeal(v violations.AppealVerdict, event audit.EventID) *appealRow {
	return &appealRow{v.ID, v.Finding, string(v.Person), string(v.Verdict), v.Note.Reveal(), micro(v.At), string(event)}
}

func (r appealRow) domain() violations.AppealVerdict {
	return violations.AppealVerdict{ID: r.ID, Finding: r.FindingID, Person: identity.PersonID(r.PersonID), Verdict: violations.AppealWord(r.Verdict),
		Note: personal.NewText(r.Note), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type resultRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	Ordinal   int       `gorm:"column:ordinal"`
	Basis     string    `gorm:"column:basis"`
	SHA256    string    `gorm:"column:sha256"`
	Bytes     int64     `gorm:"column:bytes"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

func (resultRow) TableName() string  { return "result" }
func (r resultRow) rowID() string    { return r.ID }
func (r resultRow) rowEvent() string { return r.EventID }

func fromResult(x requests.Result, event audit.EventID) *resultRow {
	return &resultRow{x.ID, string(x.Request), string(x.Agency), x.Ordinal, x.Basis, x.SHA256, x.Bytes, micro(x.At), string(event)}
}

func (r resultRow) domain() requests.Result {
	return requests.Result{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Ordinal: r.Ordinal, Basis: r.Basis, SHA256: r.SHA256,
		Bytes: r.Bytes, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type preservationRow struct {
	RequestID  string    `gorm:"column:request_id;primaryKey"`
	AgencyID   string    `gorm:"column:agency_id"`
	FromAt     time.Time `gorm:"column:from_at"`
	UntilAt    time.Time `gorm:"column:until_at"`
	Extensions int       `gorm:"column:extensions"`
	Reminders  int       `gorm:"column:reminders"`
	Version    int64     `gorm:"column:version"`
	EventID    string    `gorm:"column:event_id"`
}

func (preservationRow) TableName() string  { return "preservation" }
func (r preservationRow) rowID() string    { return r.RequestID }
func (r preservationRow) rowEvent() string { return r.EventID }
func (preservationRow) progress() []string {
	return []string{"until_at", "extensions", "reminders", "version", "event_id"}
}

func fromPreservation(k requests.Preservation, event audit.EventID) *preservationRow {
	return &preservationRow{string(k.Request), string(k.Agency), micro(k.From), micro(k.Until), k.Extensions, k.Reminders, k.Version, string(event)}
}

func (r preservationRow) domain() requests.Preservation {
	return requests.Preservation{Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), From: r.FromAt.UTC(), Until: r.UntilAt.UTC(),
		Extensions: r.Extensions, Reminders: r.Reminders, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

type takeoverRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	Ordinal   int       `gorm:"column:ordinal"`
	FromID    string    `gorm:"column:from_id"`
	ToID      string    `gorm:"column:to_id"`
	Why       string    `gorm:"column:why"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

type amendmentRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	RequestID string    `gorm:"column:request_id"`
	AgencyID  string    `gorm:"column:agency_id"`
	Ordinal   int       `gorm:"column:ordinal"`
	OfficerID string    `gorm:"column:officer_id"`
	Why       string    `gorm:"column:why"`
	Digest    string    `gorm:"column:digest"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

type amendmentItemRow struct {
	ID          string    `gorm:"column:id;primaryKey"`
	AmendmentID string    `gorm:"column:amendment_id"`
	RequestID   string    `gorm:"column:request_id"`
	AgencyID    string    `gorm:"column:agency_id"`
	TargetID    string    `gorm:"column:target_id"`
	WantPhone   bool      `gorm:"column:want_phone"`
	WantIP      bool      `gorm:"column:want_ip"`
	FromAt      time.Time `gorm:"column:from_at"`
	ToAt        time.Time `gorm:"column:to_at"`
	EventID     string    `gorm:"column:event_id"`
}

type attachmentRow struct {
	ID         string `gorm:"column:id;primaryKey"`
	MessageID  string `gorm:"column:message_id"`
	RequestID  string `gorm:"column:request_id"`
	AgencyID   string `gorm:"column:agency_id"`
	DocumentID string `gorm:"column:document_id"`
	EventID    string `gorm:"column:event_id"`
}

func (takeoverRow) TableName() string      { return "takeover" }
func (amendmentRow) TableName() string     { return "amendment" }
func (amendmentItemRow) TableName() string { return "amendment_item" }
func (attachmentRow) TableName() string    { return "message_attachment" }

func (r takeoverRow) rowID() string      { return r.ID }
func (r amendmentRow) rowID() string     { return r.ID }
func (r amendmentItemRow) rowID() string { return r.ID }
func (r attachmentRow) rowID() string    { return r.ID }

func (r takeoverRow) rowEvent() string      { return r.EventID }
func (r amendmentRow) rowEvent() string     { return r.EventID }
func (r amendmentItemRow) rowEvent() string { return r.EventID }
func (r attachmentRow) rowEvent() string    { return r.EventID }

func fromTakeOver(t requests.TakeOver, event audit.EventID) *takeoverRow {
	return &takeoverRow{t.ID, string(t.Request), string(t.Agency), t.Ordinal, string(t.From), string(t.To), t.Why.Reveal(), micro(t.At), string(event)}
}

func (r takeoverRow) domain() requests.TakeOver {
	return requests.TakeOver{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Ordinal: r.Ordinal, From: identity.PersonID(r.FromID),
		To: identity.PersonID(r.ToID), Why: personal.NewText(r.Why), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromAmendment(a requests.Amendment, event audit.EventID) *amendmentRow {
	return &amendmentRow{a.ID, string(a.Request), string(a.Agency), a.Ordinal, string(a.Officer), a.Why.Reveal(), a.Digest, micro(a.At), string(event)}
}

func (r amendmentRow) domain() requests.Amendment {
	return requests.Amendment{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Ordinal: r.Ordinal, Officer: identity.PersonID(r.OfficerID),
		Why: personal.NewText(r.Why), Digest: r.Digest, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromAmendmentItem(i requests.AmendmentItem, event audit.EventID) *amendmentItemRow {
	return &amendmentItemRow{i.ID, i.Amendment, string(i.Request), string(i.Agency), string(i.Target), i.WantPhone, i.WantIP, micro(i.From), micro(i.To), string(event)}
}

func (r amendmentItemRow) domain() requests.AmendmentItem {
	return requests.AmendmentItem{ID: r.ID, Amendment: r.AmendmentID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Target: requests.TargetID(r.TargetID),
		Scope: requests.Scope{WantPhone: r.WantPhone, WantIP: r.WantIP, From: r.FromAt.UTC(), To: r.ToAt.UTC()}, EventID: audit.EventID(r.EventID)}
}

func fromAttachment(a requests.Attachment, event audit.EventID) *attachmentRow {
	return &attachmentRow{a.ID, a.Message, string(a.Request), string(a.Agency), string(a.Document), string(event)}
}

func (r attachmentRow) domain() requests.Attachment {
	return requests.Attachment{ID: r.ID, Message: r.MessageID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Document: requests.DocumentID(r.DocumentID), EventID: audit.EventID(r.EventID)}
}
