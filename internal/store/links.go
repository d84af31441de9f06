package store

import (
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/requests"
)

type linkRow struct {
	ID        string `gorm:"column:id;primaryKey"`
	RequestID string `gorm:"column:request_id"`
	FollowsID string `gorm:"column:follows_id"`
	AgencyID  string `gorm:"column:agency_id"`
	Kind      string `gorm:"column:kind"`
	EventID   string `gorm:"column:event_id"`
}

// TableName names the table.
func (linkRow) TableName() string  { return "request_link" }
func (r linkRow) rowID() string    { return r.ID }
func (r linkRow) rowEvent() string { return r.EventID }

func fromLink(l requests.Link, event audit.EventID) *linkRow {
	return &linkRow{l.ID(), string(l.Request), string(l.Follows), string(l.Agency), string(l.Kind), string(event)}
}

// loadCounted tells of a withdrawn case whether it had been submitted: its rows
// look the same as those of one that waited for its second signature.
func loadCounted(tx *gorm.DB, c *requests.Case) error {
	if c.Request.State != requests.Withdrawn {
		return nil
	}
	list, err := readTrail(tx.Statement.Context, tx, selectTrail+submissionOf, requests.StreamOf(c.Request.ID))
	c.Counted = len(list) > 0
	return err
}

// loadLinks gives the cases that a case follows and those that follow it, as far
// as the reader may see them; what went back into its draft follows nothing, but
// who signed that a request follows it has signed that.
func loadLinks(tx *gorm.DB, c *requests.Case) error {
	var rows []struct {
		ID    string `gorm:"column:id"`
		Ref   string `gorm:"column:ref"`
		Kind  string `gorm:"column:kind"`
		Later bool   `gorm:"column:later"`
	}
	err := tx.Raw(`SELECT q.id, q.ref, l.kind, q.id = l.request_id AS later FROM request_link l
		JOIN request q ON q.id = CASE WHEN l.request_id = @id THEN l.follows_id ELSE l.request_id END
		WHERE @id IN (l.request_id, l.follows_id) AND (q.state <> 'redrafted' OR l.request_id = @id) ORDER BY later, q.received_at, q.id, l.kind`,
		map[string]any{"id": string(c.Request.ID)}).Scan(&rows).Error
	for _, r := range rows {
		c.Links = append(c.Links, requests.Linked{Request: requests.ID(r.ID), Ref: r.Ref, Kind: requests.LinkKind(r.Kind), Later: r.Later})
	}
	return err
}
