package store

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// loadAfter gives a case what followed its submission: since when it is
// examined, who may fetch its bundle, who did, and what was called back.
func loadAfter(tx *gorm.DB, c *requests.Case) (err error) {
	var since []examinationRow
	if err := tx.Where("request_id = ?", string(c.Request.ID)).Find(&since).Error; err != nil {
		return err
	}
	for _, x := range since {
		c.Examined, c.Quiet = x.Since.UTC(), x.QuietUntil.UTC()
	}
	id := c.Request.ID
	if c.Grants, err = loadAll(tx.Order("from_at, ordinal"), id, grantRow.domain); err != nil {
		return err
	}
	if c.Receipts, err = loadAll(tx.Order("begun_at, ordinal, id"), id, receiptRow.domain); err != nil {
		return err
	}
	if c.Copies, err = loadAll(tx.Order("ordered_at, ordinal"), id, copyRow.domain); err != nil {
		return err
	}
	if c.Recalls, err = loadAll(tx.Order("proposed_at, id"), id, recallRow.domain); err != nil {
		return err
	}
	kept, err := loadAll(tx, id, preservationRow.domain)
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		c.Preservation = &kept[0]
	}
	if err := loadKeptUnder(tx, c); err != nil {
		return err
	}
	if err := loadLinks(tx, c); err != nil {
		return err
	}
	if err := loadCounted(tx, c); err != nil {
		return err
	}
	if c.Results, err = loadAll(tx.Order("ordinal"), id, resultRow.domain); err != nil {
		return err
	}
	if c.TakeOvers, err = loadAll(tx.Order("ordinal"), id, takeoverRow.domain); err != nil {
		return err
	}
	amendments, err := loadAll(tx.Order("ordinal"), id, amendmentRow.domain)
	if err != nil {
		return err
	}
	items, err := loadAll(tx.Order("id"), id, amendmentItemRow.domain)
	if err != nil {
		return err
	}
	for i := range amendments {
		for _, it := range items {
			if it.Amendment == amendments[i].ID {
				amendments[i].Items = append(amendments[i].Items, it)
			}
		}
	}
	c.Amend(amendments)
	if err := loadAttachments(tx, c); err != nil {
		return err
	}
	return loadPeople(tx, c)
}

// loadAttachments gives the messages of a case the documents that came with them.
func loadAttachments(tx *gorm.DB, c *requests.Case) error {
	links, err := loadAll(tx.Order("id"), c.Request.ID, attachmentRow.domain)
	if err != nil || len(links) == 0 {
		return err
	}
	var rows []documentRow
	if err := tx.Where("id IN (SELECT document_id FROM message_attachment WHERE request_id = ?)", string(c.Request.ID)).Find(&rows).Error; err != nil {
		return err
	}
	for _, l := range links {
		for _, r := range rows {
			for i := range c.Messages {
				if c.Messages[i].ID == l.Message && string(l.Document) == r.ID {
					c.Messages[i].Documents = append(c.Messages[i].Documents, r.domain())
				}
			}
		}
	}
	return nil
}

// loadPeople gives the officers who were ever let near the case's bundle.
func loadPeople(tx *gorm.DB, c *requests.Case) error {
	var rows []personRow
	ids := []string{string(c.Request.Officer)}
	for _, g := range c.Grants {
		ids = append(ids, string(g.Officer))
	}
	for _, t := range c.TakeOvers {
		ids = append(ids, string(t.To))
	}
	for _, a := range c.Amendments {
		ids = append(ids, string(a.Officer))
	}
	for _, r := range c.Recalls {
		ids = append(ids, string(cmp.Or(r.AcknowledgedBy, c.Request.Officer)), string(cmp.Or(r.DeletedBy, c.Request.Officer)))
	}
	if err := tx.Where("id IN ?", ids).Order("id").Find(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		c.People = append(c.People, r.domain())
	}
	return nil
}

