package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/retention"
)

// Terms gives the terms in force by class.
func (s *Store) Terms(ctx context.Context) (terms map[retention.ClassID]retention.Term, err error) {
	defer fault.Wrap(&err, "store.Terms")
	terms = map[retention.ClassID]retention.Term{}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []retentionTermRow
		err := tx.Find(&rows).Error
		for _, r := range rows {
			terms[retention.ClassID(r.Class)] = retention.Term{Class: retention.ClassID(r.Class), Days: r.Days, Version: r.Version}
		}
		return err
	})
	return terms, err
}

// Candidates are found by the closing of their case, the longest closed first and no
// more than can be listed, or by the erasure of the cases that asked; retention.due,
// which the database's gate asks too, decides. A case waits for its own records. Of
// people only those who left and are not erased are read, by an index, and only of
// those whose account last changed a term ago is it asked which cases they had a part in.
const selectDue = `
WITH term AS (SELECT c.id, greatest(t.days, c.floor) AS days FROM retention.class c JOIN retention_term t ON t.class = c.id),
candidate AS MATERIALIZED (
    SELECT t.id AS class, o.id AS subject, o.ref FROM term t CROSS JOIN LATERAL (
        SELECT q.id, q.ref FROM request q WHERE q.closed_at <= CAST(@until AS timestamptz) - make_interval(days => t.days) AND q.state <> 'recalled'
            AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.class = t.id AND e.subject_id = q.id)
            AND (CAST(@held AS boolean) OR NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.state <> 'lifted' AND h.request_id = q.id))
            AND (t.id = 'records' OR retention.due(t.id, q.id) IS NOT NULL)
        ORDER BY q.closed_at LIMIT @limit) o
    WHERE t.id IN ('records', 'case')
    UNION ALL
    SELECT DISTINCT 'finding', a.finding_id, '' FROM erasure e JOIN finding_ask a ON a.request_id = e.subject_id
    WHERE e.class = 'case' AND NOT EXISTS (SELECT 1 FROM erasure f WHERE f.class = 'finding' AND f.subject_id = a.finding_id)
    UNION ALL
    SELECT 'person', p.id, p.pseudonym FROM term t, person p
    WHERE t.id = 'person' AND NOT p.active AND p.sign_in <> 'erased ' || p.id::text
        AND (SELECT (convert_from(e.entry, 'UTF8')::jsonb ->> 'at')::timestamptz FROM audit.event e
             WHERE e.stream = 'person:' || p.id AND e.kind <> 'erasure.made' ORDER BY e.version DESC LIMIT 1) <= CAST(@until AS timestamptz) - make_interval(days => t.days)
        AND NOT EXISTS (SELECT 1 FROM erasure f WHERE f.class = 'person' AND f.subject_id = p.id)),
dated AS (
    SELECT c.class, c.subject, c.ref, retention.due(c.class, c.subject) AS at,
           EXISTS (SELECT 1 FROM legal_hold h WHERE h.state <> 'lifted' AND (h.request_id = c.subject
               OR h.request_id IN (SELECT a.request_id FROM finding_ask a WHERE a.finding_id = c.subject))) AS held
    FROM candidate c)
SELECT * FROM dated WHERE at <= CAST(@until AS timestamptz) AND (CAST(@held AS boolean) OR NOT held) ORDER BY at, class DESC, subject LIMIT @limit`

// DueForErasure lists what is due until a time, the oldest first.
func (s *Store) DueForErasure(ctx context.Context, until time.Time, held bool, limit int) (list []retention.Due, err error) {
	defer fault.Wrap(&err, "store.DueForErasure")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := inOrder(tx); err != nil {
			return err
		}
		var rows []struct {
			Class   string    `gorm:"column:class"`
			Subject string    `gorm:"column:subject"`
			Ref     string    `gorm:"column:ref"`
			At      time.Time `gorm:"column:at"`
			Held    bool      `gorm:"column:held"`
		}
		err := tx.Raw(selectDue, map[string]any{"until": micro(until), "held": held, "limit": limit}).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, retention.Due{Class: retention.ClassID(r.Class), Subject: r.Subject, Ref: r.Ref, At: r.At.UTC(), Held: r.Held})
		}
		return err
	})
	return list, err
}

// Erasures lists the newest, or the oldest of those whose files are still to go.
func (s *Store) Erasures(ctx context.Context, unfinished bool, limit int) (list []retention.Erasure, err error) {
	defer fault.Wrap(&err, "store.Erasures")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		q := tx.Table("erasure").Select("erasure.*, coalesce(request.ref, person.pseudonym, '') AS ref").Joins("LEFT JOIN request ON request.id = erasure.subject_id").
			Joins("LEFT JOIN person ON person.id = erasure.subject_id AND erasure.class = 'person'")
		if unfinished {
			q = q.Where("files_gone_at IS NULL").Order("made_at, erasure.id")
		} else {
			q = q.Order("made_at DESC, erasure.id")
		}
		var rows []struct {
			Row erasureRow `gorm:"embedded"`
			Ref string     `gorm:"column:ref"`
		}
		err := q.Limit(limit).Find(&rows).Error
		for _, r := range rows {
			e := r.Row.domain()
			e.Ref = r.Ref
			list = append(list, e)
		}
		return err
	})
	return list, err
}

