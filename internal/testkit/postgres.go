package testkit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
)

// EnvDatabaseURL names the variable with the superuser URL of a cluster that
// several test binaries share; the roles lerd_app and lerd_auditor of that
// cluster are given passwords of the tests' own. Without it each test binary
// starts a cluster of its own.
const EnvDatabaseURL = "LERD_TEST_DATABASE_URL"

// Database is a fresh migrated database of one test.
type Database struct {
	Name string
	// Owner is the URL of lerd_owner, who owns every table. Where that role is
	// the cluster's superuser, as in lerd's own clusters, Owner and Superuser
	// are the same.
	Owner     string
	App       string // URL of lerd_app
	Auditor   string // URL of lerd_auditor
	Superuser string // URL of the cluster's superuser
}

// Postgres gives the test a database of its own with the newest schema, and
// drops it when the test ends. The test fails, and does not skip, where no
// PostgreSQL can be had.
func Postgres(t testing.TB) Database {
	t.Helper()
	return newDatabase(t, true)
}

// KeptPostgres gives a database by its name, and tells whether it had been there
// before. It stays when the test ends: what took long to fill serves the next run.
// One that was there is brought to the newest schema.
func KeptPostgres(t testing.TB, name string) (d Database, there bool) {
	t.Helper()
	ctx := context.Background()
	s, err := sharedServer()
	if err != nil {
		t.Fatalf("this test needs PostgreSQL: %v", err)
	}
	template, err := s.template()
	if err != nil {
		t.Fatalf("the template database could not be migrated: %v", err)
	}
	d = s.database(name)
	if _, err := migrations.Up(ctx, d.Owner); err == nil {
		return d, true
	}
	if err := s.exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s OWNER %s", pgx.Identifier{name}.Sanitize(), template, cluster.RoleOwner)); err != nil {
		t.Fatalf("making the database to keep: %v", err)
	}
	return d, false
}

// EmptyPostgres is Postgres without the schema.
func EmptyPostgres(t testing.TB) Database {
	t.Helper()
	return newDatabase(t, false)
}

func newDatabase(t testing.TB, migrated bool) Database {
	t.Helper()
	ctx := context.Background()
	s, err := sharedServer()
	if err != nil {
		t.Fatalf("this test needs PostgreSQL: %v", err)
	}
	template := "template0"
	if migrated {
		if template, err = s.template(); err != nil {
			t.Fatalf("the template database could not be migrated: %v", err)
		}
	}
	name := "test_" + randomName()
	if err := s.exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s OWNER %s", name, template, cluster.RoleOwner)); err != nil {
		t.Fatalf("making the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	d := s.database(name)
	if migrated {
		s.mutate(t, d)
	}
	return d
}

func randomName() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// server is the cluster on which this process's test databases lie.
type server struct {
	super    *url.URL // of the superuser
	template func() (string, error)
}

// sharedServer is made once in a process.
var sharedServer = sync.OnceValues(func() (*server, error) {
	raw := os.Getenv(EnvDatabaseURL)
	if raw == "" {
		var err error
		if raw, err = startOwnCluster(); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.User == nil {
		return nil, fmt.Errorf("%s is not a URL like postgres://user:password@host:port/postgres", EnvDatabaseURL)
	}
	s := &server{super: u}
	if err := s.locked(context.Background(), s.ensureRoles); err != nil {
		return nil, err
	}
	s.template = sync.OnceValues(s.makeTemplate)
	return s, nil
})

// database gives the URLs of a database.
func (s *server) database(name string) Database {
	return Database{
		Name:      name,
		Owner:     s.url(cluster.RoleOwner, name),
		App:       s.url(cluster.RoleApp, name),
		Auditor:   s.url(cluster.RoleAuditor, name),
		Superuser: s.url(s.super.User.Username(), name),
	}
}

func (s *server) url(role, database string) string {
	u := *s.super
	u.Path = "/" + database
	if role != s.super.User.Username() {
		u.User = url.UserPassword(role, s.password(role))
	}
	return u.String()
}

// password derives a role's password from the superuser's, so that every test
// binary on a shared cluster comes to the same one.
func (s *server) password(role string) string {
	p, _ := s.super.User.Password()
	sum := sha256.Sum256([]byte("lerd test role\x00" + role + "\x00" + p))
	return hex.EncodeToString(sum[:16])
}

func (s *server) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.super.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// lockKey is the advisory lock under which test binaries prepare a shared cluster.
const lockKey = 0x6c657264

func (s *server) locked(ctx context.Context, do func(context.Context, *pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.super.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // frees the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(lockKey)); err != nil {
		return err
	}
	return do(ctx, conn)
}

func (s *server) ensureRoles(ctx context.Context, conn *pgx.Conn) error {
	for _, role := range []string{cluster.RoleOwner, cluster.RoleApp, cluster.RoleAuditor} {
		if role == s.super.User.Username() {
			continue
		}
		var there bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&there); err != nil {
			return err
		}
		verb := "CREATE"
		if there {
			verb = "ALTER"
		}
		if _, err := conn.Exec(ctx, fmt.Sprintf("%s ROLE %s LOGIN PASSWORD '%s'", verb, role, s.password(role))); err != nil {
			return err
		}
	}
	return nil
}

// makeTemplate migrates one database per version of the schema; test binaries
// on the same cluster share it.
func (s *server) makeTemplate() (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	return name, s.locked(context.Background(), func(ctx context.Context, conn *pgx.Conn) error {
		var ready bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready)
		if err != nil || ready {
			return err
		}
		return s.migrateTemplate(ctx, conn, name)
	})
}

func (s *server) migrateTemplate(ctx context.Context, conn *pgx.Conn, name string) error {
	// A database of this name that is no template is left from a binary that was killed.
	for _, sql := range []string{
		fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name),
		fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 OWNER %s", name, cluster.RoleOwner),
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if _, err := migrations.Up(ctx, s.url(cluster.RoleOwner, name)); err != nil {
		return err
	}
	// Tests invent people, and agree to steps without passkeys; those which show
	// that neither counts take this back.
	if err := migrations.Evaluate(ctx, s.url(cluster.RoleOwner, name), true); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, fmt.Sprintf("ALTER DATABASE %s IS_TEMPLATE true ALLOW_CONNECTIONS false", name))
	return err
}

// templateName follows from the content of the migration files.
func templateName() (string, error) {
	sum := sha256.New()
	names, err := fs.Glob(migrations.FS(), "*.sql")
	if err != nil {
		return "", err
	}
	for _, n := range names {
		content, err := fs.ReadFile(migrations.FS(), n)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00%s", n, len(content), content)
	}
	return "template_e_" + hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
