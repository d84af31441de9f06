package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/papers"
	"lerd/internal/requests"
)

// Examination gives a document's examination, ok false where there is none yet.
func (s *Store) Examination(ctx context.Context, id requests.DocumentID) (e papers.Examination, ok bool, err error) {
	defer fault.Wrap(&err, "store.Examination(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []documentExaminationRow
		err := tx.Where("id = ?", string(id)).Find(&rows).Error
		if len(rows) > 0 {
			e, ok = rows[0].domain(), true
		}
		return err
	})
	return e, ok, err
}

// Unexamined lists documents since a time that have no examination.
func (s *Store) Unexamined(ctx context.Context, since time.Time, most int) (list []requests.Document, err error) {
	defer fault.Wrap(&err, "store.Unexamined")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []documentRow
		err := tx.Where("at >= ? AND NOT EXISTS (SELECT 1 FROM document_examination x WHERE x.id = document.id)", micro(since)).Order("at, id").Limit(most).Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// RequestsWith lists the requests whose order, or an attachment, a document is.
func (s *Store) RequestsWith(ctx context.Context, id requests.DocumentID) (list []requests.ID, err error) {
	defer fault.Wrap(&err, "store.RequestsWith(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT id FROM request WHERE document_id = @id UNION SELECT request_id FROM message_attachment WHERE document_id = @id ORDER BY 1`,
			map[string]any{"id": string(id)}).Scan(&list).Error
	})
	return list, err
}

func forgeries(tx *gorm.DB) (list []fraud.Forgery, err error) {
	var rows []knownForgeryRow
	err = tx.Order("added_at DESC, id").Limit(mostPictures).Find(&rows).Error
	for _, r := range rows {
		list = append(list, r.domain())
	}
	return list, err
}

// Resembling gives the known forgeries that share a band with a text, and the
// newest of those with pictures.
func (s *Store) Resembling(ctx context.Context, bands string) (list []fraud.Forgery, err error) {
	defer fault.Wrap(&err, "store.Resembling")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		seen := map[string]bool{}
		queries := []*gorm.DB{tx.Where("removed_at IS NULL AND pictures <> ''")}
		if bands != "" {
			queries = append(queries, tx.Where("removed_at IS NULL AND string_to_array(bands, ' ') && string_to_array(?, ' ')", bands))
		}
		denied, err := deniedOrders(tx, bands)
		if err != nil {
			return err
		}
		list = denied
		for _, q := range queries {
			found, err := forgeries(q)
			if err != nil {
				return err
			}
			for _, f := range found {
				if !seen[f.ID] {
					seen[f.ID], list = true, append(list, f)
				}
			}
		}
		return nil
	})
	return list, err
}

// deniedOrders gives the orders whose issuer says that it did not issue them: they
// are known forgeries without anybody's entering them, until two people lift the
// hold of their case.
func deniedOrders(tx *gorm.DB, bands string) (list []fraud.Forgery, err error) {
	var rows []knownForgeryRow
	err = tx.Raw(`SELECT d.id, d.id AS document_id, d.agency_id, r.id AS request_id, 'issuer_denied' AS why, coalesce(p.mark, '') AS mark, coalesce(p.bands, '') AS bands,
			coalesce(x.pictures, '') AS pictures, h.placed_at AS added_at
		FROM case_hold h JOIN request r ON r.id = h.request_id JOIN document d ON d.id = r.document_id
		LEFT JOIN document_print p ON p.id = d.id LEFT JOIN document_examination x ON x.id = d.id
		WHERE h.because = 'echo_denied' AND h.state <> 'lifted' AND (coalesce(x.pictures, '') <> '' OR string_to_array(p.bands, ' ') && string_to_array(?, ' '))
		ORDER BY h.placed_at DESC LIMIT ?`, bands, mostPictures).Scan(&rows).Error
	for _, r := range rows {
		list = append(list, r.domain())
	}
	return list, err
}
