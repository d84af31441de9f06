package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/keys"
)

// SigningKeys lists every key, the oldest first.
func (s *Store) SigningKeys(ctx context.Context) (list []keys.Key, err error) {
	defer fault.Wrap(&err, "store.SigningKeys")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []signingKeyRow
		if err := tx.Order("published_at, id").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// sealedWith finds releases by what their sealing event says of the seal.
const sealedWith = `SELECT r.ref, q.id AS request, q.ref AS request_ref, a.name AS agency, r.exported_at
FROM audit.event e
JOIN release r ON e.stream = 'release:' || r.id
JOIN request q ON q.id = r.request_id
JOIN agency a ON a.id = r.agency_id
WHERE e.kind = 'export.sealed' AND r.state = 'exported'
  AND convert_from(e.entry, 'UTF8')::jsonb -> 'facts' ->> 'seal_cert_sha256' = ?
ORDER BY r.exported_at, r.ref`

// SealedWith lists the released bundles that a certificate sealed, the oldest first.
func (s *Store) SealedWith(ctx context.Context, certSHA256 string) (list []keys.Bundle, err error) {
	defer fault.Wrap(&err, "store.SealedWith")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			Ref        string    `gorm:"column:ref"`
			Request    string    `gorm:"column:request"`
			RequestRef string    `gorm:"column:request_ref"`
			Agency     string    `gorm:"column:agency"`
			ExportedAt time.Time `gorm:"column:exported_at"`
		}
		if err := tx.Raw(sealedWith, certSHA256).Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, keys.Bundle{Ref: r.Ref, Request: r.Request, RequestRef: r.RequestRef, Agency: r.Agency, ExportedAt: r.ExportedAt.UTC()})
		}
		return nil
	})
	return list, err
}

// OpenExports counts the releases whose contents may name a seal and that are
// not out yet.
func (s *Store) OpenExports(ctx context.Context) (n int64, err error) {
	defer fault.Wrap(&err, "store.OpenExports")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT count(*) FROM release WHERE state IN ('intended', 'sealed')").Scan(&n).Error
	})
	return n, err
}

// DeliveryForm gives how an agency's bundles are encrypted; its zero value where
// nothing was set.
func (s *Store) DeliveryForm(ctx context.Context, agency identity.AgencyID) (f identity.DeliveryForm, err error) {
	defer fault.Wrap(&err, "store.DeliveryForm(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row deliveryRow
		if err := tx.Where("id = ?", string(agency)).Take(&row).Error; err != nil {
			return err
		}
		f = row.domain()
		return nil
	})
	if errors.Is(err, gorm.ErrRecordNotFound) || fault.KindOf(err) == fault.NotFound {
		return f, nil
	}
	return f, err
}
