// Package pgrecords is the records.Source over PostgreSQL: five documented,
// read-only views, which the platform makes over its own tables.
//
// Invariants:
//   - it reads with SELECT alone, in read-only transactions, with a statement
//     timeout, under a role that can write nothing and read only the views;
//   - a view with a missing, an extra or a differently typed column is refused
//     at start and again before each answer: what is not documented is not read;
//   - sessions are streamed through a server-side cursor in constant memory;
//   - it keeps nothing: no cache, no temporary table.
package pgrecords

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"lerd/internal/fault"
	"lerd/internal/records"
)

// Config says where the views are and how they may be used.
type Config struct {
	URL              string        // postgres://… of the read-only role
	StatementTimeout time.Duration // of each statement, by the server's clock; 0: 30 s
	Grace            time.Duration // how much longer lerd waits for a server that does not keep it; 0: 10 s
	FetchRows        int           // rows of sessions per fetch; 0: 2048
	MaxConns         int32         // connections at most; 0: 4
}

func (c Config) withDefaults() Config {
	if c.StatementTimeout == 0 {
		c.StatementTimeout = 30 * time.Second
	}
	if c.Grace == 0 {
		c.Grace = 10 * time.Second
	}
	if c.FetchRows == 0 {
		c.FetchRows = 2048
	}
	if c.MaxConns == 0 {
		c.MaxConns = 4
	}
	return c
}

// Source reads a platform's account views. It is safe for concurrent use.
type Source struct {
	pool  *pgxpool.Pool
	fetch int
	wait  time.Duration // for each statement, by lerd's own clock
}

var _ records.Source = (*Source)(nil)

// Open connects and checks views and role; it refuses to start on views that
// differ from docs/records.md, or under a role that could write.
func Open(ctx context.Context, c Config) (s *Source, err error) {
	defer fault.Wrap(&err, "pgrecords.Open")
	c = c.withDefaults()
	pc, err := poolConfig(c)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, reach(err)
	}
	s = &Source{pool: pool, fetch: c.FetchRows, wait: c.StatementTimeout + c.Grace}
	if err := s.ask(ctx, s.checkRole); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

func poolConfig(c Config) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// pgx's text may hold parts of the URL, and so a password.
		return nil, fault.New(fault.Invalid, "The URL of the account database cannot be read; write postgres://USER:PASSWORD@HOST:PORT/DATABASE.")
	}
	pc.MaxConns = c.MaxConns
	p := pc.ConnConfig.RuntimeParams
	p["application_name"] = "lerd-records"
	p["timezone"] = "UTC"
	p["default_transaction_read_only"] = "on"
	p["statement_timeout"] = fmt.Sprint(c.StatementTimeout.Milliseconds())
	p["idle_in_transaction_session_timeout"] = fmt.Sprint((10 * time.Minute).Milliseconds())
	p["search_path"] = "public"
	return pc, nil
}

// Close ends all connections.
func (s *Source) Close() { s.pool.Close() }

// Ping tells whether the account database answers.
func (s *Source) Ping(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "pgrecords.Ping")
	return reach(s.pool.Ping(ctx))
}

// ask runs f, a single statement, in a transaction of its own.
func (s *Source) ask(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	return s.read(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return s.limited(ctx, func(ctx context.Context) error { return f(ctx, tx) })
	})
}

// read runs f in a read-only transaction on one snapshot, after it has made
// sure that the views still have the documented columns.
func (s *Source) read(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	var tx pgx.Tx
	err := s.limited(ctx, func(ctx context.Context) (err error) {
		tx, err = s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		return err
	})
	if err != nil {
		return reach(err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	if err := s.limited(ctx, func(ctx context.Context) error { return checkViews(ctx, tx) }); err != nil {
		return reach(err)
	}
	return reach(f(ctx, tx))
}

// limited runs one statement for as long as it may take. The server's own time-out
// does not help against one that stands still, or something between that does.
func (s *Source) limited(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	return f(ctx)
}

// reach turns an error of the connection into "unavailable, try again"; an
// error that already has a kind, or a breach, stays as it is. What the server
// said is reduced to its code: its text may quote data.
func reach(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if _, breach := records.AsBreach(err); breach || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		err = fmt.Errorf("SQLSTATE %s", pe.Code)
	}
	return fault.Because(fault.Unavailable, err, "The account database does not answer. Nothing was changed; please try again.")
}
