package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// RiskFile gives what is on file about the risk of a case.
func (s *Store) RiskFile(ctx context.Context, id requests.ID) (f fraud.File, err error) {
	defer fault.Wrap(&err, "store.RiskFile(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) (err error) {
		if f.Statements, err = loadAll(tx.Order("version"), id, riskStatementRow.domain); err != nil {
			return err
		}
		if f.Echoes, err = loadAll(tx.Order("wanted_at, id"), id, issuerEchoRow.domain); err != nil {
			return err
		}
		if f.Clearances, err = loadAll(tx.Order("at, id"), id, riskClearanceRow.domain); err != nil {
			return err
		}
		if f.Overrides, err = loadAll(tx.Order("proposed_at, id"), id, riskOverrideRow.domain); err != nil {
			return err
		}
		if f.Holds, err = loadAll(tx.Order("placed_at, id"), id, caseHoldRow.domain); err != nil {
			return err
		}
		return tx.Raw("SELECT EXISTS (SELECT 1 FROM call_back WHERE subject_kind = 'request' AND subject_id = ? AND outcome = 'confirmed')", string(id)).Scan(&f.CalledBack).Error
	})
	return f, err
}

// Stops gives why nothing of a case may go on, the oldest first.
func (s *Store) Stops(ctx context.Context, q requests.Request) (list []fraud.Because, err error) {
	defer fault.Wrap(&err, "store.Stops(%s)", q.ID)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT because FROM (
			SELECT because, placed_at FROM case_hold WHERE request_id = @id AND state <> 'lifted'
			UNION ALL SELECT u.because, '-infinity' FROM (
				SELECT 'disowned' AS because, id FROM disowned_request WHERE request_id = @id
				UNION ALL SELECT 'call_back_denied', id FROM call_back WHERE subject_kind = 'request' AND subject_id = @id AND outcome = 'denied') AS u
			WHERE NOT EXISTS (SELECT 1 FROM case_hold h WHERE h.because = u.because AND h.source_id = u.id)
			UNION ALL SELECT CASE WHEN officer_id IS NULL THEN 'agency_contained' ELSE 'officer_contained' END, begun_at FROM containment
			WHERE state <> 'lifted' AND agency_id = @agency AND (officer_id IS NULL OR officer_id = @officer
				OR officer_id IN (SELECT signed_by FROM request_signature WHERE request_id = @id))) AS s ORDER BY placed_at`,
			map[string]any{"id": string(q.ID), "agency": string(q.Agency), "officer": string(q.Officer)}).Scan(&list).Error
	})
	return list, err
}

// EchoByCode gives the echo of a code's hash, or NotFound.
func (s *Store) EchoByCode(ctx context.Context, codeSHA256 string) (e fraud.Echo, err error) {
	defer fault.Wrap(&err, "store.EchoByCode")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row issuerEchoRow
		if err := tx.Where("code_sha256 = ?", codeSHA256).Take(&row).Error; err != nil {
			return err
		}
		e = row.domain()
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		e.Request = "00000000-0000-4000-8000-000000000000" // of no case, so that the next look-up is made all the same
	}
	return e, err
}

// Echoes lists those in a state, the oldest first.
func (s *Store) Echoes(ctx context.Context, state string) (list []fraud.Echo, err error) {
	defer fault.Wrap(&err, "store.Echoes")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []issuerEchoRow
		err := tx.Where("state = ?", state).Order("wanted_at, id").Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// IssuersOf gives the issuers on file for an agency which are in force.
func (s *Store) IssuersOf(ctx context.Context, agency identity.AgencyID) (list []fraud.Contact, err error) {
	entries, err := s.Contacts(ctx, agency, agencies.Issuer, s.now())
	for _, d := range entries {
		list = append(list, fraud.Contact{Detail: string(d.ID), Agency: agency, Name: d.Name, Channel: string(d.Channel), Address: d.Value})
	}
	return list, err
}

// Caught lists the register from a time on, the newest first.
func (s *Store) Caught(ctx context.Context, since time.Time) (list []fraud.Caught, err error) {
	defer fault.Wrap(&err, "store.Caught")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []fraudCaseRow
		err := tx.Where("at >= ?", micro(since)).Order("at DESC, id").Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// Unheld lists disownings and denied calls whose case is not yet held.
func (s *Store) Unheld(ctx context.Context) (list []fraud.Unheld, err error) {
	defer fault.Wrap(&err, "store.Unheld")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			Request string `gorm:"column:request_id"`
			Because string `gorm:"column:because"`
			Source  string `gorm:"column:source_id"`
		}
		err := tx.Raw(`SELECT request_id, because, source_id FROM (
				SELECT request_id, 'disowned' AS because, id AS source_id FROM disowned_request
				UNION ALL SELECT subject_id, 'call_back_denied', id FROM call_back WHERE subject_kind = 'request' AND outcome = 'denied') AS u
			WHERE NOT EXISTS (SELECT 1 FROM case_hold h WHERE h.because = u.because AND h.source_id = u.source_id)`).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, fraud.Unheld{Request: requests.ID(r.Request), Because: fraud.Because(r.Because), Source: r.Source})
		}
		return err
	})
	return list, err
}

// Unstated lists the cases that wait for people and have no statement of risk.
func (s *Store) Unstated(ctx context.Context) (list []requests.ID, err error) {
	defer fault.Wrap(&err, "store.Unstated")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT r.id FROM request r WHERE r.state IN ('submitted', 'in_review', 'needs_information', 'legal_conflict')
			AND NOT EXISTS (SELECT 1 FROM risk_statement s WHERE s.request_id = r.id) ORDER BY r.received_at LIMIT 50`).Scan(&list).Error
	})
	return list, err
}
