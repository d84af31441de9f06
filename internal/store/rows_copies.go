package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// copyRow is a row of migrations/0017_bundles.sql.
type copyRow struct {
	ID              string     `gorm:"column:id;primaryKey"`
	GrantID         string     `gorm:"column:grant_id"`
	ReleaseID       string     `gorm:"column:release_id"`
	RequestID       string     `gorm:"column:request_id"`
	AgencyID        string     `gorm:"column:agency_id"`
	OfficerID       string     `gorm:"column:officer_id"`
	Ordinal         int        `gorm:"column:ordinal"`
	State           string     `gorm:"column:state"`
	OrderedAt       time.Time  `gorm:"column:ordered_at"`
	Attempt         int        `gorm:"column:attempt"`
	Profile         string     `gorm:"column:profile"`
	SealingEvent    *string    `gorm:"column:sealing_event"`
	ContentsSHA256  string     `gorm:"column:contents_sha256"`
	ContainerSHA256 string     `gorm:"column:container_sha256"`
	EncryptedSHA256 string     `gorm:"column:encrypted_sha256"`
	ExportedAt      *time.Time `gorm:"column:exported_at"`
	Version         int64      `gorm:"column:version"`
	EventID         string     `gorm:"column:event_id"`
}

func (copyRow) TableName() string  { return "release_copy" }
func (r copyRow) rowID() string    { return r.ID }
func (r copyRow) rowEvent() string { return r.EventID }
func (copyRow) progress() []string {
	return []string{"state", "attempt", "profile", "sealing_event", "contents_sha256", "container_sha256", "encrypted_sha256", "exported_at", "version", "event_id"}
}

func fromCopy(c requests.Copy, event audit.EventID) *copyRow {
	return &copyRow{c.ID, c.Grant, string(c.Release), string(c.Request), string(c.Agency), string(c.Officer), c.Ordinal, string(c.State), micro(c.OrderedAt),
		c.Attempt, string(c.Profile), nilText(c.SealingEvent), c.ContentsSHA256, c.ContainerSHA256, c.EncryptedSHA256, nilTime(c.ExportedAt), c.Version, string(event)}
}

func (r copyRow) domain() requests.Copy {
	return requests.Copy{ID: r.ID, Grant: r.GrantID, Release: requests.ReleaseID(r.ReleaseID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Officer: identity.PersonID(r.OfficerID), Ordinal: r.Ordinal, State: requests.ReleaseState(r.State), OrderedAt: r.OrderedAt.UTC(), Attempt: r.Attempt,
		Profile: identity.DeliveryProfile(r.Profile), SealingEvent: text[audit.EventID](r.SealingEvent), ContentsSHA256: r.ContentsSHA256,
		ContainerSHA256: r.ContainerSHA256, EncryptedSHA256: r.EncryptedSHA256, ExportedAt: timeOf(r.ExportedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// CopiesDue gives copies that wait to be made, of grants that are open.
func (s *Store) CopiesDue(ctx context.Context, limit int) (due []requests.CopyDue, err error) {
	defer fault.Wrap(&err, "store.CopiesDue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT c.request_id, c.id FROM release_copy c JOIN release_grant g ON g.id = c.grant_id JOIN release r ON r.id = c.release_id
			WHERE c.state <> 'exported' AND g.ended = '' AND r.state = 'exported' ORDER BY c.ordered_at, c.id LIMIT ?`, limit).Scan(&due).Error
	})
	return due, err
}

// Sealings gives the event by which each bundle that left was sealed, for the
// trace of one that leaked.
func (s *Store) Sealings(ctx context.Context, each func(requests.Sealing) error) (err error) {
	defer fault.Wrap(&err, "store.Sealings")
	return s.inReadTx(ctx, func(tx *gorm.DB) error {
		rows, err := tx.Raw(`SELECT r.request_id, '' AS copy, r.sealing_event AS event, r.container_sha256 AS container, r.encrypted_sha256 AS encrypted
				FROM release r WHERE r.sealing_event IS NOT NULL AND r.state IN ('exported', 'recalled')
			UNION ALL SELECT c.request_id, c.id::text, c.sealing_event, c.container_sha256, c.encrypted_sha256 FROM release_copy c WHERE c.state = 'exported'`).Rows()
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // read only
		for rows.Next() {
			var x requests.Sealing
			if err := tx.ScanRows(rows, &x); err != nil {
				return err
			}
			if err := each(x); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
