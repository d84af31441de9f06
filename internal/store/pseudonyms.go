package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Pseudonyms gives the names under which people appear to those who need not
// know who they are. People who are not on file are left out.
func (s *Store) Pseudonyms(ctx context.Context, ids []identity.PersonID) (names map[identity.PersonID]string, err error) {
	defer fault.Wrap(&err, "store.Pseudonyms")
	names = map[identity.PersonID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []personRow
		if err := tx.Select("id", "pseudonym").Where("id IN ?", ids).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			names[identity.PersonID(r.ID)] = r.Pseudonym
		}
		return nil
	})
	return names, err
}
