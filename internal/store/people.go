package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

type sessionRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	TokenHash []byte     `gorm:"column:token_hash"`
	PersonID  string     `gorm:"column:person_id"`
	Role      string     `gorm:"column:role"`
	Method    string     `gorm:"column:method"`
	CreatedAt time.Time  `gorm:"column:created_at;autoCreateTime:false"`
	SeenAt    time.Time  `gorm:"column:seen_at"`
	EndsAt    time.Time  `gorm:"column:ends_at"`
	EndedAt   *time.Time `gorm:"column:ended_at"`
	Device    string     `gorm:"column:device"`
}

// TableName names the table.
func (sessionRow) TableName() string { return "session" }

// PersonBySignIn gives an active person by what they sign in as.
func (s *Store) PersonBySignIn(ctx context.Context, signIn string) (p identity.Person, err error) {
	defer fault.Wrap(&err, "store.PersonBySignIn")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row personRow
		if err := tx.Where("sign_in = ? AND active", signIn).Take(&row).Error; err != nil {
			return err
		}
		p = row.domain()
		return nil
	})
	return p, err
}

// People lists everybody who can sign in, by role and name.
func (s *Store) People(ctx context.Context) (list []identity.Person, err error) {
	defer fault.Wrap(&err, "store.People")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []personRow
		if err := tx.Where("active").Order("role, name, id").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// Person gives a person with their agency (zero for staff), or NotFound.
func (s *Store) Person(ctx context.Context, id identity.PersonID) (p identity.Person, a identity.Agency, err error) {
	defer fault.Wrap(&err, "store.Person(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row personRow
		if err := tx.Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return err
		}
		p = row.domain()
		if p.Agency == "" {
			return nil
		}
		var agency agencyRow
		if err := tx.Where("id = ?", string(p.Agency)).Take(&agency).Error; err != nil {
			return err
		}
		a = agency.domain()
		return nil
	})
	return p, a, err
}

// AgencyByID gives an agency, or NotFound.
func (s *Store) AgencyByID(ctx context.Context, id identity.AgencyID) (a identity.Agency, err error) {
	defer fault.Wrap(&err, "store.AgencyByID(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row agencyRow
		if err := tx.Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return err
		}
		a = row.domain()
		return nil
	})
	return a, err
}

// Session gives a session with its person and agency by the token's hash.
func (s *Store) Session(ctx context.Context, tokenHash []byte) (se identity.Session, p identity.Person, a identity.Agency, err error) {
	defer fault.Wrap(&err, "store.Session")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row sessionRow
		var person personRow
		if err := tx.Where("token_hash = ?", bytesValue(tokenHash)).Take(&row).Error; err != nil {
			return err
		}
		if err := tx.Where("id = ?", row.PersonID).Take(&person).Error; err != nil {
			return err
		}
		se, p = row.domain(), person.domain()
		if p.Agency == "" {
			return nil
		}
		var agency agencyRow
		if err := tx.Where("id = ?", string(p.Agency)).Take(&agency).Error; err != nil {
			return err
		}
		a = agency.domain()
		return nil
	})
	return se, p, a, err
}

func (r sessionRow) domain() identity.Session {
	return identity.Session{ID: identity.SessionID(r.ID), TokenHash: r.TokenHash, Person: identity.PersonID(r.PersonID), Role: identity.Role(r.Role), Method: identity.Method(r.Method),
		CreatedAt: r.CreatedAt.UTC(), SeenAt: r.SeenAt.UTC(), EndsAt: r.EndsAt.UTC(), EndedAt: timeOf(r.EndedAt), Device: r.Device}
}

// PutSession adds a session, or moves when it was seen and when it ended. What
// was seen later stays, and what has ended stays ended, whatever order two
// requests of one session arrive in.
func (s *Store) PutSession(ctx context.Context, se identity.Session) (err error) {
	defer fault.Wrap(&err, "store.PutSession(%s)", se.ID)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error { return putSession(tx, se) })
}

func putSession(tx *gorm.DB, se identity.Session) error {
	row := sessionRow{string(se.ID), se.TokenHash, string(se.Person), string(se.Role), string(se.Method), micro(se.CreatedAt), micro(se.SeenAt), micro(se.EndsAt), nilTime(se.EndedAt), se.Device}
	return tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{
		"seen_at":  gorm.Expr("greatest(session.seen_at, excluded.seen_at)"),
		"ended_at": gorm.Expr("coalesce(session.ended_at, excluded.ended_at)"),
	})}).Create(&row).Error
}

// putSessions writes the sessions of a part, beside the event that tells of them.
func putSessions(tx *gorm.DB, values []any) error {
	for _, v := range values {
		if ended, ok := v.(identity.SessionsEnded); ok {
			err := tx.Exec(`UPDATE session SET ended_at = @at WHERE ended_at IS NULL AND id::text <> @except AND person_id IN
				(SELECT id FROM person WHERE (agency_id = CAST(NULLIF(@agency, '') AS uuid) AND @person = '') OR id::text = @person AND (@agency = '' OR agency_id::text = @agency))`,
				map[string]any{"at": micro(ended.At), "agency": string(ended.Agency), "person": string(ended.Person), "except": string(ended.Except)}).Error
			if err != nil {
				return err
			}
		}
		if se, ok := v.(*identity.Session); ok {
			if err := putSession(tx, *se); err != nil {
				return err
			}
		}
	}
	return nil
}
