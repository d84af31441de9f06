package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/usernotice"
)

// CaseFile gives what is on file about telling the users of a case.
func (s *Store) CaseFile(ctx context.Context, id requests.ID) (f usernotice.CaseFile, err error) {
	defer fault.Wrap(&err, "store.CaseFile(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if f.Gags, err = loadAll(tx.Order("begins_at, id"), id, gagRow.domain); err != nil {
			return err
		}
		f.Notices, err = loadAll(tx.Order("disclosed_at, id"), id, userNoticeRow.domain)
		return err
	})
	return f, err
}

// gagRead is a gag with what a register says of its case.
type gagRead struct {
	Row     gagRow `gorm:"embedded"`
	Ref     string `gorm:"column:ref"`
	Process string `gorm:"column:process_id"`
	Country string `gorm:"column:country"`
}

func (r gagRead) file() usernotice.GagFile {
	return usernotice.GagFile{Gag: r.Row.domain(), Ref: r.Ref, Process: r.Process, Country: r.Country}
}

func gagsOf(tx *gorm.DB) *gorm.DB {
	return tx.Table("gag AS g").Select("g.*, q.ref, q.process_id, a.country").Joins("JOIN request q ON q.id = g.request_id").Joins("JOIN agency a ON a.id = g.agency_id")
}

// GagFile gives a gag with what belongs to it, or NotFound.
func (s *Store) GagFile(ctx context.Context, id usernotice.GagID) (f usernotice.GagFile, err error) {
	defer fault.Wrap(&err, "store.GagFile(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row gagRead
		if err := gagsOf(tx).Where("g.id = ?", string(id)).Take(&row).Error; err != nil {
			return err
		}
		f = row.file()
		var steps []gagStepRow
		if err := tx.Where("gag_id = ?", string(id)).Order("ordinal").Find(&steps).Error; err != nil {
			return err
		}
		for _, r := range steps {
			f.Taken = append(f.Taken, r.domain())
		}
		others, err := loadAll(tx.Where("id <> ?", string(id)).Order("begins_at, id"), f.Request, gagRow.domain)
		if err != nil {
			return err
		}
		f.Others = others
		f.Notices, err = loadAll(tx.Order("disclosed_at, id"), f.Request, userNoticeRow.domain)
		return err
	})
	return f, err
}

// Gags lists gags, those first that end or are to be looked at first.
func (s *Store) Gags(ctx context.Context, f usernotice.Filter) (list []usernotice.GagFile, err error) {
	defer fault.Wrap(&err, "store.Gags")
	limit := f.Limit
	if limit == 0 {
		limit = 200
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		q := gagsOf(tx).Order("least(g.ends_at, g.review_at), g.id").Limit(limit).Offset(f.Skip)
		if f.State != "" {
			q = q.Where("g.state = ?", string(f.State))
		}
		var rows []gagRead
		if err := q.Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.file())
		}
		return nil
	})
	return list, err
}

// CaseByRef gives a case that staff can see by its reference, or NotFound.
func (s *Store) CaseByRef(ctx context.Context, ref string) (c requests.Case, err error) {
	defer fault.Wrap(&err, "store.CaseByRef")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var id string
		if err := tx.Raw("SELECT id FROM request WHERE ref = ? AND state NOT IN ('awaiting_cosignature', 'redrafted')", ref).Scan(&id).Error; err != nil {
			return err
		}
		if id == "" {
			return gorm.ErrRecordNotFound
		}
		c, err = loadCase(tx, requests.ID(id))
		return err
	})
	return c, err
}

// GagsOver lists running gags whose time is over.
func (s *Store) GagsOver(ctx context.Context, now time.Time, limit int) (list []usernotice.Gag, err error) {
	defer fault.Wrap(&err, "store.GagsOver")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []gagRow
		if err := tx.Where("state = 'running' AND least(ends_at, review_at) <= ? AND ends_at <= ?", micro(now), micro(now)).Order("ends_at, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

const noGagRuns = "NOT EXISTS (SELECT 1 FROM gag g WHERE g.request_id = user_notice.request_id AND g.state = 'running')"

// NoticesDue lists notices that are to be tried and of whose case no gag runs.
func (s *Store) NoticesDue(ctx context.Context, now time.Time, limit int) (list []usernotice.Notice, err error) {
	defer fault.Wrap(&err, "store.NoticesDue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []userNoticeRow
		if err := tx.Where("state IN ('scheduled', 'sent') AND next_at <= ? AND due_at <= ? AND "+noGagRuns, micro(now), micro(now)).Order("next_at, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// Notice gives a notice, and whether a gag of its case runs, or NotFound.
func (s *Store) Notice(ctx context.Context, id usernotice.ID) (n usernotice.Notice, gagged bool, err error) {
	defer fault.Wrap(&err, "store.Notice(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row userNoticeRow
		if err := tx.Where("id = ?", string(id)).Take(&row).Error; err != nil {
			return err
		}
		n = row.domain()
		return tx.Raw("SELECT EXISTS (SELECT 1 FROM gag WHERE request_id = ? AND state = 'running')", row.RequestID).Scan(&gagged).Error
	})
	return n, gagged, err
}
