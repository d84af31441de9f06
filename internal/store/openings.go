package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/transparency"
)

// Openings reads what opens one value of the log's entries.
type Openings struct {
	pool gorm.ConnPool
	name string
}

// CountOpenings gives the openings of what events count.
func (s *Store) CountOpenings() Openings {
	return Openings{s.db.Statement.ConnPool, audit.CountValue}
}

// FactOpenings gives the openings of closed facts.
func (s *Store) FactOpenings() Openings {
	return Openings{s.db.Statement.ConnPool, audit.FactsValue}
}

// From gives the openings of the entries from first to before end, in their order.
func (o Openings) From(ctx context.Context, first, end uint64) (out []transparency.Opening, err error) {
	defer fault.Wrap(&err, "store.Openings(%s, %d, %d)", o.name, first, end)
	rows, err := o.pool.QueryContext(ctx, `SELECT l.index, o.salt, o.value FROM audit.leaf l JOIN audit.opening o ON o.event_id = l.event_id AND o.name = $3
		WHERE l.index >= $1 AND l.index < $2 ORDER BY l.index`, int64(first), int64(end), o.name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var index int64
		var salt, value []byte
		if err := rows.Scan(&index, &salt, &value); err != nil {
			return nil, err
		}
		out = append(out, transparency.Opening{Index: uint64(index), ValueOpening: audit.ValueOpening{Salt: audit.Salt(salt), Value: value}})
	}
	return out, rows.Err()
}
