package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// Account gives a person with their access, or NotFound.
func (s *Store) Account(ctx context.Context, id identity.PersonID) (a accounts.Account, err error) {
	defer fault.Wrap(&err, "store.Account(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err := accountsOf(tx, "p.id = ?", string(id))
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return gorm.ErrRecordNotFound
		}
		a = list[0]
		return nil
	})
	return a, err
}

// Accounts gives the people of some roles, of one agency where it is named, by
// role and name.
func (s *Store) Accounts(ctx context.Context, roles []identity.Role, agency identity.AgencyID) (list []accounts.Account, err error) {
	defer fault.Wrap(&err, "store.Accounts")
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = accountsOf(tx, "p.role IN ? AND (? = '' OR p.agency_id::text = ?)", names, string(agency), string(agency))
		return err
	})
	return list, err
}

// accountRow is a person with the few facts of their access.
type accountRow struct {
	Person       personRow  `gorm:"embedded"`
	InvitationID *string    `gorm:"column:newest_invitation"`
	ChangeID     *string    `gorm:"column:newest_change"`
	Passkeys     int        `gorm:"column:passkeys"`
	LastSignIn   *time.Time `gorm:"column:last_sign_in"`
	Provider     bool       `gorm:"column:provider"`
}

func accountsOf(tx *gorm.DB, where string, args ...any) ([]accounts.Account, error) {
	var rows []accountRow
	err := tx.Raw(`SELECT p.*,
		(SELECT i.id FROM invitation i WHERE i.person_id = p.id ORDER BY i.invited_at DESC, i.id LIMIT 1) AS newest_invitation,
		(SELECT c.id FROM account_change c WHERE c.person_id = p.id ORDER BY (c.state = 'proposed') DESC, c.proposed_at DESC, c.id LIMIT 1) AS newest_change,
		(SELECT count(*) FROM passkey k WHERE k.person_id = p.id AND k.removed_at IS NULL) AS passkeys,
		(SELECT max(s.created_at) FROM session s WHERE s.person_id = p.id) AS last_sign_in,
		EXISTS (SELECT 1 FROM provider_account v WHERE v.person_id = p.id AND v.removed_at IS NULL) AS provider
		FROM person p WHERE `+where+` ORDER BY p.role, p.name, p.id`, args...).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	list := make([]accounts.Account, 0, len(rows))
	for _, r := range rows {
		a := accounts.Account{Person: r.Person.domain(), Passkeys: r.Passkeys, LastSignIn: timeOf(r.LastSignIn), Provider: r.Provider}
		if err := fillAccount(tx, r, &a); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

func fillAccount(tx *gorm.DB, r accountRow, a *accounts.Account) error {
	if r.InvitationID != nil {
		var row invitationRow
		if err := tx.Where("id = ?", *r.InvitationID).Take(&row).Error; err != nil {
			return err
		}
		i := row.domain()
		a.Invitation = &i
	}
	if r.ChangeID != nil {
		var row accountChangeRow
		if err := tx.Where("id = ?", *r.ChangeID).Take(&row).Error; err != nil {
			return err
		}
		c := row.domain()
		a.Change = &c
	}
	return nil
}

// InvitationByCode gives an invitation by its code's hash, or NotFound.
func (s *Store) InvitationByCode(ctx context.Context, hash []byte) (i accounts.Invitation, err error) {
	defer fault.Wrap(&err, "store.InvitationByCode")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row invitationRow
		if err := tx.Where("code_hash = ?", bytesValue(hash)).Take(&row).Error; err != nil {
			return err
		}
		i = row.domain()
		return nil
	})
	return i, err
}

// SessionsOf gives a person's newest sessions, living and ended, newest first.
func (s *Store) SessionsOf(ctx context.Context, person identity.PersonID, limit int) (list []identity.Session, err error) {
	defer fault.Wrap(&err, "store.SessionsOf(%s)", person)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []sessionRow
		if err := tx.Where("person_id = ?", string(person)).Order("created_at DESC, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}
