package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

type draftRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	AgencyID  string     `gorm:"column:agency_id"`
	UnitID    *string    `gorm:"column:unit_id"`
	OwnerID   string     `gorm:"column:owner_id"`
	State     string     `gorm:"column:state"`
	RequestID *string    `gorm:"column:request_id"`
	Sealed    []byte     `gorm:"column:sealed"`
	SealedKey []byte     `gorm:"column:sealed_key"`
	Blob      string     `gorm:"column:blob"`
	Version   int64      `gorm:"column:version"`
	CreatedAt time.Time  `gorm:"column:created_at;autoCreateTime:false"`
	ChangedAt time.Time  `gorm:"column:changed_at"`
	ExpiresAt time.Time  `gorm:"column:expires_at"`
	WarnedAt  *time.Time `gorm:"column:warned_at"`
}

// TableName names the table.
func (draftRow) TableName() string { return "draft" }

func fromDraft(d requests.Draft) draftRow {
	return draftRow{string(d.ID), string(d.Agency), nilText(d.Unit), string(d.Owner), string(d.State), nilText(d.Request), d.Sealed, d.SealedKey, d.Blob, d.Version,
		micro(d.CreatedAt), micro(d.ChangedAt), micro(d.ExpiresAt), nilTime(d.WarnedAt)}
}

func (r draftRow) domain() requests.Draft {
	return requests.Draft{ID: requests.DraftID(r.ID), Agency: identity.AgencyID(r.AgencyID), Unit: text[identity.UnitID](r.UnitID), Owner: identity.PersonID(r.OwnerID),
		State: requests.DraftState(r.State), Request: text[requests.ID](r.RequestID), Sealed: r.Sealed, SealedKey: r.SealedKey, Blob: r.Blob, Version: r.Version,
		CreatedAt: r.CreatedAt.UTC(), ChangedAt: r.ChangedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), WarnedAt: timeOf(r.WarnedAt)}
}

// putDrafts writes the drafts of a part, beside the event that tells of them.
func putDrafts(tx *gorm.DB, values []any) error {
	for _, v := range values {
		if d, ok := v.(*requests.Draft); ok {
			if err := putDraft(tx, *d); err != nil {
				return err
			}
		}
	}
	return nil
}

// putDraft adds a draft of version 1, and otherwise changes the one whose
// version is the one before.
func putDraft(tx *gorm.DB, d requests.Draft) error {
	row := fromDraft(d)
	if d.Version == 1 {
		return tx.Create(&row).Error
	}
	q := tx.Model(&row).Where("id = ? AND version = ?", row.ID, d.Version-1).Select("*").Omit("id").Updates(&row)
	if q.Error == nil && q.RowsAffected == 0 {
		return fault.New(fault.Conflict, "Somebody else changed this draft at the same time. Reload the page to see where it stands.")
	}
	return q.Error
}

// PutDraft changes a draft without an event: what is typed is nobody's business.
func (s *Store) PutDraft(ctx context.Context, d requests.Draft) (err error) {
	defer fault.Wrap(&err, "store.PutDraft(%s)", d.ID)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error { return putDraft(tx, d) })
}

// Draft gives a draft of the actor's agency, or NotFound.
func (s *Store) Draft(ctx context.Context, id requests.DraftID) (d requests.Draft, err error) {
	defer fault.Wrap(&err, "store.Draft(%s)", id)
	list, err := s.drafts(ctx, func(tx *gorm.DB) *gorm.DB { return tx.Where("id = ?", string(id)) })
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "There is nothing here.")
	}
	if err == nil {
		d = list[0]
	}
	return d, err
}

