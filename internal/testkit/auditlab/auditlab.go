// Package auditlab is an audit log on a real database for tests: connections of
// every role, a guarded business table, keys, a keeper outside the database and
// a sequencer.
//
// Invariants:
//   - every Lab has a database of its own, dropped when its test ends;
//   - steps are taken as lerd_app, exactly as the program takes them.
package auditlab

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"golang.org/x/mod/sumdb/note"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"lerd/internal/audit"
	"lerd/internal/jobs"
	"lerd/internal/store"
	"lerd/internal/testkit"
)

// Origin is the name of a Lab's log.
const Origin = "lerd.example/audit"

// Lab is a log under test.
type Lab struct {
	Database testkit.Database
	App      *gorm.DB // lerd_app
	Owner    *gorm.DB // lerd_owner
	Super    *gorm.DB // the cluster's superuser
	Keeper   audit.FileKeeper
	Signer   note.Signer
	Trust    audit.Trust
	VKey     string
	Key      string
}

// thing is the guarded business table: request-like rows with a state.
const thing = `
CREATE TABLE public.thing (
    id uuid PRIMARY KEY, state text NOT NULL, version bigint NOT NULL, event_id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE ON public.thing TO lerd_app;
GRANT SELECT ON public.thing TO lerd_auditor;
SELECT audit.guard_table('public.thing');`

// New gives a Lab with an empty log.
func New(t testing.TB) *Lab {
	t.Helper()
	return On(t, testkit.Postgres(t))
}

// On gives a Lab on a migrated database.
func On(t testing.TB, db testkit.Database) *Lab {
	t.Helper()
	l := &Lab{Database: db, Keeper: audit.FileKeeper{Path: filepath.Join(t.TempDir(), "checkpoint")}}
	l.App, l.Owner, l.Super = Open(t, db.App), Open(t, db.Owner), Open(t, db.Superuser)
	var err error
	if l.Key, l.VKey, err = audit.GenerateKey(rand.Reader, Origin); err != nil {
		t.Fatal(err)
	}
	if l.Signer, err = audit.NewSigner(l.Key); err != nil {
		t.Fatal(err)
	}
	verifier, err := audit.NewVerifier(l.VKey)
	if err != nil {
		t.Fatal(err)
	}
	l.Trust = audit.Trust{Log: []note.Verifier{verifier}}
	if err := l.Owner.Exec(thing).Error; err != nil {
		t.Fatal(err)
	}
	return l
}

// Open connects with a URL until the test ends.
func Open(t testing.TB, url string) *gorm.DB {
	t.Helper()
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(80)
	pool.SetMaxIdleConns(80)
	t.Cleanup(func() { pool.Close() })
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), &gorm.Config{Logger: logger.Discard, SkipDefaultTransaction: true})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Sequencer gives a new sequencer on the lab's database, as a process that just
// started has it.
func (l *Lab) Sequencer(t testing.TB) *jobs.Sequencer {
	t.Helper()
	seq, err := store.NewAuditSequence(l.App)
	if err != nil {
		t.Fatal(err)
	}
	return &jobs.Sequencer{
		Lock: func(ctx context.Context) (jobs.LogSession, error) {
			s, err := seq.Lock(ctx)
			if s == nil {
				return nil, err
			}
			return s, err
		},
		Tiles: seq.Tiles(), Receipts: store.NewAuditReader(l.App), Keeper: l.Keeper, Signer: l.Signer, Trust: l.Trust,
	}
}

// Place runs the sequencer once and fails the test if it fails.
func (l *Lab) Place(t testing.TB) jobs.Round {
	t.Helper()
	round, err := l.Sequencer(t).RunOnce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return round
}

// Check gives what a verification of the lab compares.
func (l *Lab) Check(t testing.TB) store.AuditCheck {
	t.Helper()
	kept, err := l.Keeper.Load()
	if err != nil {
		t.Fatal(err)
	}
	return store.AuditCheck{Trust: l.Trust, Kept: kept, TempDir: t.TempDir(), Memory: 4096, Rows: func(tx *gorm.DB) store.RowSource { return Things{tx} }}
}

