package store

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/retention"
)

// Row structs of migrations/0025_retention.sql.

type retentionTermRow struct {
	ID      string `gorm:"column:id;primaryKey"`
	Class   string `gorm:"column:class"`
	Days    int    `gorm:"column:days"`
	Version int64  `gorm:"column:version"`
	EventID string `gorm:"column:event_id"`
}

type legalHoldRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	Request    string     `gorm:"column:request_id"`
	Reason     string     `gorm:"column:reason"`
	PlacedBy   string     `gorm:"column:placed_by"`
	PlacedAt   time.Time  `gorm:"column:placed_at"`
	State      string     `gorm:"column:state"`
	LiftBy     *string    `gorm:"column:lift_by"`
	LiftReason string     `gorm:"column:lift_reason"`
	LiftedBy   *string    `gorm:"column:lifted_by"`
	LiftedAt   *time.Time `gorm:"column:lifted_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

type erasureRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	Class       string     `gorm:"column:class"`
	Subject     string     `gorm:"column:subject_id"`
	DueAt       time.Time  `gorm:"column:due_at"`
	MadeAt      time.Time  `gorm:"column:made_at"`
	FilesGoneAt *time.Time `gorm:"column:files_gone_at"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

func (retentionTermRow) TableName() string  { return "retention_term" }
func (r retentionTermRow) rowID() string    { return r.ID }
func (r retentionTermRow) rowEvent() string { return r.EventID }
func (retentionTermRow) progress() []string { return []string{"days", "version", "event_id"} }

func (legalHoldRow) TableName() string  { return "legal_hold" }
func (r legalHoldRow) rowID() string    { return r.ID }
func (r legalHoldRow) rowEvent() string { return r.EventID }
func (legalHoldRow) progress() []string {
	return []string{"state", "lift_by", "lift_reason", "lifted_by", "lifted_at", "version", "event_id"}
}

func (erasureRow) TableName() string  { return "erasure" }
func (r erasureRow) rowID() string    { return r.ID }
func (r erasureRow) rowEvent() string { return r.EventID }
func (erasureRow) progress() []string { return []string{"files_gone_at", "version", "event_id"} }

func fromTerm(t retention.Term, event audit.EventID) *retentionTermRow {
	return &retentionTermRow{t.ID(), string(t.Class), t.Days, t.Version, string(event)}
}

func fromLegalHold(h retention.Hold, event audit.EventID) *legalHoldRow {
	return &legalHoldRow{h.ID, string(h.Request), h.Reason.Reveal(), string(h.PlacedBy), micro(h.PlacedAt), h.State, nilText(h.LiftBy), h.LiftReason.Reveal(), nilText(h.LiftedBy), nilTime(h.LiftedAt), h.Version, string(event)}
}

func (r legalHoldRow) domain() retention.Hold {
	return retention.Hold{ID: r.ID, Request: requests.ID(r.Request), Reason: personal.NewText(r.Reason), PlacedBy: identity.PersonID(r.PlacedBy), PlacedAt: r.PlacedAt.UTC(), State: r.State,
		LiftBy: text[identity.PersonID](r.LiftBy), LiftReason: personal.NewText(r.LiftReason), LiftedBy: text[identity.PersonID](r.LiftedBy), LiftedAt: timeOf(r.LiftedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromErasure(e retention.Erasure, event audit.EventID) *erasureRow {
	return &erasureRow{e.ID, string(e.Class), e.Subject, micro(e.DueAt), micro(e.MadeAt), nilTime(e.FilesGoneAt), e.Version, string(event)}
}

func (r erasureRow) domain() retention.Erasure {
	return retention.Erasure{ID: r.ID, Class: retention.ClassID(r.Class), Subject: r.Subject, DueAt: r.DueAt.UTC(), MadeAt: r.MadeAt.UTC(), FilesGoneAt: timeOf(r.FilesGoneAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// retentionRow gives the row of a value of package retention, nil of any other.
func retentionRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *retention.Term:
		return fromTerm(*x, event)
	case *retention.Hold:
		return fromLegalHold(*x, event)
	case *retention.Erasure:
		return fromErasure(*x, event)
	}
	return nil
}
