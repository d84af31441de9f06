package store

import (
	"context"
	"database/sql"
	"strings"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/requests"
)

// GapCases are the cases that were open when entries of the log were lost: steps of
// these may be missing.
type GapCases struct {
	Epoch int64    // that began after the gap
	Cases []string // ids of requests, in order
}

// gapCases looks in the entries before each gap for cases that had not come to their
// end by what the log says in clear.
func gapCases(ctx context.Context, db *gorm.DB, gaps []audit.Gap) (out []GapCases, err error) {
	for _, g := range gaps {
		found := GapCases{Epoch: g.Number}
		err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			if err := seeAll(tx); err != nil {
				return err
			}
			return eachCaseBefore(ctx, tx, g.Size, func(id string, last requests.State) {
				if last.Open() {
					found.Cases = append(found.Cases, id)
				}
			})
		}, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	return out, nil
}

// eachCaseBefore gives each case that had a step among the first n entries, with the
// state to which the last of these led.
func eachCaseBefore(ctx context.Context, tx *gorm.DB, n uint64, f func(id string, last requests.State)) error {
	rows, err := tx.Statement.ConnPool.QueryContext(ctx, `SELECT e.stream, e.entry FROM audit.event e JOIN audit.leaf l ON l.event_id = e.id
		WHERE e.stream LIKE 'request:%' AND l.index < $1 ORDER BY e.stream, l.index`, int64(n))
	if err != nil {
		return err
	}
	defer rows.Close()
	of, last := "", requests.None
	tell := func() {
		if of != "" {
			f(strings.TrimPrefix(of, requests.StreamOf("")), last)
		}
	}
	for rows.Next() {
		var stream string
		var entry []byte
		if err := rows.Scan(&stream, &entry); err != nil {
			return err
		}
		record, err := audit.ParseEntry(entry)
		if err != nil {
			return err
		}
		if stream != of {
			tell()
			of, last = stream, requests.None
		}
		if to := record.Facts["to"]; to != "" {
			last = requests.State(to)
		}
	}
	tell()
	return rows.Err()
}
