package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lerd/internal/fault"
)

// URL gives the connection URL of a role for a database. A role that
// EnsureRole has not seen has no password, and the server refuses it.
func (c *Cluster) URL(role, database string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.url(role, database)
}

func (s state) url(role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, s.Passwords[role]),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable", // loopback; SCRAM proves both sides to each other
	}
	return u.String()
}

// ensureBasics sees to the roles and the main database at every start.
func (c *Cluster) ensureBasics(ctx context.Context) error {
	for _, role := range []string{RoleApp, RoleAuditor} {
		if err := c.EnsureRole(ctx, role); err != nil {
			return err
		}
	}
	return c.EnsureDatabase(ctx, MainDatabase, RoleOwner, RoleApp, RoleAuditor)
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

func checkName(kind, name string) error {
	if !plainName.MatchString(name) {
		return fault.New(fault.Invalid, "A %s's name has lower-case letters, digits and _, begins with a letter and has 63 characters at most: %q", kind, name)
	}
	return nil
}

// EnsureRole makes a role that may sign in and nothing more, or gives an
// existing one the password that URL hands out.
func (c *Cluster) EnsureRole(ctx context.Context, name string) (err error) {
	defer fault.Wrap(&err, "cluster.EnsureRole(%s)", name)
	if err := checkName("role", name); err != nil {
		return err
	}
	c.mu.Lock()
	_, known := c.state.Passwords[name]
	secret := c.password(name)
	if !known {
		err = c.saveState()
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.asOwner(ctx, "postgres", func(conn *pgx.Conn) error { return setRole(ctx, conn, name, secret) })
}

func setRole(ctx context.Context, conn *pgx.Conn, name, secret string) error {
	const attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
	ident := pgx.Identifier{name}.Sanitize()
	_, err := conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s %s PASSWORD '%s'", ident, attributes, secret)) // secret is hexadecimal
	if hasCode(err, "42710") {                                                                          // the role is there
		_, err = conn.Exec(ctx, fmt.Sprintf("ALTER ROLE %s %s PASSWORD '%s'", ident, attributes, secret))
	}
	return err
}

// EnsureDatabase makes a database of the owner's to which, beside the owner,
// only the given roles may connect. A database that is there stays as it is.
func (c *Cluster) EnsureDatabase(ctx context.Context, name, owner string, mayConnect ...string) (err error) {
	defer fault.Wrap(&err, "cluster.EnsureDatabase(%s)", name)
	for _, n := range append([]string{name, owner}, mayConnect...) {
		if err := checkName("database or role", n); err != nil {
			return err
		}
	}
	return c.asOwner(ctx, "postgres", func(conn *pgx.Conn) error {
		return setDatabase(ctx, conn, name, owner, mayConnect)
	})
}

func setDatabase(ctx context.Context, conn *pgx.Conn, name, owner string, mayConnect []string) error {
	db := pgx.Identifier{name}.Sanitize()
	_, err := conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s", db, pgx.Identifier{owner}.Sanitize()))
	if err != nil && !hasCode(err, "42P04") { // the database is there
		return err
	}
	if _, err := conn.Exec(ctx, fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", db)); err != nil {
		return err
	}
	for _, role := range mayConnect {
		if _, err := conn.Exec(ctx, fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", db, pgx.Identifier{role}.Sanitize())); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) asOwner(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, c.URL(RoleOwner, database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

func hasCode(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}