// Verify verifies as the auditor.
func (l *Lab) Verify(t testing.TB) (store.AuditReport, error) {
	t.Helper()
	db := Open(t, l.Database.Auditor)
	if pool, err := db.DB(); err == nil {
		defer pool.Close() // a database in use is not copied
	}
	return store.VerifyAudit(t.Context(), db, l.Check(t))
}

// Step is one step on a thing.
type Step struct {
	ID       string // the thing's
	From, To string // states; From "" makes the thing
	Version  int64  // the thing's version after the step
	Causes   []audit.EventID
	Stream   string // "" for the thing's own
	At       int64  // the stream's version; 0 for the thing's
}

// Event gives the event of a step.
func (s Step) Event() audit.Event {
	id := audit.EventID(uuid.NewString())
	e := audit.Event{
		ID: id, Stream: s.Stream, Version: s.At, Causes: s.Causes, Kind: "thing.moved", At: time.Now(),
		Actor:  audit.Actor{Person: "person-1", Role: "reviewer", Session: "session-1"},
		Facts:  map[string]string{"from": s.From, "to": s.To},
		Values: []audit.Value{{Name: "reason", New: []byte("because of " + s.To)}},
		Rows:   []audit.Row{{Table: "thing", ID: s.ID, Canonical: canonical(s.ID, s.To, s.Version)}},
	}
	if e.Stream == "" {
		e.Stream, e.Version = "request:"+s.ID, s.Version
	}
	return e
}

func canonical(id, state string, version int64) []byte {
	return fmt.Appendf(nil, "%s|%s|%d", id, state, version)
}

// Take takes a step inside a transaction: the row by compare-and-swap, and its
// event.
func Take(tx *gorm.DB, s Step) (audit.EventID, error) {
	return take(tx, s, rand.Reader)
}

func take(tx *gorm.DB, s Step, random io.Reader) (audit.EventID, error) {
	e := s.Event()
	if err := store.AppendEvent(tx, e, random); err != nil {
		return "", err
	}
	var res *gorm.DB
	if s.From == "" {
		res = tx.Exec(`INSERT INTO public.thing (id, state, version, event_id) VALUES (?, ?, ?, ?)`, s.ID, s.To, s.Version, string(e.ID))
	} else {
		res = tx.Exec(`UPDATE public.thing SET state = ?, version = ?, event_id = ? WHERE id = ? AND state = ? AND version = ?`,
			s.To, s.Version, string(e.ID), s.ID, s.From, s.Version-1)
	}
	if res.Error == nil && res.RowsAffected != 1 {
		return "", fmt.Errorf("thing %s is not in state %q", s.ID, s.From)
	}
	return e.ID, res.Error
}

// Do takes steps in one committed transaction each.
func (l *Lab) Do(t testing.TB, steps ...Step) []audit.EventID {
	t.Helper()
	var ids []audit.EventID
	for _, s := range steps {
		err := l.App.WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
			id, err := Take(tx, s)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
	}
	return ids
}

