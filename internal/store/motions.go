package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// motionRow is a row of migrations/0016_portal.sql.
type motionRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	AgencyID   string     `gorm:"column:agency_id"`
	Kind       string     `gorm:"column:kind"`
	Subject    string     `gorm:"column:subject"`
	Wanted     bool       `gorm:"column:wanted"`
	ProposedBy string     `gorm:"column:proposed_by"`
	ProposedAt time.Time  `gorm:"column:proposed_at"`
	State      string     `gorm:"column:state"`
	DecidedBy  *string    `gorm:"column:decided_by"`
	DecidedAt  *time.Time `gorm:"column:decided_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

// TableName names the table.
func (motionRow) TableName() string  { return "agency_motion" }
func (r motionRow) rowID() string    { return r.ID }
func (r motionRow) rowEvent() string { return r.EventID }

func (motionRow) progress() []string {
	return []string{"state", "decided_by", "decided_at", "version", "event_id"}
}

func fromMotion(m identity.Motion, event audit.EventID) *motionRow {
	return &motionRow{m.ID, string(m.Agency), string(m.Kind), m.Subject, m.Wanted, string(m.ProposedBy), micro(m.ProposedAt), string(m.State),
		nilText(m.DecidedBy), nilTime(m.DecidedAt), m.Version, string(event)}
}

func (r motionRow) domain() identity.Motion {
	return identity.Motion{ID: r.ID, Agency: identity.AgencyID(r.AgencyID), Kind: identity.MotionKind(r.Kind), Subject: r.Subject, Wanted: r.Wanted,
		ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(), State: identity.MotionState(r.State),
		DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// Motions gives the motions about an agency that wait, the oldest first.
func (s *Store) Motions(ctx context.Context, agency identity.AgencyID) (out []identity.Motion, err error) {
	defer fault.Wrap(&err, "store.Motions(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []motionRow
		if err := tx.Where("agency_id = ? AND state = 'proposed'", string(agency)).Order("proposed_at, id").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, r.domain())
		}
		return nil
	})
	return out, err
}

// Motion gives a motion, or NotFound.
func (s *Store) Motion(ctx context.Context, id string) (m identity.Motion, err error) {
	defer fault.Wrap(&err, "store.Motion(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var r motionRow
		if err := tx.Where("id::text = ?", id).Take(&r).Error; err != nil {
			return err
		}
		m = r.domain()
		return nil
	})
	return m, err
}

// Evaluation tells whether the database's owner has said that it is an
// evaluation's, where steps count without a passkey.
func (s *Store) Evaluation(ctx context.Context) (yes bool, err error) {
	defer fault.Wrap(&err, "store.Evaluation")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error { return tx.Raw("SELECT lerd_evaluation()").Scan(&yes).Error })
	return yes, err
}