// Recalls lists the recalls that the actor may see, the newest first.
func (s *Store) Recalls(ctx context.Context, states []string, limit int) (list []requests.RecallSummary, err error) {
	defer fault.Wrap(&err, "store.Recalls")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		q := tx.Table("recall AS c").Select("c.id, c.request_id, c.reason, c.state, c.proposed_at, c.decided_at, c.acknowledged_at, c.deleted_at, c.reminders, r.ref, q.ref AS case_ref, a.name AS agency_name, r.downloads").
			Joins("JOIN release r ON r.id = c.release_id JOIN request q ON q.id = c.request_id JOIN agency a ON a.id = c.agency_id")
		if len(states) > 0 {
			q = q.Where("c.state IN ?", states)
		}
		var found []recallSummaryRow
		if err := q.Order("c.proposed_at DESC, c.id").Limit(limit).Scan(&found).Error; err != nil {
			return err
		}
		for _, f := range found {
			list = append(list, f.domain())
		}
		return nil
	})
	return list, err
}

type recallSummaryRow struct {
	ID             string     `gorm:"column:id"`
	RequestID      string     `gorm:"column:request_id"`
	Reason         string     `gorm:"column:reason"`
	State          string     `gorm:"column:state"`
	ProposedAt     time.Time  `gorm:"column:proposed_at"`
	DecidedAt      *time.Time `gorm:"column:decided_at"`
	AcknowledgedAt *time.Time `gorm:"column:acknowledged_at"`
	DeletedAt      *time.Time `gorm:"column:deleted_at"`
	Reminders      int        `gorm:"column:reminders"`
	Ref            string     `gorm:"column:ref"`
	CaseRef        string     `gorm:"column:case_ref"`
	AgencyName     string     `gorm:"column:agency_name"`
	Downloads      int        `gorm:"column:downloads"`
}

func (r recallSummaryRow) domain() requests.RecallSummary {
	return requests.RecallSummary{ReleaseRef: r.Ref, CaseRef: r.CaseRef, AgencyName: r.AgencyName, Downloads: r.Downloads,
		Recall: requests.Recall{ID: r.ID, Request: requests.ID(r.RequestID), Reason: r.Reason, State: r.State, ProposedAt: r.ProposedAt.UTC(),
			DecidedAt: timeOf(r.DecidedAt), AcknowledgedAt: timeOf(r.AcknowledgedAt), DeletedAt: timeOf(r.DeletedAt), Reminders: r.Reminders}}
}

