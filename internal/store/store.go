// Package store keeps lerd's cases, people and audit log in PostgreSQL, through
// gorm. It implements the small Store interfaces that the domain packages
// declare.
//
// Invariants:
//   - a step and its audit events are one transaction, and so is its
//     idempotency key;
//   - each transaction says for whom it works (lerd.scope, lerd.agency), and
//     row-level security shows it nothing else;
//   - an update is a compare-and-swap on the row's version: no row changed is a
//     Conflict, and nothing of the step remains;
//   - row structs stay here; no statement is logged with its values.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Store is the application's door to the database.
type Store struct {
	db   *gorm.DB
	sql  *sql.DB
	rand io.Reader
	now  func() time.Time

	epoch *atomic.Int64 // what events name: epochs that began before the present one
}

// Config is what a Store needs.
type Config struct {
	URL      string           // of the application role, or the auditor's for reading
	MaxConns int              // 0: 20
	Rand     io.Reader        // nil: crypto/rand
	Now      func() time.Time // nil: time.Now
}

// Open connects; it neither migrates nor creates anything.
func Open(ctx context.Context, c Config) (s *Store, err error) {
	defer fault.Wrap(&err, "store.Open")
	conf, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The database URL cannot be read; it has the form postgres://role:password@host:port/database.")
	}
	conf.RuntimeParams["timezone"] = "UTC"
	conf.RuntimeParams["search_path"] = "public" // whatever the database gives to the role: no schema stands before lerd's
	conf.RuntimeParams["jit"] = "off"            // of use to no query of a page; a page that keeps the planner to indexes looks costly to it, and would be compiled each time
	db := stdlib.OpenDB(*conf)
	conns := cmp.Or(c.MaxConns, 20)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fault.Because(fault.Unavailable, err, "The database cannot be reached.")
	}
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), &gorm.Config{
		Logger:                 logger.Discard,
		TranslateError:         true,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		NowFunc:                func() time.Time { return time.Now().UTC() },
	})
	if err != nil {
		db.Close()
		return nil, err
	}
	s = &Store{db: g, sql: db, rand: c.Rand, now: c.Now, epoch: new(atomic.Int64)}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Close lets the connections go.
func (s *Store) Close() error { return s.sql.Close() }

// SQL gives the plain handle, for the audit log's own queries.
func (s *Store) SQL() *sql.DB { return s.sql }

// Ready tells whether the database answers.
func (s *Store) Ready(ctx context.Context) error { return s.sql.PingContext(ctx) }

// inReadTx runs f in a transaction that is rolled back on purpose: a write by
// mistake does not survive any test.
func (s *Store) inReadTx(ctx context.Context, f func(tx *gorm.DB) error) error {
	tx := s.db.WithContext(ctx).Begin(&sql.TxOptions{ReadOnly: true})
	if tx.Error != nil {
		return unavailable(tx.Error)
	}
	defer tx.Rollback()
	if err := setScope(ctx, tx); err != nil {
		return err
	}
	return translate(f(tx))
}

// inWriteTx runs f in a transaction and commits it. Serialization failures and
// deadlocks are tried again up to three times; f must not keep state.
func (s *Store) inWriteTx(ctx context.Context, f func(tx *gorm.DB) error) error {
	var err error
	for try := 0; try < 3; try++ {
		err = s.writeOnce(ctx, f)
		if !retryable(err) {
			break
		}
	}
	return translate(err)
}

func (s *Store) writeOnce(ctx context.Context, f func(tx *gorm.DB) error) error {
	tx := s.db.WithContext(ctx).Begin()
	if tx.Error != nil {
		return unavailable(tx.Error)
	}
	done := false
	defer func() {
		if !done {
			tx.Rollback()
		}
	}()
	if err := setScope(ctx, tx); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	done = true
	return tx.Commit().Error
}

// setScope tells row-level security for whom the transaction works.
func setScope(ctx context.Context, tx *gorm.DB) error {
	actor, _ := identity.From(ctx)
	return tx.Exec("SELECT set_config('lerd.scope', ?, true), set_config('lerd.agency', ?, true), set_config('lerd.person', ?, true)", string(actor.Role), string(actor.Agency), string(actor.Person)).Error
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

func unavailable(err error) error {
	return fault.Because(fault.Unavailable, err, "The database cannot be reached; nothing was changed. Please try again.")
}

// gateCodes are the SQL states by which constraints and triggers refuse.
var gateCodes = map[string]bool{"P0001": true, "23514": true, "23503": true, "23502": true}

// translate turns a database error into a fault, once.
func translate(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows) {
		return fault.Because(fault.NotFound, err, "There is nothing here.")
	}
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fault.Because(fault.Conflict, err, "Somebody else was first. Reload the page to see where the case stands.")
	}
	if errors.Is(err, gorm.ErrForeignKeyViolated) || errors.Is(err, gorm.ErrCheckConstraintViolated) {
		return fault.Because(fault.Gate, err, "The database refused this step: a condition for it is not met.")
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch {
	case pg.Code == "22P02" || pg.Code == "22021": // what cannot be an id or a text of ours names nothing of ours; the cause repeats what was typed
		return fault.New(fault.NotFound, "There is nothing here.")
	case pg.Code == "23505" || pg.Code == "40001" || pg.Code == "40P01":
		return fault.Because(fault.Conflict, err, "Somebody else was first. Reload the page to see where the case stands.")
	case gateCodes[pg.Code] || pg.Code[:2] == "LR":
		return fault.Because(fault.Gate, err, "The database refused this step: a condition for it is not met.")
	case pg.Code[:2] == "53" || pg.Code[:2] == "57" || pg.Code[:2] == "08":
		return unavailable(err)
	}
	return err
}
