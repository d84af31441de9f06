package store

import (
	"context"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/transparency"
)

// CountOpenings reads what opens the counts of the log's entries.
type CountOpenings struct{ pool gorm.ConnPool }

// CountOpenings gives the openings that were kept beside the log.
func (s *Store) CountOpenings() CountOpenings { return CountOpenings{s.db.Statement.ConnPool} }

// From gives the openings of the entries from first to before end, in their order.
func (c CountOpenings) From(ctx context.Context, first, end uint64) (out []transparency.Opening, err error) {
	defer fault.Wrap(&err, "store.CountOpenings(%d, %d)", first, end)
	rows, err := c.pool.QueryContext(ctx, `SELECT l.index, o.salt, o.value FROM audit.leaf l JOIN audit.opening o ON o.event_id = l.event_id
		WHERE l.index >= $1 AND l.index < $2 ORDER BY l.index`, int64(first), int64(end))
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
		out = append(out, transparency.Opening{Index: uint64(index), CountOpening: audit.CountOpening{Salt: audit.Salt(salt), Value: value}})
	}
	return out, rows.Err()
}
