// Package migrations holds the database schema as numbered SQL files and
// applies them.
//
// Invariants:
//   - a file that was released is never edited: a change is a new file;
//   - each file is one transaction, and one process at a time migrates
//     (advisory lock), so replicas may all call Up at start;
//   - the roles lerd_app and lerd_auditor exist before the first file runs,
//     because the files grant rights to them.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"lerd/internal/fault"
)

//go:embed *.sql
var files embed.FS

// FS gives the migration files.
func FS() fs.FS { return files }

// ensureRoles makes the two roles when they are missing, without a password
// and without the right to sign in; the operator grants that. Two processes at
// once do not disturb each other.
const ensureRoles = `
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['lerd_app', 'lerd_auditor'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', r);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END $$`

// Up brings the database at the owner's URL to the newest version. It gives the
// numbers of the files it applied, none when there was nothing to do.
func Up(ctx context.Context, ownerURL string) (applied []int64, err error) {
	defer fault.Wrap(&err, "migrations.Up")
	db, err := sql.Open("pgx", ownerURL)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The owner's database URL cannot be read.")
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, ensureRoles); err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The database cannot be reached as its owner, or the owner may not create the roles lerd_app and lerd_auditor; create them first.")
	}
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		applied = append(applied, r.Source.Version)
	}
	if err != nil {
		return applied, fmt.Errorf("migrating: %w", err)
	}
	return applied, nil
}

// newProvider has the losers of the lock ask again each second, for ten minutes.
func newProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
}
