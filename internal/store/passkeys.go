package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
)

type ceremonyRow struct {
	ID        string    `gorm:"column:id;primaryKey"`
	Kind      string    `gorm:"column:kind"`
	PersonID  *string   `gorm:"column:person_id"`
	SessionID string    `gorm:"column:session_id"`
	Browser   []byte    `gorm:"column:browser"`
	Purpose   string    `gorm:"column:purpose"`
	Digest    []byte    `gorm:"column:digest"`
	Nonce     []byte    `gorm:"column:nonce"`
	ExpiresAt time.Time `gorm:"column:expires_at"`
}

// TableName names the table.
func (ceremonyRow) TableName() string { return "ceremony" }

// PutCeremony keeps a ceremony, and forgets up to a hundred that serve nobody any
// more: a step's a day after it was over, since until then a form that is sent
// once more finds its own; all others, which strangers may begin, when they are.
func (s *Store) PutCeremony(ctx context.Context, c passkey.Ceremony) (err error) {
	defer fault.Wrap(&err, "store.PutCeremony(%s)", c.ID)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		if err := s.forgetCeremonies(tx); err != nil {
			return err
		}
		return tx.Create(&ceremonyRow{c.ID, string(c.Kind), nilText(c.Person), string(c.Session), c.Browser, string(c.Purpose), c.Digest[:], c.Nonce, micro(c.ExpiresAt)}).Error
	})
}

// forgetCeremonies sweeps, unless somebody else does at this moment.
func (s *Store) forgetCeremonies(tx *gorm.DB) error {
	var mine bool
	if err := tx.Raw("SELECT pg_try_advisory_xact_lock(hashtextextended('lerd ceremonies', 0))").Scan(&mine).Error; err != nil || !mine {
		return err
	}
	now := s.now()
	return tx.Exec("DELETE FROM ceremony WHERE id IN (SELECT id FROM ceremony WHERE expires_at < ? AND (kind <> ? OR expires_at < ?) ORDER BY expires_at LIMIT 100)",
		micro(now), string(passkey.StepUp), micro(now.Add(-24*time.Hour))).Error
}

func (r ceremonyRow) domain() passkey.Ceremony {
	return passkey.Ceremony{ID: r.ID, Kind: passkey.Kind(r.Kind), Person: text[identity.PersonID](r.PersonID), Session: identity.SessionID(r.SessionID), Browser: r.Browser,
		Purpose: identity.Purpose(r.Purpose), Digest: identity.Digest(r.Digest), Nonce: r.Nonce, ExpiresAt: r.ExpiresAt.UTC()}
}

// Ceremony gives a ceremony by its id, or NotFound.
func (s *Store) Ceremony(ctx context.Context, id string) (c passkey.Ceremony, err error) {
	defer fault.Wrap(&err, "store.Ceremony(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row ceremonyRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		c = row.domain()
		return nil
	})
	return c, err
}

// TakeCeremony gives a ceremony and forgets it, so that it serves once; or
// NotFound.
func (s *Store) TakeCeremony(ctx context.Context, id string) (c passkey.Ceremony, err error) {
	defer fault.Wrap(&err, "store.TakeCeremony(%s)", id)
	err = s.inWriteTx(ctx, func(tx *gorm.DB) error {
		var rows []ceremonyRow
		if err := tx.Raw("DELETE FROM ceremony WHERE id = ? RETURNING *", id).Scan(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			return gorm.ErrRecordNotFound
		}
		c = rows[0].domain()
		return nil
	})
	return c, err
}

// countedRow is a passkey with its newest counter.
type countedRow struct {
	Key    passkeyRow `gorm:"embedded"`
	Newest int64      `gorm:"column:newest"`
}

func (r countedRow) domain() identity.Passkey {
	k := r.Key.domain()
	k.NewestCount = r.Newest
	return k
}

// counted asks for passkeys with their newest counter.
func counted(tx *gorm.DB) *gorm.DB {
	return tx.Table("passkey").Select(`passkey.*, greatest(passkey.sign_count, (SELECT max(a.sign_count) FROM assertion a WHERE a.passkey_id = passkey.id)) AS newest`)
}

// Passkeys gives every passkey of a person, also removed ones, oldest first, each
// with its newest counter.
func (s *Store) Passkeys(ctx context.Context, person identity.PersonID) (list []identity.Passkey, err error) {
	defer fault.Wrap(&err, "store.Passkeys(%s)", person)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []countedRow
		if err := counted(tx).Where("person_id = ?", string(person)).Order("created_at, id").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// unconfirmed are keys that an invitation's code brought, and nobody has compared
// with the person's own: they open nothing, however the account stands.
const unconfirmed = "EXISTS (SELECT 1 FROM invitation i WHERE i.passkey_id = passkey.id AND i.state <> 'confirmed')"

// PasskeyByCredential gives a passkey by the authenticator's id for it, with its
// newest counter, or NotFound, also of a key that nobody has confirmed; and the
// assertion that a ceremony brought already.
func (s *Store) PasskeyByCredential(ctx context.Context, credential []byte, ceremony string) (k identity.Passkey, used *identity.Assertion, err error) {
	defer fault.Wrap(&err, "store.PasskeyByCredential")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row countedRow
		if err := counted(tx).Where("credential_id = ? AND NOT "+unconfirmed, bytesValue(credential)).Take(&row).Error; err != nil {
			return err
		}
		k = row.domain()
		var a assertionRow
		if err := tx.Where("id = ?", ceremony).Take(&a).Error; errors.Is(err, gorm.ErrRecordNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		got := a.domain()
		used = &got
		return nil
	})
	return k, used, err
}

// Assertion gives an assertion, or NotFound.
func (s *Store) Assertion(ctx context.Context, id identity.AssertionID) (a identity.Assertion, err error) {
	defer fault.Wrap(&err, "store.Assertion(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row assertionRow
		if err := tx.Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return err
		}
		a = row.domain()
		return nil
	})
	return a, err
}

// Assertions streams every kept assertion with its passkey, for whoever verifies
// them; a development proof has none.
func (s *Store) Assertions(ctx context.Context, f func(identity.Assertion, identity.Passkey) error) (err error) {
	defer fault.Wrap(&err, "store.Assertions")
	return s.inReadTx(ctx, func(tx *gorm.DB) error {
		var keys []passkeyRow
		if err := tx.Find(&keys).Error; err != nil {
			return err
		}
		byID := map[string]identity.Passkey{}
		for _, k := range keys {
			byID[k.ID] = k.domain()
		}
		var next iter.Seq2[tableRow, error] = scan[assertionRow](tx)
		for r, err := range next {
			if err != nil {
				return err
			}
			a := r.(*assertionRow).domain()
			if err := f(a, byID[string(a.Passkey)]); err != nil {
				return err
			}
		}
		return nil
	})
}
