package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
)

// Dump writes a database as it stands at one moment, in pg_dump's custom format.
// The role of the URL must own what is in it.
func Dump(ctx context.Context, databaseURL string, w io.Writer) (err error) {
	defer fault.Wrap(&err, "cluster.Dump")
	return runTool(ctx, databaseURL, "pg_dump", nil, w, "--format=custom", "--compress=6", "--no-password")
}

// Load reads into an empty database what Dump wrote, all of it or nothing. It is
// Conflict where the database holds tables.
func Load(ctx context.Context, databaseURL string, r io.Reader) (err error) {
	defer fault.Wrap(&err, "cluster.Load")
	db, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fault.Because(fault.Unavailable, err, "The database to restore into does not answer.")
	}
	defer db.Close(ctx)
	var tables int
	if err := db.QueryRow(ctx, `SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`).Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		return fault.New(fault.Conflict, "The database holds %d tables already; restore into an empty one.", tables)
	}
	return runTool(ctx, databaseURL, "pg_restore", r, io.Discard, "--exit-on-error", "--single-transaction", "--no-owner", "--no-password")
}

// runTool runs one of PostgreSQL's client programs against a database. The
// password goes by the environment: other users can read a command line.
func runTool(ctx context.Context, databaseURL, name string, in io.Reader, out io.Writer, args ...string) error {
	major, err := serverMajor(ctx, databaseURL)
	if err != nil {
		return err
	}
	path, err := tool(ctx, Finder{Env: os.Getenv}, name, major)
	if err != nil {
		return err
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		return err
	}
	password, _ := u.User.Password()
	u.User = url.User(u.User.Username())
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, path, append(args, "--dbname="+u.String())...)
	cmd.Env = append(Binaries{}.env(), "PGPASSWORD="+password)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, lastLines(said.String(), 3))
	}
	return nil
}

func serverMajor(ctx context.Context, databaseURL string) (int, error) {
	db, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return 0, fault.Because(fault.Unavailable, err, "The database does not answer.")
	}
	defer db.Close(ctx)
	var number int
	err = db.QueryRow(ctx, `SELECT current_setting('server_version_num')::int`).Scan(&number)
	return number / 10_000, err
}

// tool finds a client program of the server's own version: an older one cannot
// read the server, and a newer one writes what the server cannot read back.
func tool(ctx context.Context, f Finder, name string, major int) (string, error) {
	dirs := f.candidates()
	if dir := f.Env("LERD_PG_BIN"); dir != "" {
		dirs = append([]string{dir}, dirs...)
	}
	if found, err := exec.LookPath(name); err == nil {
		dirs = append(dirs, filepath.Dir(found))
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if m := versionLine.FindSubmatch(out); err == nil && m != nil && string(m[1]) == strconv.Itoa(major) {
			return path, nil
		}
	}
	return "", fault.New(fault.Unavailable, "%s of PostgreSQL %d was not found; install it, for example with: apt-get install postgresql-client-%d", name, major, major)
}
