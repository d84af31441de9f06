package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/personal"
)

// Row structs of migrations/0035_gap.sql.

type errorReasonRow struct {
	ID      string    `gorm:"column:id;primaryKey"`
	ErrorID string    `gorm:"column:error_id"`
	Reason  string    `gorm:"column:reason"`
	ByID    string    `gorm:"column:by_id"`
	At      time.Time `gorm:"column:at"`
	EventID string    `gorm:"column:event_id"`
}

// TableName names the table.
func (errorReasonRow) TableName() string  { return "error_reason" }
func (r errorReasonRow) rowID() string    { return r.ID }
func (r errorReasonRow) rowEvent() string { return r.EventID }

// gapRow gives the row of counsel's reason, nil of another value.
func gapRow(v any, event audit.EventID) tableRow {
	if x, ok := v.(*oversight.ErrorReason); ok {
		return &errorReasonRow{x.ID, x.Error, x.Reason.Reveal(), string(x.By), micro(x.At), string(event)}
	}
	return nil
}

// ErrorTold gives the notices that tell of an error, and counsel's reason to close it
// without their proof, nil where there is none.
func (c Console) ErrorTold(ctx context.Context, id string) (notices []oversight.ErrorNotice, reason *oversight.ErrorReason, err error) {
	defer fault.Wrap(&err, "store.ErrorTold(%s)", id)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		notices, reason = nil, nil
		var rows []userNoticeRow
		if err := tx.Where("error_id = ?", id).Order("ref").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			notices = append(notices, oversight.ErrorNotice{Ref: r.Ref, State: r.State, Delivered: timeOf(r.DeliveredAt)})
		}
		var reasons []errorReasonRow
		if err := tx.Where("error_id = ?", id).Find(&reasons).Error; err != nil {
			return err
		}
		for _, r := range reasons {
			reason = &oversight.ErrorReason{ID: r.ID, Error: r.ErrorID, Reason: personal.NewText(r.Reason), By: identity.PersonID(r.ByID), At: r.At.UTC()}
		}
		return nil
	})
	return notices, reason, err
}