// FilesOf names the files that go with an erasure: the bundles of a case, or its
// documents and results. A document that another case still uses stays.
func (s *Store) FilesOf(ctx context.Context, e retention.Erasure) (names []string, err error) {
	defer fault.Wrap(&err, "store.FilesOf(%s)", e.ID)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		ids := func(query string) (out []string, err error) {
			err = tx.Raw(query, map[string]any{"subject": e.Subject}).Scan(&out).Error
			return out, err
		}
		switch e.Class {
		case retention.Records:
			list, err := ids("SELECT id FROM release WHERE request_id = @subject ORDER BY id")
			for _, id := range list {
				names = append(names, requests.BundleBlob(requests.Release{ID: requests.ReleaseID(id)}))
			}
			if err != nil {
				return err
			}
			list, err = ids("SELECT c.id FROM release_copy c JOIN release r ON r.id = c.release_id WHERE r.request_id = @subject ORDER BY c.id")
			for _, id := range list {
				names = append(names, requests.BundleBlob(requests.Release{Copy: &requests.Copy{ID: id}}))
			}
			return err
		case retention.Case:
			list, err := ids(documentsGone)
			for _, id := range list {
				names = append(names, requests.DocumentBlob(requests.DocumentID(id)))
			}
			if err != nil {
				return err
			}
			list, err = ids("SELECT id FROM result WHERE request_id = @subject ORDER BY id")
			for _, id := range list {
				names = append(names, requests.ResultBlob(requests.Result{ID: id}), requests.SealBlob(requests.Result{ID: id}))
			}
			return err
		}
		return nil
	})
	return names, err
}

const documentsGone = `
SELECT d.id FROM document d
WHERE (d.id IN (SELECT q.document_id FROM request q WHERE q.id = @subject)
    OR d.id IN (SELECT m.document_id FROM message_attachment m WHERE m.request_id = @subject))
  AND NOT EXISTS (SELECT 1 FROM request o WHERE o.document_id = d.id AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.class = 'case' AND e.subject_id = o.id))
  AND NOT EXISTS (SELECT 1 FROM message_attachment o WHERE o.document_id = d.id AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.class = 'case' AND e.subject_id = o.request_id))
ORDER BY d.id`

// LegalHolds lists holds, the newest first, of one case where it is named.
func (s *Store) LegalHolds(ctx context.Context, of requests.ID, limit int) (list []retention.Hold, err error) {
	defer fault.Wrap(&err, "store.LegalHolds(%s)", of)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		q := tx.Table("legal_hold").Select("legal_hold.*, request.ref").Joins("JOIN request ON request.id = legal_hold.request_id")
		if of != "" {
			q = q.Where("request_id = ?", string(of))
		}
		var rows []struct {
			Row legalHoldRow `gorm:"embedded"`
			Ref string       `gorm:"column:ref"`
		}
		err := q.Order("placed_at DESC, legal_hold.id").Limit(limit).Find(&rows).Error
		for _, r := range rows {
			h := r.Row.domain()
			h.Ref = r.Ref
			list = append(list, h)
		}
		return err
	})
	return list, err
}

// LegalHold gives one, or NotFound.
func (s *Store) LegalHold(ctx context.Context, id string) (h retention.Hold, err error) {
	defer fault.Wrap(&err, "store.LegalHold(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row legalHoldRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		h = row.domain()
		return nil
	})
	return h, err
}

// RetentionOf gives a case's reference, closing, terms and erasures, or NotFound.
func (s *Store) RetentionOf(ctx context.Context, id requests.ID) (sh retention.Sheet, err error) {
	defer fault.Wrap(&err, "store.RetentionOf(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var q requestRow
		if err := tx.Select("ref", "closed_at").Where("id = ?", string(id)).Take(&q).Error; err != nil {
			return err
		}
		sh.Ref, sh.ClosedAt, sh.Due = q.Ref, timeOf(q.ClosedAt), map[retention.ClassID]time.Time{}
		var rows []erasureRow
		if err := tx.Where("subject_id = ?", string(id)).Order("made_at").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			sh.Erasures = append(sh.Erasures, r.domain())
		}
		var terms []retentionTermRow
		if err := tx.Find(&terms).Error; err != nil || sh.ClosedAt.IsZero() {
			return err
		}
		for _, t := range terms {
			if class := retention.ClassID(t.Class); class == retention.Records || class == retention.Case {
				sh.Due[class] = sh.ClosedAt.AddDate(0, 0, t.Days)
			}
		}
		return nil
	})
	return sh, err
}

// Prune removes what serves the working day alone and is older than days.
func (s *Store) Prune(ctx context.Context, days int) (n int64, err error) {
	defer fault.Wrap(&err, "store.Prune")
	err = s.inWriteTx(ctx, func(tx *gorm.DB) error { return tx.Raw("SELECT retention.prune(?)", days).Scan(&n).Error })
	return n, err
}
