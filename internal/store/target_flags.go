package store

import (
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/requests"
)

type targetFlagRow struct {
	ID        string `gorm:"column:id;primaryKey"`
	RequestID string `gorm:"column:request_id"`
	AgencyID  string `gorm:"column:agency_id"`
	TargetID  string `gorm:"column:target_id"`
	Flag      string `gorm:"column:flag"`
	EventID   string `gorm:"column:event_id"`
}

// TableName names the table.
func (targetFlagRow) TableName() string  { return "target_flag" }
func (r targetFlagRow) rowID() string    { return r.ID }
func (r targetFlagRow) rowEvent() string { return r.EventID }

func fromTargetFlag(f requests.TargetFlag, event audit.EventID) *targetFlagRow {
	return &targetFlagRow{f.ID(), string(f.Request), string(f.Agency), string(f.Target), f.Flag, string(event)}
}

func (r targetFlagRow) domain() requests.TargetFlag {
	return requests.TargetFlag{Request: requests.ID(r.RequestID), Target: requests.TargetID(r.TargetID), Flag: r.Flag, EventID: audit.EventID(r.EventID)}
}

// loadFlags gives the targets of a case what its officer says of them, as it was
// signed: in the order of the letters.
func loadFlags(tx *gorm.DB, c *requests.Case) error {
	flags, err := loadAll(tx.Order(`flag COLLATE "C", id`), c.Request.ID, targetFlagRow.domain)
	for _, f := range flags {
		for i := range c.Request.Targets {
			if t := &c.Request.Targets[i]; t.ID == f.Target {
				t.Flags = append(t.Flags, f.Flag)
			}
		}
	}
	return err
}
