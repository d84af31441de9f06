package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/audit"
)

// standingRow is a business row as it stands.
type standingRow struct {
	table, id, event string // event wrote it last, as the row says
	canonical        []byte
}

// rowBatch finds the salts of many rows at once and gives the rows to the replay.
type rowBatch struct {
	pool   gorm.ConnPool
	replay *replay
	rows   []standingRow
}

const saltBatch = 2000

func (b *rowBatch) add(ctx context.Context, r standingRow) error {
	if b.rows = append(b.rows, r); len(b.rows) < saltBatch {
		return nil
	}
	return b.flush(ctx)
}

func (b *rowBatch) flush(ctx context.Context) error {
	salts, err := b.salts(ctx)
	if err != nil {
		return err
	}
	for _, r := range b.rows {
		var c *audit.Commitment
		if salt, ok := salts[r.event]; ok {
			made := audit.Commit(salt, audit.RowField(r.table, r.id), r.canonical)
			c = &made
		}
		if err := b.replay.stands(r.table, r.id, r.event, c); err != nil {
			return err
		}
	}
	b.rows = b.rows[:0]
	return nil
}

// salts reads the salts of the rows' events, by event; erased ones are not there.
func (b *rowBatch) salts(ctx context.Context) (map[string]audit.Salt, error) {
	var ids []string
	seen := map[string]bool{}
	for _, r := range b.rows {
		if !seen[r.event] {
			seen[r.event] = true
			ids = append(ids, r.event)
		}
	}
	rows, err := b.pool.QueryContext(ctx, `SELECT event_id::text, body FROM audit.payload WHERE event_id = ANY ($1)`, ids)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]audit.Salt{}
	for rows.Next() {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		p, err := audit.ParsePayload(body)
		if err != nil {
			return nil, differs("The payload of event %s is not the one that was recorded: %v.", id, err)
		}
		out[id] = p.Salt
	}
	return out, rows.Err()
}
