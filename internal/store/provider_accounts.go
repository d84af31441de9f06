package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// ProviderAccount gives who is linked to a provider's name for them, or NotFound.
func (s *Store) ProviderAccount(ctx context.Context, issuer, subject string) (a identity.ProviderAccount, err error) {
	defer fault.Wrap(&err, "store.ProviderAccount")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row providerAccountRow
		if err := tx.Where("issuer = ? AND subject = ? AND removed_at IS NULL", issuer, subject).Take(&row).Error; err != nil {
			return err
		}
		a = row.domain()
		return nil
	})
	return a, err
}