// Fill makes n things of one step each in one transaction, for logs of some size.
func (l *Lab) Fill(t testing.TB, n int) []audit.EventID {
	t.Helper()
	var ids []audit.EventID
	err := l.App.WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
		for range n {
			id, err := Take(tx, Step{ID: uuid.NewString(), To: "received", Version: 1})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Tamper changes the database as its superuser can: with all triggers off, and
// on again as they were.
func (l *Lab) Tamper(t testing.TB, statements ...string) {
	t.Helper()
	tables := l.tables(t)
	if err := l.Super.Transaction(func(tx *gorm.DB) error { return tamper(tx, tables, statements) }); err != nil {
		t.Fatal(err)
	}
}

// Tampered does the same to a copy of the database, and calls f with it.
func (l *Lab) Tampered(t testing.TB, statements []string, f func(db *gorm.DB)) {
	t.Helper()
	tables := l.tables(t)
	other := l.Copy(t)
	err := other.Super.Transaction(func(tx *gorm.DB) error { return tamper(tx, tables, statements) })
	if err != nil {
		t.Fatal(err)
	}
	f(other.Super)
}

func tamper(tx *gorm.DB, tables, statements []string) error {
	off := []string{`SET LOCAL session_replication_role = replica`} // no foreign keys either
	for _, table := range tables {
		off = append(off, `ALTER TABLE `+table+` DISABLE TRIGGER USER`)
	}
	for _, s := range append(off, statements...) {
		if err := tx.Exec(s).Error; err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	for _, table := range tables {
		if err := alwaysAgain(tx, table); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) tables(t testing.TB) (names []string) {
	t.Helper()
	err := l.Super.Raw(`SELECT 'audit.' || relname FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r'`).Scan(&names).Error
	if err != nil {
		t.Fatal(err)
	}
	return append(names, "public.thing")
}

func alwaysAgain(tx *gorm.DB, table string) error {
	var names []string
	err := tx.Raw(`SELECT tgname FROM pg_trigger WHERE tgrelid = ?::regclass AND NOT tgisinternal`, table).Scan(&names).Error
	for _, name := range names {
		if err == nil {
			err = tx.Exec(`ALTER TABLE ` + table + ` ENABLE ALWAYS TRIGGER ` + name).Error
		}
	}
	return err
}

// copies tells copies of databases apart.
var copies atomic.Int64

// Copy gives a Lab on a copy of the database, as a restored backup is, with the
// same keys and the same keeper.
func (l *Lab) Copy(t testing.TB) *Lab {
	t.Helper()
	for _, db := range []*gorm.DB{l.App, l.Owner} { // a database in use is not copied
		pool, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		pool.SetMaxIdleConns(0)
		defer pool.SetMaxIdleConns(80)
	}
	pool, err := l.Super.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxIdleConns(0)
	defer pool.SetMaxIdleConns(80)
	name := fmt.Sprintf("%s_copy_%d", l.Database.Name, copies.Add(1))
	maintenance := Open(t, strings.Replace(l.Database.Superuser, l.Database.Name, "postgres", 1))
	if err := maintenance.Exec(`CREATE DATABASE ` + name + ` TEMPLATE ` + l.Database.Name).Error; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { maintenance.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`) })
	copied := *l
	for _, u := range []*string{&copied.Database.App, &copied.Database.Owner, &copied.Database.Auditor, &copied.Database.Superuser} {
		*u = strings.Replace(*u, l.Database.Name, name, 1)
	}
	copied.Database.Name = name
	copied.App, copied.Owner, copied.Super = Open(t, copied.Database.App), Open(t, copied.Database.Owner), Open(t, copied.Database.Superuser)
	return &copied
}

// CopyKeeperAt gives another lab's keeper the checkpoint that this log published
// at a size.
func (l *Lab) CopyKeeperAt(t testing.TB, other *Lab, size int64) {
	t.Helper()
	var note []byte
	if err := l.App.Raw(`SELECT note FROM audit.checkpoint WHERE size = ?`, size).Row().Scan(&note); err != nil {
		t.Fatal(err)
	}
	if err := other.Keeper.Replace(nil, note); err != nil {
		t.Fatal(err)
	}
}

// Things is the lab's business table as a store.RowSource.
type Things struct{ DB *gorm.DB }

// Rows gives the things.
func (r Things) Rows(ctx context.Context, f func(table, id, eventID string, canonical []byte) error) error {
	rows, err := r.DB.WithContext(ctx).Raw(`SELECT id::text, state, version, event_id::text FROM public.thing ORDER BY id`).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, state, event string
		var version int64
		if err := rows.Scan(&id, &state, &version, &event); err != nil {
			return err
		}
		if err := f("thing", id, event, canonical(id, state, version)); err != nil {
			return err
		}
	}
	return rows.Err()
}
