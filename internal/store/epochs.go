package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/oversight"
)

// Epochs gives the epochs of the log after the first, in their order, as their
// events say, and lets what is recorded from now on name the last one that has its
// place in the log.
func (s *Store) Epochs(ctx context.Context) (list []audit.Epoch, err error) {
	defer fault.Wrap(&err, "store.Epochs")
	rows, err := s.sql.QueryContext(ctx, `SELECT e.entry, EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = e.id)
		FROM log_epoch n JOIN audit.event e ON e.id = n.event_id ORDER BY n.epoch`)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var entry []byte
		var x audit.Epoch
		if err := rows.Scan(&entry, &x.Placed); err != nil {
			return nil, err
		}
		record, err := audit.ParseEntry(entry)
		if err == nil {
			x.EpochBegun, err = audit.ParseEpochBegun(record)
		}
		if err != nil {
			return nil, &audit.Violation{Breach: audit.BadEpoch, Reason: "the database has an epoch whose event begins none", Err: err}
		}
		x.Hash = audit.LeafHash(entry)
		if list = append(list, x); x.Placed {
			s.epoch.Store(x.Number - 1)
		}
	}
	return list, rows.Err()
}

// LossWords gives the words on one loss, the oldest first.
func (c Console) LossWords(ctx context.Context, loss string) (list []oversight.LossWord, err error) {
	defer fault.Wrap(&err, "store.LossWords")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []lossWordRow
		err := tx.Where("loss_sha256 = ?", loss).Order("at, id").Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// LogEpochs gives the epochs after the first, in their order.
func (c Console) LogEpochs(ctx context.Context) (list []oversight.LogEpoch, err error) {
	defer fault.Wrap(&err, "store.LogEpochs")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []logEpochRow
		err := tx.Order("epoch").Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// EpochCheckpoint gives the last checkpoint that was published in an epoch which
// has ended, from what is still there; fs.ErrNotExist if it has not.
func (r AuditReader) EpochCheckpoint(ctx context.Context, epoch int64) (note []byte, err error) {
	defer fault.Wrap(&err, "store.EpochCheckpoint(%d)", epoch)
	err = r.pool.QueryRowContext(ctx, `SELECT k.note FROM audit.checkpoint k, log_epoch n
		WHERE n.epoch = (SELECT min(m.epoch) FROM log_epoch m WHERE m.epoch > $1) AND k.size <= n.size
		  AND k.size >= coalesce((SELECT max(m.size) FROM log_epoch m WHERE m.epoch <= $1), 0)
		ORDER BY k.size DESC LIMIT 1`, epoch).Scan(&note)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no epoch %d that has ended: %w", epoch, fs.ErrNotExist)
	}
	return note, err
}
