package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// SnapshotsDue gives the preservations of which a target has no snapshot yet, and
// those whose snapshots nothing needs any more.
func (s *Store) SnapshotsDue(ctx context.Context, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.SnapshotsDue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT t.request_id FROM target t JOIN request q ON q.id = t.request_id WHERE q.state = 'preserved'
				AND NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.target_id = t.id AND s.state <> 'begun')
			UNION SELECT t.request_id FROM arrival a JOIN request q ON q.id = a.request_id AND kept_on_arrival(q.state) JOIN target t ON t.request_id = q.id
				WHERE NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.target_id = t.id AND s.state <> 'begun')
			UNION SELECT s.request_id FROM snapshot s WHERE s.state = 'erased' OR s.state IN ('begun', 'taken') AND NOT snapshot_needed(s.request_id)
			LIMIT ?`, limit).Scan(&ids).Error
	})
	return ids, err
}

// Snapshots gives the snapshots of a preservation.
func (s *Store) Snapshots(ctx context.Context, id requests.ID) (list []requests.Snapshot, err error) {
	defer fault.Wrap(&err, "store.Snapshots")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = loadAll(tx.Order("begun_at, id"), id, snapshotRow.domain)
		return err
	})
	return list, err
}

// SnapshotsFor gives the snapshots that an order may be answered from: of
// preservations of its agency that it draws on, or that named the same
// identifier; the earliest first.
func (s *Store) SnapshotsFor(ctx context.Context, order requests.ID) (list []requests.Snapshot, err error) {
	defer fault.Wrap(&err, "store.SnapshotsFor")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []snapshotRow
		err := tx.Raw(`SELECT s.* FROM snapshot s JOIN request q ON q.id = @order AND q.agency_id = s.agency_id
			WHERE s.state = 'taken' AND (EXISTS (SELECT 1 FROM request_link l WHERE l.request_id = q.id AND l.follows_id = s.request_id AND l.kind = 'kept')
				OR EXISTS (SELECT 1 FROM target t JOIN target o ON o.id = s.target_id AND o.kind = t.kind AND o.identifier = t.identifier WHERE t.request_id = q.id))
			ORDER BY s.taken_at, s.id`, map[string]any{"order": string(order)}).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// Arrivals gives open requests by these processes whose data are not kept yet, of
// agencies of which fewer than most are kept at a time.
func (s *Store) Arrivals(ctx context.Context, processes []string, most, limit int) (ids []requests.ID, err error) {
	defer fault.Wrap(&err, "store.Arrivals")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`WITH waiting AS (SELECT q.id, q.agency_id, q.received_at, row_number() OVER (PARTITION BY q.agency_id ORDER BY q.received_at, q.id) AS nth
				FROM request q JOIN agency g ON g.id = q.agency_id AND g.standing = 'verified'
				WHERE q.process_id IN @processes AND kept_on_arrival(q.state) AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.request_id = q.id)),
			running AS (SELECT w.agency_id, (SELECT count(*) FROM arrival a JOIN request o ON o.id = a.request_id WHERE a.agency_id = w.agency_id AND kept_on_arrival(o.state)) AS n
				FROM waiting w GROUP BY w.agency_id)
			SELECT w.id FROM waiting w JOIN running r ON r.agency_id = w.agency_id WHERE w.nth + r.n <= @most ORDER BY w.received_at, w.id LIMIT @limit`, map[string]any{"processes": processes, "most": most, "limit": limit}).Scan(&ids).Error
	})
	return ids, err
}

// Arrived tells whether the data of a request are kept since it arrived.
func (s *Store) Arrived(ctx context.Context, id requests.ID) (there bool, err error) {
	defer fault.Wrap(&err, "store.Arrived(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw("SELECT EXISTS (SELECT 1 FROM arrival WHERE request_id = ?)", string(id)).Scan(&there).Error
	})
	return there, err
}
