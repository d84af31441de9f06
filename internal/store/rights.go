package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/requests"
)

// rightsOpen are the states in which a case has not ended.
const rightsOpen = `q.state IN ('submitted', 'in_review', 'needs_information', 'legal_conflict', 'qualified', 'confirmed', 'approved')`

// RightsReview gives the last review of a case with its answers.
func (s *Store) RightsReview(ctx context.Context, id requests.ID) (r requests.RightsReview, ok bool, err error) {
	defer fault.Wrap(&err, "store.RightsReview(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		ok = false
		var rows []rightsReviewRow
		if err := tx.Where("request_id = ?", string(id)).Order("ordinal DESC").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		r, ok = rows[0].domain(), true
		var answers []rightsAnswerRow
		err := tx.Where("review_id = ?", r.ID).Order("round").Find(&answers).Error
		for _, a := range answers {
			r.Answers = append(r.Answers, a.domain())
		}
		return err
	})
	return r, ok, err
}

type rightsWaitingRow struct {
	Row        rightsReviewRow `gorm:"embedded"`
	Ref        string          `gorm:"column:ref"`
	AgencyName string          `gorm:"column:agency_name"`
	Country    string          `gorm:"column:country"`
	EffectBy   *time.Time      `gorm:"column:effect_by"`
}

// RightsWaiting lists reviews of open cases that are not agreed, the next due first.
func (s *Store) RightsWaiting(ctx context.Context) (list []requests.RightsWaiting, err error) {
	defer fault.Wrap(&err, "store.RightsWaiting")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []rightsWaitingRow
		err := tx.Raw(`SELECT r.*, q.ref, a.name AS agency_name, a.country, q.effect_by FROM rights_review r JOIN request q ON q.id = r.request_id JOIN agency a ON a.id = r.agency_id
			WHERE r.state <> 'agreed' AND ` + rightsOpen + ` ORDER BY q.effect_by NULLS LAST, r.opened_at, r.id LIMIT 200`).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, requests.RightsWaiting{RightsReview: r.Row.domain(), Ref: r.Ref, AgencyName: r.AgencyName, Country: r.Country, EffectBy: timeOf(r.EffectBy)})
		}
		return err
	})
	return list, err
}

const lastStatementMarked = `(SELECT strpos(s.factors, 'sensitive_target') > 0 FROM risk_statement s WHERE s.request_id = q.id ORDER BY s.version DESC LIMIT 1)`

// RightsUnopened lists cases under review that touch rights and have no review.
func (s *Store) RightsUnopened(ctx context.Context, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.RightsUnopened")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT q.id FROM request q LEFT JOIN LATERAL (SELECT r.state, string_to_array(r.because, ' ') AS because FROM rights_review r
				WHERE r.request_id = q.id ORDER BY r.ordinal DESC LIMIT 1) v ON true
			WHERE q.state IN ('in_review', 'needs_information') AND (v.state IS NULL OR v.state = 'agreed')
				AND (EXISTS (SELECT 1 FROM sensitive_class c WHERE starts_with(q.offence_class, c.offence_class)) AND NOT coalesce('class' = ANY (v.because), false)
					OR coalesce(`+lastStatementMarked+`, false) AND NOT coalesce('mark' = ANY (v.because), false)
					OR EXISTS (SELECT 1 FROM target_flag f WHERE f.request_id = q.id) AND NOT coalesce('officer' = ANY (v.because), false))
			ORDER BY q.effect_by NULLS LAST, q.id LIMIT ?`, limit).Scan(&ids).Error
	})
	return ids, err
}

// RightsMarked tells whether somebody of counsel's list is in the last statement
// of a case.
func (s *Store) RightsMarked(ctx context.Context, id requests.ID) (marked bool, err error) {
	defer fault.Wrap(&err, "store.RightsMarked(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT coalesce("+lastStatementMarked+", false) FROM request q WHERE q.id = ?", string(id)).Scan(&marked).Error
	})
	return marked, err
}

// SensitiveClasses gives the published classes that touch rights.
func (s *Store) SensitiveClasses(ctx context.Context) (known map[string]bool, err error) {
	defer fault.Wrap(&err, "store.SensitiveClasses")
	known = map[string]bool{}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []sensitiveClassRow
		err := tx.Find(&rows).Error
		for _, r := range rows {
			known[r.OffenceClass] = true
		}
		return err
	})
	return known, err
}

// Marks lists counsel's list, the newest first, each with the removal that waits
// or was agreed.
func (s *Store) Marks(ctx context.Context) (list []fraud.Listed, err error) {
	defer fault.Wrap(&err, "store.Marks")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var marks []sensitiveMarkRow
		if err := tx.Where("removed_at IS NULL").Order("added_at DESC, id").Limit(500).Find(&marks).Error; err != nil {
			return err
		}
		var removals []markRemovalRow
		err := tx.Where("state = 'proposed'").Find(&removals).Error
		of := map[string]fraud.MarkRemoval{}
		for _, r := range removals {
			of[r.MarkID] = r.domain()
		}
		for _, m := range marks {
			list = append(list, fraud.Listed{Mark: m.domain(), Removal: of[m.ID]})
		}
		return err
	})
	return list, err
}
