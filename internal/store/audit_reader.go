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
)

// AuditReader reads the log out of the live rows, so that an edited row shows
// at once to whoever verifies. It is an audit.LogReader: what is absent is
// fs.ErrNotExist.
type AuditReader struct {
	pool gorm.ConnPool
	all  bool // also what is placed and not yet published
}

// NewAuditReader reads what is published, which is what may be shown: a path
// that was served once never changes its content, even if what was placed and
// not yet published is lost.
func NewAuditReader(db *gorm.DB) AuditReader { return AuditReader{pool: db.Statement.ConnPool} }

// Placed gives how many entries have their place, published or not.
func (r AuditReader) Placed(ctx context.Context) (n uint64, err error) {
	defer fault.Wrap(&err, "store.Placed")
	placed, err := placed(ctx, r.pool)
	return uint64(placed), err
}

// placed gives how many entries have their place in the log.
func placed(ctx context.Context, pool gorm.ConnPool) (n int64, err error) {
	err = pool.QueryRowContext(ctx, "SELECT coalesce(max(index) + 1, 0) FROM audit.leaf").Scan(&n)
	return n, err
}

// ReadCheckpoint gives the newest published checkpoint.
func (r AuditReader) ReadCheckpoint(ctx context.Context) (note []byte, err error) {
	defer fault.Wrap(&err, "store.ReadCheckpoint")
	err = r.pool.QueryRowContext(ctx, `SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1`).Scan(&note)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no checkpoint yet: %w", fs.ErrNotExist)
	}
	return note, err
}

// ReadTile gives width hashes of a tile. A partial tile is cut from the hashes
// that the log keeps anyway.
func (r AuditReader) ReadTile(ctx context.Context, level uint8, index uint64, width int) (data []byte, err error) {
	defer fault.Wrap(&err, "store.ReadTile(%d, %d, %d)", level, index, width)
	if level > 7 {
		return nil, fs.ErrNotExist
	}
	if err := r.check(ctx, level, index, width); err != nil {
		return nil, err
	}
	if width == audit.TileWidth {
		err = r.pool.QueryRowContext(ctx, `SELECT data FROM audit.tile WHERE level = $1 AND index = $2`, int16(level), int64(index)).Scan(&data)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("tile: %w", fs.ErrNotExist)
		}
		return data, err
	}
	if level == 0 {
		return r.join(ctx, `SELECT hash FROM audit.leaf WHERE index >= $1 AND index < $2 ORDER BY index`, index, width)
	}
	return r.join(ctx, fmt.Sprintf(`SELECT root FROM audit.tile WHERE level = %d AND index >= $1 AND index < $2 ORDER BY index`, level-1), index, width)
}

// ReadEntries gives the entry bundle of width entries, straight from the events.
func (r AuditReader) ReadEntries(ctx context.Context, index uint64, width int) (bundle []byte, err error) {
	defer fault.Wrap(&err, "store.ReadEntries(%d, %d)", index, width)
	if err := r.check(ctx, 0, index, width); err != nil {
		return nil, err
	}
	n := 0
	err = r.each(ctx, `SELECT e.entry FROM audit.leaf l JOIN audit.event e ON e.id = l.event_id
		WHERE l.index >= $1 AND l.index < $2 ORDER BY l.index`, index, width, func(entry []byte) (err error) {
		n++
		bundle, err = audit.AppendBundle(bundle, entry)
		return err
	})
	if err == nil && n != width {
		err = fmt.Errorf("%d of %d entries are there: %w", n, width, fs.ErrNotExist)
	}
	return bundle, err
}

// check refuses what is beyond the published size.
func (r AuditReader) check(ctx context.Context, level uint8, index uint64, width int) error {
	if width < 1 || width > audit.TileWidth {
		return fs.ErrNotExist
	}
	if r.all {
		return nil
	}
	var size int64
	if err := r.pool.QueryRowContext(ctx, `SELECT coalesce(max(size), 0) FROM audit.checkpoint`).Scan(&size); err != nil {
		return err
	}
	hashes := uint64(size) >> (8 * int(level)) // on that level
	if index > hashes/audit.TileWidth || index*audit.TileWidth+uint64(width) > hashes {
		return fs.ErrNotExist
	}
	return nil
}

// join reads hashes that lie in rows and puts them into a tile's bytes.
func (r AuditReader) join(ctx context.Context, query string, index uint64, width int) (data []byte, err error) {
	err = r.each(ctx, query, index, width, func(hash []byte) error {
		data = append(data, hash...)
		return nil
	})
	if err == nil && len(data) != width*audit.HashSize {
		err = fmt.Errorf("%d of %d hashes are there: %w", len(data)/audit.HashSize, width, fs.ErrNotExist)
	}
	return data, err
}

// each calls f with the one column of the rows from a tile's first on.
func (r AuditReader) each(ctx context.Context, query string, index uint64, width int, f func([]byte) error) error {
	if index > 1<<54 { // beyond every bigint once multiplied
		return fs.ErrNotExist
	}
	first := int64(index) * audit.TileWidth
	rows, err := r.pool.QueryContext(ctx, query, first, first+int64(width))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Proof gives the tlog-proof of an event under the newest published checkpoint.
// It is NotFound while the event is not under one. SPEC: C2SP tlog-proof.
func (r AuditReader) Proof(ctx context.Context, id audit.EventID) (proof []byte, err error) {
	defer fault.Wrap(&err, "store.Proof(%s)", id)
	var index, size int64
	var note []byte
	err = r.pool.QueryRowContext(ctx, `
		SELECT l.index, c.size, c.note FROM audit.leaf l
		CROSS JOIN LATERAL (SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1) c
		WHERE l.event_id = $1 AND l.index < c.size`, string(id)).Scan(&index, &size, &note)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "This event is not under a signed checkpoint yet.")
	}
	if err != nil {
		return nil, err
	}
	hashes, err := audit.InclusionProof(ctx, r, uint64(index), uint64(size))
	if err != nil {
		return nil, err
	}
	return audit.Proof{Index: uint64(index), Hashes: hashes, Checkpoint: note}.Format(), nil
}

// Entry gives the entry of an event, NotFound if there is none.
func (r AuditReader) Entry(ctx context.Context, id audit.EventID) (entry audit.Entry, err error) {
	defer fault.Wrap(&err, "store.Entry(%s)", id)
	err = r.pool.QueryRowContext(ctx, `SELECT entry FROM audit.event WHERE id = $1`, string(id)).Scan((*[]byte)(&entry))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "There is no event %s.", id)
	}
	return entry, err
}

// EventAt gives the id of the event at an index, NotFound beyond the log's end.
func (r AuditReader) EventAt(ctx context.Context, index uint64) (id audit.EventID, err error) {
	defer fault.Wrap(&err, "store.EventAt(%d)", index)
	err = r.pool.QueryRowContext(ctx, `SELECT event_id FROM audit.leaf WHERE index = $1`, int64(index)).Scan((*string)(&id))
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "The log has no entry %d.", index)
	}
	return id, err
}