// Drafts gives the open drafts that the actor's agency works on, the last
// changed first, at most 200.
func (s *Store) Drafts(ctx context.Context, f requests.DraftFilter) (page requests.DraftPage, err error) {
	defer fault.Wrap(&err, "store.Drafts")
	seen := map[string]any{"owner": string(f.Owner), "unit": string(f.Unit), "now": micro(f.Now)}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT count(*) FILTER (WHERE d.owner_id::text = @owner) AS own, count(*) FILTER (WHERE coalesce(d.unit_id::text, '') = @unit) AS of_unit, count(*) AS seen
			FROM draft d WHERE d.state = 'open' AND d.expires_at > @now AND (d.owner_id::text = @owner OR coalesce(d.unit_id::text, '') = @unit)`, seen).
			Row().Scan(&page.Own, &page.OfUnit, &page.Seen)
	})
	if err != nil || f.Limit == 0 {
		return page, err
	}
	page.List, err = s.drafts(ctx, func(tx *gorm.DB) *gorm.DB {
		return tx.Where("state = 'open' AND expires_at > @now AND (owner_id::text = @owner OR coalesce(unit_id::text, '') = @unit)", seen).
			Order("changed_at DESC, id").Limit(f.Limit).Offset(f.Skip)
	})
	return page, err
}

// DraftsOfRequest gives the draft of which a request was made, none for one that
// was made without.
func (s *Store) DraftsOfRequest(ctx context.Context, id requests.ID) (list []requests.Draft, err error) {
	defer fault.Wrap(&err, "store.DraftsOfRequest(%s)", id)
	return s.drafts(ctx, func(tx *gorm.DB) *gorm.DB { return tx.Where("request_id = ?", string(id)) })
}

// DueDrafts gives drafts that are to be erased or told about at now: expired
// ones, open ones that expire before warn and were not told about, and sent ones
// whose request cannot go back any more. At most 100 at a time.
func (s *Store) DueDrafts(ctx context.Context, now, warn time.Time) (list []requests.Draft, err error) {
	defer fault.Wrap(&err, "store.DueDrafts")
	return s.drafts(ctx, func(tx *gorm.DB) *gorm.DB {
		return tx.Where(`state <> 'erased' AND ((expires_at <= @now AND state = 'open') OR (expires_at <= @warn AND warned_at IS NULL AND state = 'open')
			OR (state = 'sent' AND EXISTS (SELECT 1 FROM request q WHERE q.id = draft.request_id AND q.state <> 'awaiting_cosignature'
				AND (q.state <> 'submitted' OR q.received_at < @undo))))`,
			map[string]any{"now": micro(now), "warn": micro(warn), "undo": micro(now.Add(-requests.UndoWindow))}).Order("expires_at, id").Limit(100)
	})
}

func (s *Store) drafts(ctx context.Context, where func(*gorm.DB) *gorm.DB) (list []requests.Draft, err error) {
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []draftRow
		if err := where(tx.Model(&draftRow{})).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// AskedBefore gives what the agency asked before about the same accounts, the
// newest first; what went back into its draft was not asked.
func (s *Store) AskedBefore(ctx context.Context, agency identity.AgencyID, targets []requests.Target) (list []requests.Earlier, err error) {
	defer fault.Wrap(&err, "store.AskedBefore(%s)", agency)
	var names [][]any
	for _, t := range targets {
		if !t.Identifier.Empty() {
			names = append(names, []any{t.Kind, t.Identifier.Reveal()})
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			ID, Ref, Kind, Identifier string
			ReceivedAt                time.Time
		}
		err := tx.Raw(`SELECT q.id, q.ref, t.kind, t.identifier, q.received_at FROM target t JOIN request q ON q.id = t.request_id
			WHERE t.agency_id = ? AND (t.kind, t.identifier) IN ? AND q.state <> 'redrafted' ORDER BY q.received_at DESC LIMIT 200`, string(agency), names).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, requests.Earlier{Request: requests.ID(r.ID), Ref: r.Ref, Kind: r.Kind, Identifier: r.Identifier, At: r.ReceivedAt.UTC()})
		}
		return err
	})
	return list, err
}

// selectBlobs gives what rows name, of some names: drafts, documents, results with
// their seals, and bundles of releases that were not cancelled.
const selectBlobs = `SELECT blob FROM draft WHERE blob IN @names
	UNION SELECT 'documents/' || id || '.pdf' FROM document WHERE 'documents/' || id || '.pdf' IN @names
	UNION SELECT n FROM result, unnest(ARRAY['results/' || id || '.json', 'results/' || id || '.p7s']) AS n WHERE n IN @names
	UNION SELECT 'bundles/' || id || '.p7m' FROM release_copy WHERE 'bundles/' || id || '.p7m' IN @names
	UNION SELECT 'bundles/' || id || '.p7m' FROM release WHERE state <> 'cancelled' AND 'bundles/' || id || '.p7m' IN @names`

// BlobsInUse tells of names of areas that are swept which some row names.
func (s *Store) BlobsInUse(ctx context.Context, names []string) (used map[string]bool, err error) {
	defer fault.Wrap(&err, "store.BlobsInUse")
	used = map[string]bool{}
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var found []string
		if err := tx.Raw(selectBlobs, map[string]any{"names": names}).Scan(&found).Error; err != nil {
			return err
		}
		for _, n := range found {
			used[n] = true
		}
		return nil
	})
	return used, err
}
