package sample

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lerd/internal/fault"
)

// load is one table to fill.
type load struct {
	table string
	like  string // partitioned table that it becomes part of; empty: it exists
	check string // what holds of all its rows, as a partition
	index string // statements, with the table's name for %s
	rows  func(yield func(*rowWriter) bool)
}

// load fills one table on a connection of its own, and gives the digest of its
// rows. Where the table is made in the same transaction and the server has
// wal_level=minimal, the rows are not logged a second time.
func (f *filler) load(ctx context.Context, l load) (digest []byte, err error) {
	conn, err := pgx.Connect(ctx, f.url)
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The account database cannot be reached.")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, set := range []string{"SET synchronous_commit = off", "SET maintenance_work_mem = '256MB'", "SET timezone = 'UTC'"} {
		if _, err := conn.Exec(ctx, set); err != nil {
			return nil, err
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := l.create(ctx, tx); err != nil {
		return nil, err
	}
	if digest, err = f.copy(ctx, conn, l); err != nil {
		return nil, err
	}
	if err := l.finish(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, "ANALYZE "+l.table)
	return digest, err
}

func (l load) create(ctx context.Context, tx pgx.Tx) error {
	if l.like == "" {
		_, err := tx.Exec(ctx, "TRUNCATE "+l.table) // a fresh file, as for a new table
		return err
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %s, CHECK (%s))", l.table, l.like, l.check))
	return err
}

func (l load) finish(ctx context.Context, tx pgx.Tx) error {
	for _, s := range strings.Split(fmt.Sprintf(l.index, l.table), ";") {
		if _, err := tx.Exec(ctx, s); err != nil {
			return err
		}
	}
	if l.like == "" {
		return nil
	}
	bounds := map[bool]string{true: "FROM (MINVALUE) TO (" + l.border() + ")", false: "FROM (" + l.border() + ") TO (MAXVALUE)"}[strings.Contains(l.check, "id <")]
	_, err := tx.Exec(ctx, fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES %s", l.like, l.table, bounds))
	return err
}

func (l load) border() string { return l.check[strings.LastIndexByte(l.check, ' ')+1:] }

// copy streams the rows in PostgreSQL's binary form and digests them on the way.
func (f *filler) copy(ctx context.Context, conn *pgx.Conn, l load) ([]byte, error) {
	r, w := io.Pipe()
	h := sha256.New()
	made := make(chan error, 1)
	go func() {
		out := bufio.NewWriterSize(io.MultiWriter(w, h), 1<<18)
		n := 0
		_, err := out.WriteString(copyHead)
		for row := range l.rows {
			if err != nil {
				break
			}
			_, err = out.Write(row.b)
			if n++; n%1000 == 0 {
				f.done.add(1000)
			}
		}
		if err == nil {
			_, err = out.WriteString("\xff\xff")
		}
		if err == nil {
			err = out.Flush()
		}
		w.CloseWithError(err)
		made <- err
	}()
	_, err := conn.PgConn().CopyFrom(ctx, r, "COPY "+l.table+" FROM STDIN (FORMAT binary, FREEZE)")
	r.CloseWithError(io.ErrClosedPipe)
	if madeErr := <-made; err == nil {
		err = madeErr
	}
	return h.Sum(nil), err
}

// role makes the reading role and gives it the five views. Roles belong to the
// whole server, so another database may be made ready at the same moment.
func (f *filler) role(ctx context.Context, conn *pgx.Conn) (err error) {
	for range 10 {
		var pe *pgconn.PgError
		if err = f.tryRole(ctx, conn); !errors.As(err, &pe) || !slices.Contains([]string{"XX000", "42710", "23505"}, pe.Code) {
			return err
		}
	}
	return err
}

func (f *filler) tryRole(ctx context.Context, conn *pgx.Conn) error {
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)`, Role).Scan(&exists); err != nil {
		return err
	}
	sql := ""
	if !exists {
		sql = "CREATE ROLE " + Role + " LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 32;"
	}
	if f.o.Password != "" {
		quoted, err := conn.PgConn().EscapeString(f.o.Password)
		if err != nil {
			return err
		}
		sql += "ALTER ROLE " + Role + " PASSWORD '" + quoted + "';"
	}
	sql += "ALTER ROLE " + Role + " SET default_transaction_read_only = on;" +
		"GRANT USAGE ON SCHEMA public TO " + Role + ";" +
		"GRANT SELECT ON public.lerd_source, public.lerd_accounts, public.lerd_username_history, public.lerd_phone_history, public.lerd_ip_sessions TO " + Role
	_, err := conn.Exec(ctx, sql)
	return err
}

// progress counts rows of several loads and tells of them now and then.
type progress struct {
	mu     sync.Mutex
	now    Filling
	report func(Filling)
}

func (p *progress) step(name string, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = Filling{Step: name, Total: total}
	if p.report != nil {
		p.report(p.now)
	}
}

func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.Done += n
	if p.report != nil && p.now.Done%50_000 == 0 {
		p.report(p.now)
	}
}
