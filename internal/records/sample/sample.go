// Package sample makes an account database for evaluation and tests: made-up
// accounts with phone numbers, usernames and IP events, behind the documented
// views, and a few fixed accounts around which a demonstration can be told.
//
// Invariants:
//   - nothing in it belongs to anybody: numbers lie in ranges that are reserved
//     for fiction or not assigned, addresses in documentation, benchmarking and
//     shared-NAT ranges;
//   - the same options make the same rows, on any machine;
//   - it touches only the schema "sample", the five views and the reading role.
package sample

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"lerd/internal/fault"
)

// Role is the role that reads the views, and nothing else.
const Role = "lerd_records"

// Options say what to make. Accounts and Sessions are without the story
// accounts and theirs.
type Options struct {
	Accounts int           // made-up accounts, at most 10 million
	Sessions int           // their IP events, at most 2 billion
	Seed     uint64        // another seed makes other people
	Now      time.Time     // everything lies in the two years before; kept to the day, UTC
	Password string        // of Role; empty leaves an existing role's password as it is
	Progress func(Filling) // called now and then, by one goroutine at a time; may be nil
}

// Filling is how far Fill has come.
type Filling struct {
	Step        string // e.g. "IP events"
	Done, Total int64  // rows
}

// Report is what Fill made.
type Report struct {
	Digest   string // SHA-256 over all rows as they were made, in hexadecimal
	Accounts int64
	Sessions int64
	Already  bool // the database held it already; nothing was done
}

// Fill makes the schema, the rows, the views and the role in the database at
// ownerURL, whose role must be able to create roles. A database filled before
// with the same options is left as it is; one that holds another sample, or
// half of one, is emptied of it first.
func Fill(ctx context.Context, ownerURL string, o Options) (rep Report, err error) {
	defer fault.Wrap(&err, "sample.Fill")
	if o.Accounts < 1 || o.Accounts > 10_000_000 || o.Sessions < 0 || o.Sessions > 2_000_000_000 || o.Now.IsZero() {
		return Report{}, fault.New(fault.Invalid, "Give 1 to 10 million accounts, at most 2 billion sessions and a reference time.")
	}
	o.Now = o.Now.UTC().Truncate(24 * time.Hour)
	f := &filler{o: o, url: ownerURL, world: newWorld(o)}
	conn, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		return Report{}, fault.Because(fault.Unavailable, err, "The account database cannot be reached.")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if rep, err = f.already(ctx, conn); err != nil || rep.Already {
		return rep, err
	}
	return f.fill(ctx, conn)
}

// URL gives the URL of the reading role for the database at ownerURL.
func URL(ownerURL, password string) (string, error) {
	u, err := url.Parse(ownerURL)
	if err != nil {
		return "", fault.New(fault.Invalid, "The URL of the account database cannot be read.")
	}
	u.User = url.UserPassword(Role, password)
	return u.String(), nil
}

type filler struct {
	o     Options
	url   string
	world *world
	done  progress
}

// key names the sample that the options make.
func (f *filler) key() string {
	return fmt.Sprintf("v1 accounts=%d sessions=%d seed=%d now=%s", f.o.Accounts, f.o.Sessions, f.o.Seed, f.o.Now.Format(time.DateOnly))
}

// already tells whether the database holds this very sample, whole: the row
// that says so is written last.
func (f *filler) already(ctx context.Context, conn *pgx.Conn) (Report, error) {
	var have bool
	err := conn.QueryRow(ctx, `SELECT to_regclass('sample.filled') IS NOT NULL`).Scan(&have)
	if err != nil || !have {
		return Report{}, err
	}
	var r Report
	err = conn.QueryRow(ctx, `SELECT digest, accounts, sessions FROM sample.filled WHERE key = $1`, f.key()).Scan(&r.Digest, &r.Accounts, &r.Sessions)
	if err == pgx.ErrNoRows {
		return Report{}, nil
	}
	if err != nil {
		return Report{}, err
	}
	r.Already = true
	return r, f.role(ctx, conn)
}

func (f *filler) fill(ctx context.Context, conn *pgx.Conn) (Report, error) {
	if _, err := conn.Exec(ctx, schemaSQL); err != nil {
		return Report{}, err
	}
	f.done.report = f.o.Progress
	digests, err := f.tables(ctx)
	if err != nil {
		return Report{}, err
	}
	f.done.step("views", 0)
	if _, err := conn.Exec(ctx, viewsSQL); err != nil {
		return Report{}, err
	}
	if err := f.role(ctx, conn); err != nil {
		return Report{}, err
	}
	rep := Report{Digest: digestOf(digests), Accounts: f.world.accounts(), Sessions: f.world.sessions()}
	_, err = conn.Exec(ctx, `INSERT INTO sample.filled (key, digest, accounts, sessions) VALUES ($1, $2, $3, $4)`, f.key(), rep.Digest, rep.Accounts, rep.Sessions)
	slog.DebugContext(ctx, "sample filled", "accounts", rep.Accounts, "sessions", rep.Sessions)
	return rep, err
}

// tables fills everything; IP events in two halves at once.
func (f *filler) tables(ctx context.Context) ([][]byte, error) {
	all := int(f.world.accounts())
	half := all / 2
	f.done.step("accounts and IP events", f.world.sessions()+3*int64(all))
	loads := []load{
		{table: "sample.ip_event_0", like: "sample.ip_event", rows: f.world.events(0, half), index: eventIndex, check: fmt.Sprintf("account_id < %d", idOf(half))},
		{table: "sample.ip_event_1", like: "sample.ip_event", rows: f.world.events(half, all), index: eventIndex, check: fmt.Sprintf("account_id >= %d", idOf(half))},
		{table: "sample.account", rows: f.world.accountRows, index: accountIndex},
		{table: "sample.username", rows: f.world.usernameRows, index: usernameIndex},
		{table: "sample.phone", rows: f.world.phoneRows, index: phoneIndex},
	}
	digests := make([][]byte, len(loads))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i := range loads {
		g.Go(func() (err error) {
			digests[i], err = f.load(ctx, loads[i])
			return err
		})
	}
	return digests, g.Wait()
}

func digestOf(parts [][]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
