package main

import (
	"bufio"
	"context"
	"io"

	"lerd/internal/fault"
	"lerd/internal/store"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
)

// give writes the openings that a report needs, and no others.
func (p reportPeriod) give(ctx context.Context, db *store.Store, made counted, dir, to, config string) error {
	return p.applicationSource.give(ctx, handing{dir: dir, name: transparency.OpeningsName, config: config,
		about: publishing.Handing{Period: made.order.Period.String(), Log: made.order.Log, To: to},
		write: func(f io.Writer) (int, error) { return writeCounts(ctx, f, db, made.book.Needed(made.order)) }})
}

// writeCounts writes the openings of the counts of entries, by their places.
func writeCounts(ctx context.Context, f io.Writer, db *store.Store, need []uint64) (n int, err error) {
	w := bufio.NewWriter(f)
	for len(need) > 0 {
		first := need[0]
		list, err := db.CountOpenings().From(ctx, first, first+openingsAtOnce)
		if err != nil {
			return n, err
		}
		for _, o := range list {
			if len(need) > 0 && need[0] == o.Index {
				need, n = need[1:], n+1
				if _, err := w.Write(o.Line()); err != nil {
					return n, err
				}
			}
		}
		if len(need) > 0 && need[0] < first+openingsAtOnce {
			return n, fault.New(fault.Internal, "The opening of entry %d is not there.", need[0])
		}
	}
	return n, w.Flush()
}
