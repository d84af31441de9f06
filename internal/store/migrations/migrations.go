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

// unfit says why a database does not suit lerd, nothing when it does. The order of texts must be
// that of their octets, as it is in Go and in the log: under a language's order a
// range of names holds others, and an index is wrong after the language's library changed.
const unfit = `
SELECT CASE
  WHEN current_setting('server_version_num')::int < 150000
    THEN 'This is PostgreSQL ' || current_setting('server_version') || '; lerd needs 15 or later.'
  WHEN current_setting('server_encoding') <> 'UTF8'
    THEN 'The database keeps its texts as ' || current_setting('server_encoding') || '; lerd needs UTF8.'
  WHEN ARRAY(SELECT t FROM unnest(t) t ORDER BY t) <> ARRAY(SELECT t FROM unnest(t) t ORDER BY t COLLATE "C")
    THEN 'The database sorts texts as a language does; lerd needs the order of their octets.'
  ELSE '' END
FROM (SELECT ARRAY['a', 'B', 'b', 'a b', 'ab', 'a.b', 'a/b', 'a-c', 'a_b', 'ä', 'z', 'Å', '1', '10', '9']) x (t)`

// howMade is what makes a database that suits.
const howMade = " Make it with: CREATE DATABASE lerd OWNER lerd_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'; (or LOCALE 'C' where the system has no such locale)."

// Up brings the database at the owner's URL to the newest version. It gives the
// numbers of the files it applied, none when there was nothing to do. A database that
// does not suit is left as it is.
func Up(ctx context.Context, ownerURL string) (applied []int64, err error) {
	defer fault.Wrap(&err, "migrations.Up")
	db, err := sql.Open("pgx", ownerURL)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The owner's database URL cannot be read.")
	}
	defer db.Close()
	var why string
	if err := db.QueryRowContext(ctx, unfit).Scan(&why); err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The database cannot be reached as its owner.")
	}
	if why != "" {
		return nil, fault.New(fault.Invalid, "%s", why+howMade)
	}
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
