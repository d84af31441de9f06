package store

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
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
	return &forgeryRemovalRow{r.ID, r.Of, r.Why.Reveal(), r.State, string(r.ProposedBy), micro(r.ProposedAt), nilText(r.DecidedBy), nilTime(r.DecidedAt), r.Version, string(event)}
}

func (r forgeryRemovalRow) domain() fraud.ForgeryRemoval {
	return fraud.ForgeryRemoval{Removal: fraud.Removal{ID: r.ID, Of: r.ForgeryID, Why: personal.NewText(r.Why), State: r.State, ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(),
		DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}}
}

// deskRow gives the row of a value of the reviewers' desk, nil of another.
func deskRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *fraud.ForgeryRemoval:
		return fromForgeryRemoval(*x, event)
	case *requests.Comparison:
		return fromComparison(*x, event)
	case *requests.TargetFlag:
		return fromTargetFlag(*x, event)
	case *requests.Arrival:
		return &arrivalRow{string(x.Request), string(x.Agency), micro(x.At), string(event)}
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
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
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
		if err := tx.Where("forgery_id IN ?", ids).Order("state = 'proposed', proposed_at, id").Find(&removals).Error; err != nil {
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
	return list, err
}

type orderComparisonRow struct {
	ID          string    `gorm:"column:id;primaryKey"`
	RequestID   string    `gorm:"column:request_id"`
	AgencyID    string    `gorm:"column:agency_id"`
	DocumentID  string    `gorm:"column:document_id"`
	HasText     bool      `gorm:"column:has_text"`
	Differences int       `gorm:"column:differences"`
	Found       string    `gorm:"column:found"`
	At          time.Time `gorm:"column:at"`
	EventID     string    `gorm:"column:event_id"`
	Periods     *string   `gorm:"column:periods"`
}

// TableName names the table.
func (orderComparisonRow) TableName() string  { return "order_comparison" }
func (r orderComparisonRow) rowID() string    { return r.ID }
func (r orderComparisonRow) rowEvent() string { return r.EventID }

func fromComparison(c requests.Comparison, event audit.EventID) *orderComparisonRow {
	found, err := json.Marshal(c.Found)
	if err != nil || len(c.Found) == 0 { // texts and numbers can always be written
		found = []byte("[]")
	}
	row := &orderComparisonRow{c.ID, string(c.Request), string(c.Agency), string(c.Document), c.HasText, len(c.Found), string(found), micro(c.At), string(event), nil}
	if c.Periods != nil {
		periods, _ := json.Marshal(c.Periods) // as above
		text := string(periods)
		row.Periods = &text
	}
	return row
}

func (r orderComparisonRow) domain() (c requests.Comparison, err error) {
	c = requests.Comparison{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Document: requests.DocumentID(r.DocumentID), HasText: r.HasText, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
	if r.Periods != nil {
		if err := json.Unmarshal([]byte(*r.Periods), &c.Periods); err != nil {
			return c, err
		}
	}
	return c, json.Unmarshal([]byte(r.Found), &c.Found)
}

// Compared gives the comparison of a request's order with what was typed.
func (s *Store) Compared(ctx context.Context, id requests.ID) (c requests.Comparison, ok bool, err error) {
	defer fault.Wrap(&err, "store.Compared(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		found, err := compared(tx, id)
		if found != nil {
			c, ok = *found, true
		}
		return err
	})
	return c, ok, err
}

func compared(tx *gorm.DB, id requests.ID) (*requests.Comparison, error) {
	var rows []orderComparisonRow
	if err := tx.Where("request_id = ?", string(id)).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	c, err := rows[0].domain()
	return &c, err
}

type arrivalRow struct {
	RequestID string    `gorm:"column:request_id;primaryKey"`
	AgencyID  string    `gorm:"column:agency_id"`
	At        time.Time `gorm:"column:at"`
	EventID   string    `gorm:"column:event_id"`
}

// TableName names the table.
func (arrivalRow) TableName() string  { return "arrival" }
func (r arrivalRow) rowID() string    { return r.RequestID }
func (r arrivalRow) rowEvent() string { return r.EventID }
