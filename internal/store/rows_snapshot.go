package store

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// The row struct of migrations/0026_snapshot.sql.

type snapshotRow struct {
	ID             string     `gorm:"column:id;primaryKey"`
	RequestID      string     `gorm:"column:request_id"`
	TargetID       string     `gorm:"column:target_id"`
	AgencyID       string     `gorm:"column:agency_id"`
	State          string     `gorm:"column:state"`
	WrappedKey     string     `gorm:"column:wrapped_key"`
	BegunAt        time.Time  `gorm:"column:begun_at"`
	TakenAt        *time.Time `gorm:"column:taken_at"`
	ContentsSHA256 string     `gorm:"column:contents_sha256"`
	CountsSHA256   string     `gorm:"column:counts_sha256"`
	ErasedAt       *time.Time `gorm:"column:erased_at"`
	Version        int64      `gorm:"column:version"`
	EventID        string     `gorm:"column:event_id"`
}

// TableName names the table.
func (snapshotRow) TableName() string  { return "snapshot" }
func (r snapshotRow) rowID() string    { return r.ID }
func (r snapshotRow) rowEvent() string { return r.EventID }
func (snapshotRow) progress() []string {
	return []string{"state", "wrapped_key", "taken_at", "contents_sha256", "counts_sha256", "erased_at", "version", "event_id"}
}

func fromSnapshot(s requests.Snapshot, event audit.EventID) *snapshotRow {
	return &snapshotRow{s.ID, string(s.Request), string(s.Target), string(s.Agency), s.State, s.WrappedKey, micro(s.BegunAt), nilTime(s.TakenAt),
		s.ContentsSHA256, s.CountsSHA256, nilTime(s.ErasedAt), s.Version, string(event)}
}

func (r snapshotRow) domain() requests.Snapshot {
	return requests.Snapshot{ID: r.ID, Request: requests.ID(r.RequestID), Target: requests.TargetID(r.TargetID), Agency: identity.AgencyID(r.AgencyID),
		State: r.State, WrappedKey: r.WrappedKey, BegunAt: r.BegunAt.UTC(), TakenAt: timeOf(r.TakenAt), ContentsSHA256: r.ContentsSHA256,
		CountsSHA256: r.CountsSHA256, ErasedAt: timeOf(r.ErasedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}
