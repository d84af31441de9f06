package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// ImportByKey gives a machine's delivery of a key, or NotFound.
func (s *Store) ImportByKey(ctx context.Context, machine, key string) (violations.Import, error) {
	return s.oneImport(ctx, "machine = ? AND key = ?", machine, key)
}

// ImportByID gives a delivery, or NotFound.
func (s *Store) ImportByID(ctx context.Context, id string) (violations.Import, error) {
	return s.oneImport(ctx, "id = ?", id)
}

func (s *Store) oneImport(ctx context.Context, where string, args ...any) (im violations.Import, err error) {
	defer fault.Wrap(&err, "store.oneImport")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row findingImportRow
		if err := tx.Where(where, args...).Take(&row).Error; err != nil {
			return err
		}
		im, err = row.domain()
		return err
	})
	return im, err
}

// Brought gives the findings that came under references, by reference.
func (s *Store) Brought(ctx context.Context, references []string) (found map[string]violations.Finding, err error) {
	defer fault.Wrap(&err, "store.Brought")
	found = map[string]violations.Finding{}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			ID  string `gorm:"column:id"`
			Ref string `gorm:"column:external_ref"`
		}
		if err := tx.Raw("SELECT id, external_ref FROM finding_origin WHERE external_ref IN ?", references).Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			if found[r.Ref], err = loadFinding(tx, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// Abandoned lists proposed findings for which nobody waits.
func (s *Store) Abandoned(ctx context.Context, limit int) ([]violations.Finding, error) {
	return s.findingsWhere(ctx, "state = 'proposed' AND NOT finding_waited_for(id)", limit)
}

// Over lists findings whose time is over.
func (s *Store) Over(ctx context.Context, now time.Time, limit int) ([]violations.Finding, error) {
	return s.findingsWhere(ctx, "state IN ('proposed', 'confirmed') AND expires_at <= ?", limit, micro(now))
}

func (s *Store) findingsWhere(ctx context.Context, where string, limit int, args ...any) (list []violations.Finding, err error) {
	defer fault.Wrap(&err, "store.findingsWhere")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []findingRow
		if err := tx.Where(where, args...).Order("opened_at, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// BroughtFor gives the finding that was brought about an account and a rule, and
// stands or waits for its confirmers; ok is false where there is none.
func (s *Store) BroughtFor(ctx context.Context, account int64, rule string, version int, now time.Time) (id requests.FindingID, ok bool, err error) {
	defer fault.Wrap(&err, "store.BroughtFor")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT f.id FROM finding f JOIN finding_origin o ON o.id = f.id
			WHERE f.account_id = ? AND f.rule_id = ? AND f.rule_version = ? AND f.state IN ('confirmed', 'proposed') AND f.appeal IN ('none', 'upheld') AND f.expires_at > ?
			ORDER BY f.state, f.expires_at DESC, f.id LIMIT 1`, account, rule, version, micro(now)).Scan(&id).Error
	})
	return id, id != "", err
}
