package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/requests"
)

// The row struct of migrations/0047_silence.sql.

type silenceRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	RequestID  string     `gorm:"column:request_id"`
	Op         string     `gorm:"column:op"`
	Since      time.Time  `gorm:"column:since"`
	AnsweredAt *time.Time `gorm:"column:answered_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

// TableName names the table.
func (silenceRow) TableName() string  { return "source_silence" }
func (r silenceRow) rowID() string    { return r.ID }
func (r silenceRow) rowEvent() string { return r.EventID }
func (silenceRow) progress() []string { return []string{"answered_at", "version", "event_id"} }

func fromSilence(x requests.Silence, event audit.EventID) *silenceRow {
	return &silenceRow{x.ID, string(x.Request), x.Op, micro(x.Since), nilTime(x.AnsweredAt), x.Version, string(event)}
}

func (r silenceRow) domain() requests.Silence {
	return requests.Silence{ID: r.ID, Request: requests.ID(r.RequestID), Op: r.Op, Since: r.Since.UTC(), AnsweredAt: timeOf(r.AnsweredAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// Silences gives the silences of a case that have no end.
func (s *Store) Silences(ctx context.Context, id requests.ID) (list []requests.Silence, err error) {
	defer fault.Wrap(&err, "store.Silences(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = loadAll(tx.Where("answered_at IS NULL").Order("since, id"), id, silenceRow.domain)
		return err
	})
	return list, err
}