// Overdue gives cases of which something waits for its time to be noticed: a
// grant that is over or soon will be, a download that lerd was stopped in, a recall that was not
// answered.
func (s *Store) Overdue(ctx context.Context, now time.Time, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.Overdue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT request_id FROM release_grant WHERE ended = '' AND until_at <= CAST(@now AS timestamptz)
			UNION SELECT g.request_id FROM release_grant g WHERE g.ended = '' AND g.delivered = 0 AND g.until_at - (g.until_at - g.from_at) / 10 <= CAST(@now AS timestamptz)
				AND NOT EXISTS (SELECT 1 FROM audit.event e WHERE e.stream = 'grant_ending:' || g.id)
			UNION SELECT request_id FROM release_receipt WHERE state = 'begun' AND begun_at <= @lost
			UNION SELECT request_id FROM recall WHERE state = 'confirmed' AND deleted_at IS NULL AND reminders < 4
				AND decided_at <= CAST(@now AS timestamptz) - make_interval(days => (ARRAY[3, 7, 14, 30])[reminders + 1])
			UNION SELECT k.request_id FROM preservation k JOIN request q ON q.id = k.request_id WHERE q.state = 'preserved' AND (k.until_at <= CAST(@now AS timestamptz)
				OR k.reminders < 3 AND k.until_at - make_interval(days => (ARRAY[30, 14, 3])[k.reminders + 1]) <= CAST(@now AS timestamptz))
			LIMIT @limit`, map[string]any{"now": micro(now), "lost": micro(now.Add(-time.Hour)), "limit": limit}).Scan(&ids).Error
	})
	return ids, err
}

// UsedUp gives the cases with an open grant that has no download left.
func (s *Store) UsedUp(ctx context.Context, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.UsedUp")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT DISTINCT request_id FROM release_grant WHERE ended = '' AND (delivered >= deliveries OR begun >= 5 * deliveries) LIMIT ?", limit).Scan(&ids).Error
	})
	return ids, err
}

// loadKeptUnder gives earlier preservations of the agency that name an account of
// the case by the same identifier.
func loadKeptUnder(tx *gorm.DB, c *requests.Case) error {
	var rows []struct {
		ID      string    `gorm:"column:id"`
		Ref     string    `gorm:"column:ref"`
		FromAt  time.Time `gorm:"column:from_at"`
		UntilAt time.Time `gorm:"column:until_at"`
	}
	err := tx.Raw(`SELECT DISTINCT q.id, q.ref, k.from_at, k.until_at FROM target t
		JOIN target o ON o.agency_id = t.agency_id AND o.kind = t.kind AND o.identifier = t.identifier AND o.request_id <> t.request_id
		JOIN preservation k ON k.request_id = o.request_id JOIN request q ON q.id = k.request_id
		WHERE t.request_id = ? ORDER BY k.from_at, q.id`, string(c.Request.ID)).Scan(&rows).Error
	for _, r := range rows {
		c.KeptUnder = append(c.KeptUnder, requests.KeptUnder{Request: requests.ID(r.ID), Ref: r.Ref, From: r.FromAt.UTC(), Until: r.UntilAt.UTC()})
	}
	return err
}

// PreservedBy counts the preservations of an agency that run.
func (s *Store) PreservedBy(ctx context.Context, agency identity.AgencyID) (n int, err error) {
	defer fault.Wrap(&err, "store.PreservedBy")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT count(*) FROM request WHERE agency_id = ? AND state = 'preserved'", string(agency)).Scan(&n).Error
	})
	return n, err
}

// ResultsDue gives cases that were answered since a time and whose answer is not signed yet.
func (s *Store) ResultsDue(ctx context.Context, since time.Time, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.ResultsDue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if !since.IsZero() {
			if err := byKeys(tx); err != nil {
				return err
			}
		}
		return tx.Raw(`SELECT q.id FROM request q WHERE q.state IN ('refused', 'no_data') AND q.closed_at >= @since
				AND NOT EXISTS (SELECT 1 FROM result x WHERE x.request_id = q.id AND x.basis = q.state || ':' || q.version)
			UNION SELECT r.request_id FROM release r WHERE r.state = 'exported' AND r.exported_at >= @since
				AND NOT EXISTS (SELECT 1 FROM result x WHERE x.request_id = r.request_id AND x.basis = r.id::text)
			LIMIT @limit`, map[string]any{"since": micro(since), "limit": limit}).Scan(&ids).Error
	})
	return ids, err
}

// FallenReleases gives the cases whose bundle is out and rests on a finding that
// was overturned, without a recall.
func (s *Store) FallenReleases(ctx context.Context, limit int) (list []requests.Fallen, err error) {
	defer fault.Wrap(&err, "store.FallenReleases")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		return tx.Raw(`WITH fell AS MATERIALIZED (SELECT f.id, i.release_id FROM finding f JOIN release_item i ON i.finding_id = f.id WHERE f.state = 'overturned')
			SELECT DISTINCT ON (r.id) r.request_id AS request, fell.id AS finding
			FROM fell CROSS JOIN LATERAL (SELECT * FROM release x WHERE x.id = fell.release_id OFFSET 0) r
			WHERE r.state = 'exported'
			  AND NOT EXISTS (SELECT 1 FROM recall c WHERE c.release_id = r.id AND c.finding_id = fell.id)
			  AND NOT EXISTS (SELECT 1 FROM recall c WHERE c.release_id = r.id AND c.state <> 'rejected')
			ORDER BY r.id, fell.id LIMIT ?`, limit).Scan(&list).Error
	})
	return list, err
}
