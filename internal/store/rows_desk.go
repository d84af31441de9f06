package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

type forgeryRemovalRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	ForgeryID  string     `gorm:"column:forgery_id"`
	Why        string     `gorm:"column:why"`
	State      string     `gorm:"column:state"`
	ProposedBy string     `gorm:"column:proposed_by"`
	ProposedAt time.Time  `gorm:"column:proposed_at"`
	DecidedBy  *string    `gorm:"column:decided_by"`
	DecidedAt  *time.Time `gorm:"column:decided_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

// TableName names the table.
func (forgeryRemovalRow) TableName() string  { return "forgery_removal" }
func (r forgeryRemovalRow) rowID() string    { return r.ID }
func (r forgeryRemovalRow) rowEvent() string { return r.EventID }
func (forgeryRemovalRow) progress() []string {
	return []string{"state", "decided_by", "decided_at", "version", "event_id"}
}

func fromForgeryRemoval(r fraud.ForgeryRemoval, event audit.EventID) *forgeryRemovalRow {
	return &forgeryRemovalRow{r.ID, r.Forgery, r.Why.Reveal(), r.State, string(r.ProposedBy), micro(r.ProposedAt), nilText(r.DecidedBy), nilTime(r.DecidedAt), r.Version, string(event)}
}

func (r forgeryRemovalRow) domain() fraud.ForgeryRemoval {
	return fraud.ForgeryRemoval{ID: r.ID, Forgery: r.ForgeryID, Why: personal.NewText(r.Why), State: r.State, ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(),
		DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// deskRow gives the row of a value of the reviewers' desk, nil of another.
func deskRow(v any, event audit.EventID) tableRow {
	if x, ok := v.(*fraud.ForgeryRemoval); ok {
		return fromForgeryRemoval(*x, event)
	}
	return nil
}

type registeredRow struct {
	Row        knownForgeryRow `gorm:"embedded"`
	Ref        string          `gorm:"column:ref"`
	AgencyName string          `gorm:"column:agency_name"`
}

// Registered lists the newest 500 known forgeries that were not taken off the
// register, or the one that an id names, each with the last proposal to take it off.
func (s *Store) Registered(ctx context.Context, id string) (list []fraud.Registered, err error) {
	defer fault.Wrap(&err, "store.Registered")
	return list, s.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []registeredRow
		err := tx.Raw(`SELECT f.*, q.ref, a.name AS agency_name FROM known_forgery f JOIN request q ON q.id = f.request_id JOIN agency a ON a.id = f.agency_id
			WHERE f.removed_at IS NULL AND (@id = '' OR f.id::text = @id) ORDER BY f.added_at DESC, f.id LIMIT 500`, map[string]any{"id": id}).Scan(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		var ids []string
		for _, r := range rows {
			ids = append(ids, r.Row.ID)
		}
		var removals []forgeryRemovalRow
		if err := tx.Where("forgery_id IN ?", ids).Order("proposed_at, id").Find(&removals).Error; err != nil {
			return err
		}
		last := map[string]fraud.ForgeryRemoval{}
		for _, r := range removals {
			last[r.ForgeryID] = r.domain()
		}
		for _, r := range rows {
			list = append(list, fraud.Registered{Forgery: r.Row.domain(), Ref: r.Ref, AgencyName: r.AgencyName, Removal: last[r.Row.ID]})
		}
		return nil
	})
}
