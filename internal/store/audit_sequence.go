package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// sequenceLock is the advisory lock of the one sequencer. The number is
// arbitrary and never changes.
const sequenceLock = 0x6c657264_6c6f67 // "lerdlog"

// AuditSequence is the audit log as the sequencer works on it. It remembers
// between sessions from which transaction on it must look for new events.
type AuditSequence struct {
	db *sql.DB

	mu   sync.Mutex
	base string // the running database that low belongs to
	low  uint64 // every event of a transaction before this one is placed
}

// NewAuditSequence works on the database with the application's role.
func NewAuditSequence(db *gorm.DB) (*AuditSequence, error) {
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	return &AuditSequence{db: pool}, nil
}

// Tiles reads the tree as it is placed, published or not.
func (s *AuditSequence) Tiles() audit.TileReader { return AuditReader{pool: s.db, all: true} }

// AuditSession is the one session that may place events at a time. It holds a
// connection, and the advisory lock lives as long as that connection.
type AuditSession struct {
	seq  *AuditSequence
	conn *sql.Conn
}

// Lock begins the one session that there may be, or gives nil where another
// process has it.
func (s *AuditSequence) Lock(ctx context.Context) (_ *AuditSession, err error) {
	defer fault.Wrap(&err, "store.AuditSequence.Lock")
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got bool
	err = conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, int64(sequenceLock)).Scan(&got)
	if err != nil || !got {
		return nil, errors.Join(err, conn.Close())
	}
	return &AuditSession{s, conn}, nil
}

// Close lets the next session begin. A lock that cannot be let go is lost with
// its connection.
func (s *AuditSession) Close() error {
	var freed bool
	err := s.conn.QueryRowContext(context.Background(), `SELECT pg_advisory_unlock($1)`, int64(sequenceLock)).Scan(&freed)
	if err != nil || !freed {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	if err := s.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}

// Head gives the number of placed events and the newest published checkpoint,
// nil if there is none.
func (s *AuditSession) Head(ctx context.Context) (leaves uint64, note []byte, err error) {
	defer fault.Wrap(&err, "store.AuditSession.Head")
	err = s.conn.QueryRowContext(ctx, `SELECT
		(SELECT coalesce(max(index) + 1, 0) FROM audit.leaf),
		(SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1)`).Scan(&leaves, &note)
	return leaves, note, err
}

// Append makes a round's places and full tiles durable together. Partial tiles
// follow from these and are not stored. It fails if another session has placed
// anything since this one looked.
func (s *AuditSession) Append(ctx context.Context, g audit.Growth) (err error) {
	defer fault.Wrap(&err, "store.AuditSession.Append(%d+%d)", g.First, len(g.Events))
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// Rows of steps with asynchronous commit may be visible before they are
	// durable; a synchronous commit flushes everything before it.
	if _, err := tx.ExecContext(ctx, `SET LOCAL synchronous_commit = on`); err != nil {
		return err
	}
	if err := insertLeaves(ctx, tx, g); err != nil {
		return err
	}
	if err := insertTiles(ctx, tx, g.Tiles); err != nil {
		return err
	}
	return tx.Commit()
}

func insertLeaves(ctx context.Context, tx *sql.Tx, g audit.Growth) error {
	index := make([]int64, len(g.Events))
	ids := make([]string, len(g.Events))
	hashes := make([][]byte, len(g.Events))
	for i, e := range g.Events {
		index[i], ids[i], hashes[i] = int64(g.First)+int64(i), string(e.ID), g.Events[i].Hash[:]
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO audit.leaf (index, event_id, hash)
		SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[])`, index, ids, hashes)
	return err
}

func insertTiles(ctx context.Context, tx *sql.Tx, tiles []audit.Tile) error {
	var levels []int16
	var index []int64
	var data, roots [][]byte
	for _, t := range tiles {
		if t.Width < audit.TileWidth {
			continue
		}
		root := perfectRoot(t.Data)
		levels, index = append(levels, int16(t.Level)), append(index, int64(t.Index))
		data, roots = append(data, t.Data), append(roots, root[:])
	}
	if len(levels) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO audit.tile (level, index, data, root)
		SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])`, levels, index, data, roots)
	return err
}

// perfectRoot is the root over a full tile's hashes.
func perfectRoot(tile []byte) audit.Hash {
	h := make([]audit.Hash, len(tile)/audit.HashSize)
	for i := range h {
		copy(h[i][:], tile[i*audit.HashSize:])
	}
	for ; len(h) > 1; h = h[:len(h)/2] {
		for i := 0; i < len(h)/2; i++ {
			h[i] = audit.NodeHash(h[2*i], h[2*i+1])
		}
	}
	return h[0]
}

// Publish shows a signed checkpoint to readers. What is published already stays
// as it is.
func (s *AuditSession) Publish(ctx context.Context, c audit.SignedCheckpoint) (err error) {
	defer fault.Wrap(&err, "store.AuditSession.Publish(%d)", c.Size)
	_, err = s.conn.ExecContext(ctx, `INSERT INTO audit.checkpoint (size, root, note) VALUES ($1, $2, $3)
		ON CONFLICT (size) DO NOTHING`, int64(c.Size), c.Root[:], c.Note)
	return err
}
