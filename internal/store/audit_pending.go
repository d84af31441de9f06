package store

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// pendingEvents reads the events without a place, in the order of their
// transactions, together with what of their reasons has a place.
const pendingEvents = `
SELECT e.id, e.xid::text, e.stream, e.version, e.causes::text[], e.entry,
       e.version = 1 OR EXISTS (SELECT 1 FROM audit.event p JOIN audit.leaf l ON l.event_id = p.id
                                WHERE p.stream = e.stream AND p.version = e.version - 1),
       ARRAY(SELECT c::text FROM unnest(e.causes) c WHERE NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = c))
FROM audit.event e
WHERE e.xid >= $1::text::xid8 AND NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = e.id)
ORDER BY e.xid, e.id LIMIT $2`

// byIndex has the few new events looked up one by one. On the statistics of a
// moment ago, when there were hardly any, reading the whole log may look as
// cheap as that.
const byIndex = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

// Pending gives up to limit events that have no place yet, ordered by their
// transaction and id.
//
// All committed events are given, not only those of transactions before
// pg_snapshot_xmin: an event's reasons are committed before it is, so every
// snapshot that shows the event shows them too, and a slow transaction does not
// hold the log back. The horizon only says from where to look next time: what
// is still to come belongs to a transaction at or after it. The first call in
// the life of a process, or of a server, looks at everything.
func (s *AuditSession) Pending(ctx context.Context, limit int) (out []audit.Pending, err error) {
	defer fault.Wrap(&err, "store.AuditSession.Pending")
	low, horizon, err := s.lookFrom(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := s.conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if low > 0 {
		if _, err := tx.ExecContext(ctx, byIndex); err != nil {
			return nil, err
		}
	}
	rows, err := tx.QueryContext(ctx, pendingEvents, strconv.FormatUint(low, 10), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types := pgtype.NewMap()
	for rows.Next() {
		p, xid, err := scanPending(rows, types)
		if err != nil {
			return nil, err
		}
		horizon = min(horizon, xid) // it has no place before Append, and may be held back
		out = append(out, p)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	s.seq.mu.Lock()
	defer s.seq.mu.Unlock()
	s.seq.low = horizon
	return out, nil
}

// lookFrom gives the transaction from which on events may lack a place, and
// the oldest transaction still running. The latter is read before the events
// are. Transaction numbers mean nothing on another server than they came from:
// after a restart, or on a restored database, everything is looked at.
func (s *AuditSession) lookFrom(ctx context.Context) (low, horizon uint64, err error) {
	var base, xmin string
	err = s.conn.QueryRowContext(ctx, `SELECT
		pg_postmaster_start_time()::text || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database()),
		pg_snapshot_xmin(pg_current_snapshot())::text`).Scan(&base, &xmin)
	if err != nil {
		return 0, 0, err
	}
	if horizon, err = strconv.ParseUint(xmin, 10, 64); err != nil {
		return 0, 0, err
	}
	s.seq.mu.Lock()
	defer s.seq.mu.Unlock()
	if s.seq.base != base {
		s.seq.base, s.seq.low = base, 0
	}
	return s.seq.low, horizon, nil
}

func scanPending(rows *sql.Rows, types *pgtype.Map) (p audit.Pending, xid uint64, err error) {
	var number string
	var entry []byte
	var causes, unplaced pgtype.FlatArray[string]
	err = rows.Scan((*string)(&p.ID), &number, &p.Stream, &p.Version, types.SQLScanner(&causes), &entry,
		&p.PredecessorPlaced, types.SQLScanner(&unplaced))
	if err != nil {
		return p, 0, err
	}
	p.Causes, p.CausesUnplaced, p.Hash = eventIDs(causes), eventIDs(unplaced), audit.LeafHash(entry)
	xid, err = strconv.ParseUint(number, 10, 64)
	return p, xid, err
}

func eventIDs(ids []string) []audit.EventID {
	out := make([]audit.EventID, len(ids))
	for i, id := range ids {
		out[i] = audit.EventID(id)
	}
	return out
}
