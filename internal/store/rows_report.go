package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/transparency/publishing"
)

// Row struct of migrations/0023_report.sql.

type reportRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	Period      string     `gorm:"column:period"`
	Edition     int        `gorm:"column:edition"`
	State       string     `gorm:"column:state"`
	LogSize     int64      `gorm:"column:log_size"`
	LogRoot     string     `gorm:"column:log_root"`
	Digest      string     `gorm:"column:digest"`
	Replaces    string     `gorm:"column:replaces"`
	Why         string     `gorm:"column:why"`
	ComputedAt  time.Time  `gorm:"column:computed_at"`
	PublishedAt *time.Time `gorm:"column:published_at"`
	PublishedBy *string    `gorm:"column:published_by"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

// TableName names the table.
func (reportRow) TableName() string { return "transparency_report" }

func (r reportRow) rowID() string    { return r.ID }
func (r reportRow) rowEvent() string { return r.EventID }

func (reportRow) progress() []string {
	return []string{"state", "published_at", "published_by", "version", "event_id"}
}

func fromReport(r publishing.Report, event audit.EventID) *reportRow {
	return &reportRow{r.ID, r.Period, r.Edition, string(r.State), r.LogSize, r.LogRoot, r.Digest, r.Replaces, r.Why, micro(r.ComputedAt),
		nilTime(r.PublishedAt), nilText(r.PublishedBy), r.Version, string(event)}
}

func (r reportRow) domain() publishing.Report {
	out := publishing.Report{ID: r.ID, Period: r.Period, Edition: r.Edition, State: publishing.State(r.State), LogSize: r.LogSize, LogRoot: r.LogRoot, Digest: r.Digest,
		Replaces: r.Replaces, Why: r.Why, ComputedAt: r.ComputedAt.UTC(), PublishedAt: timeOf(r.PublishedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
	if r.PublishedBy != nil {
		out.PublishedBy = identity.PersonID(*r.PublishedBy)
	}
	return out
}

// Reports gives the public reports that the actor may see, the newest period
// first, and of it the newest edition.
func (s *Store) Reports(ctx context.Context) (list []publishing.Report, err error) {
	defer fault.Wrap(&err, "store.Reports")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = find(tx.Order("period DESC, edition DESC, computed_at DESC"), reportRow.domain)
		return err
	})
	return list, err
}
