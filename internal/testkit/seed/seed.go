// Package seed fills a database of tests with as many requests as lerd answers in
// years: agencies, officers, staff, orders, targets, answers, decisions, findings,
// releases and the events of it all, in the shape in which lerd itself writes them.
//
// Invariants:
//   - every row is what store.Commit would have written, and its event commits to
//     it; streams are dense, states follow the workflow's table;
//   - the same options give the same database, whichever worker made which part;
//   - the database's triggers are off while rows are copied in, and exactly as
//     before afterwards, also after a failure; so are indexes, where many rows come;
//   - events have no place in the log yet: a sequencer gives it to them.
package seed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/identity"
	"lerd/internal/legal"
)

// Options say what is made.
type Options struct {
	URL      string          // of the superuser (testkit.Database.Superuser), who may switch triggers
	Requests int             // how many
	Agencies int             // 0: one for each 2,500 requests, 12 at least
	Now      time.Time       // requests came in before it
	Span     time.Duration   // over which they came in; 0: four years
	Open     float64         // the part that is not finished; 0: one in 200
	Law      *legal.Registry // its processes are what requests are pinned to
	Seed     uint64
	Workers  int       // 0: 2
	Until    time.Time // of the machine's clock, after which no more are begun; zero: all are made
	First    int       // of the first request, to add to what an earlier run made
	Busy     *Busy
}

// Busy is an agency that is on file already and asks more than all others.
type Busy struct {
	Agency   identity.Agency
	Officers []identity.Person
	OneIn    int // of how many requests one is its
}

// Result is what was made.
type Result struct {
	World
	Requests, Events, Rows int
	Outcomes               map[string]int // requests by their state
	Took                   time.Duration
}

// Run fills the database. It is not for databases of others: triggers are off
// meanwhile. On return planner and visibility know of the rows.
func Run(ctx context.Context, o Options) (res Result, err error) {
	began := time.Now()
	o.defaults()
	w := newWorld(o)
	res = Result{World: w, Outcomes: map[string]int{}}
	err = withoutTriggers(ctx, o.URL, func() error {
		first, err := w.batch()
		if err == nil && o.First == 0 {
			err = write(ctx, o.URL, first)
		}
		if err != nil {
			return err
		}
		if o.Requests < manyRequests {
			return fill(ctx, o, w, &res)
		}
		return withoutIndexes(ctx, o.URL, func() error { return fill(ctx, o, w, &res) })
	})
	if err == nil {
		err = settle(ctx, o.URL)
	}
	res.Took = time.Since(began)
	return res, err
}

func (o *Options) defaults() {
	if o.Agencies == 0 {
		o.Agencies = max(12, o.Requests/2500)
	}
	if o.Span == 0 {
		o.Span = 4 * 365 * 24 * time.Hour
	}
	if o.Open == 0 {
		o.Open = 0.005
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	o.Now = o.Now.UTC().Truncate(time.Microsecond)
}

// batchSize is how many requests are copied in one transaction.
const batchSize = 2000

// fill makes the requests, some thousand at a time.
func fill(ctx context.Context, o Options, w World, res *Result) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	starts := make(chan int)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range o.Workers {
		all.Go(func() {
			for from := range starts {
				b, err := w.requests(from, min(from+batchSize, o.First+o.Requests))
				if err == nil {
					err = write(ctx, o.URL, b)
				}
				if err != nil {
					stop(fmt.Errorf("requests from %d: %w", from, err))
					return
				}
				mu.Lock()
				res.add(b)
				mu.Unlock()
			}
		})
	}
	for from := o.First; from < o.First+o.Requests && (o.Until.IsZero() || time.Now().Before(o.Until)); from += batchSize {
		select {
		case starts <- from:
		case <-ctx.Done():
		}
	}
	close(starts)
	all.Wait()
	return context.Cause(ctx)
}

func (r *Result) add(b *batch) {
	r.Requests += b.requests
	r.Events += len(b.events)
	for _, t := range b.tables {
		r.Rows += len(t.rows)
	}
	for state, n := range b.outcomes {
		r.Outcomes[state] += n
	}
}

// settle lets planner and visibility know of the rows.
func settle(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "VACUUM (ANALYZE)")
	return err
}
