package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"lerd/internal/fault"
	"lerd/internal/practice"
	"lerd/internal/records/sample"
	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
	"lerd/internal/violations"
)

// practiceCmd serves the practice portal: a system of its own, which shares
// nothing with the real one.
type practiceCmd struct {
	Dir      string        `help:"Practice folder; made if it is not there, and wiped at each reset." default:"lerd-data/practice" env:"LERD_PRACTICE_DIR" type:"path"`
	Listen   string        `help:"host:port of the practice portal." default:"127.0.0.1:8444" env:"LERD_PRACTICE_LISTEN"`
	Origin   string        `help:"How browsers reach it: https://host, or empty for plain http on a loopback address." env:"LERD_PRACTICE_ORIGIN"`
	Beside   string        `help:"Configuration of the real portal, to be sure that nothing is shared with it." env:"LERD_CONFIG" type:"path"`
	Product  string        `help:"The service's name." default:"Sample Messenger"`
	Reset    time.Duration `help:"How often everything is thrown away." default:"24h"`
	Pace     time.Duration `help:"Time between the automatic reviewer's steps." default:"6s"`
	Accounts int           `help:"Invented accounts." default:"2000"`
	Sessions int           `help:"Invented IP sessions." default:"50000"`
	log      *slog.Logger
}

// practiceWords stand where a real system names its operator: in every bundle,
// certificate, receipt and page.
const practiceWords = "PRACTICE (nothing here is real)"

// Run serves round after round, each with new data and new keys, until it is
// told to stop.
func (c practiceCmd) Run(ctx context.Context) error {
	c.log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := c.apart(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := c.round(ctx); err != nil {
			return err
		}
	}
	return nil
}

// round fills an empty practice folder and serves it until the next reset.
func (c practiceCmd) round(ctx context.Context) (err error) {
	if err := wipePractice(c.Dir); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, c.Reset)
	defer stop()
	db, sys, err := c.build(ctx, time.Now().Add(c.Reset))
	if db != nil {
		defer db.Close()
	}
	if err != nil {
		return err
	}
	defer sys.close()
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.Because(fault.Invalid, err, "Practice cannot listen on %s; choose another with --listen.", c.Listen)
	}
	c.log.Info("practice is open", "origin", sys.cfg.PublicOrigin, "until", time.Now().Add(c.Reset))
	return c.serve(ctx, sys, l)
}

// serve runs the portal and the automatic staff.
func (c practiceCmd) serve(ctx context.Context, sys *system, l net.Listener) error {
	staff := sys.practiceStaff()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return sys.run(ctx, l) })
	g.Go(func() error { return sys.every(ctx, job{"practice staff", c.Pace, staff.RunOnce}) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// build starts the folder's own PostgreSQL, fills it, and wires lerd over it.
func (c practiceCmd) build(ctx context.Context, next time.Time) (db *cluster.Cluster, sys *system, err error) {
	if db, err = privateDatabase(ctx, c.Dir, c.log); err != nil {
		return nil, nil, err
	}
	if err := migrations.Evaluate(ctx, db.URL(cluster.RoleOwner, cluster.MainDatabase), true); err != nil {
		return db, nil, err
	}
	const database, owner = "accounts", cluster.RoleOwner
	if err := db.EnsureRole(ctx, sample.Role); err != nil {
		return db, nil, err
	}
	if err := db.EnsureDatabase(ctx, database, owner, sample.Role); err != nil {
		return db, nil, err
	}
	now := time.Now().UTC()
	if _, err := sample.Fill(ctx, db.URL(owner, database), sample.Options{Accounts: c.Accounts, Sessions: c.Sessions, Seed: uint64(now.Unix()), Now: now}); err != nil {
		return db, nil, err
	}
	cfg := c.config()
	cfg.DatabaseURL, cfg.AccountsURL = db.URL(cluster.RoleApp, cluster.MainDatabase), db.URL(sample.Role, database)
	cfg.practice.next = next
	if sys, err = build(ctx, cfg, c.log, time.Now); err != nil {
		return db, nil, err
	}
	if err := sys.openPractice(ctx, now); err != nil {
		sys.close()
		return db, nil, err
	}
	return db, sys, nil
}

// config gives the practice system's settings. None is read from the real
// system's file or environment.
func (c practiceCmd) config() config {
	cfg := config{Dir: c.Dir, Listen: c.Listen, PublicOrigin: c.origin(), Product: "PRACTICE " + c.Product, development: true,
		practice: &practiceRound{every: c.Reset, next: time.Now().Add(c.Reset)}}
	host := "localhost"
	if u, err := url.Parse(cfg.PublicOrigin); err == nil {
		host = u.Hostname()
	}
	cfg.LogOrigin = practiceLogPrefix + host
	cfg.Controller.Name, cfg.Controller.Address, cfg.Controller.Contact = practiceWords, "Nowhere: invented for practice", "practice@invalid.example"
	return cfg
}

func (c practiceCmd) origin() string {
	if c.Origin != "" {
		return c.Origin
	}
	return "http://" + c.Listen
}

// practiceRound is what a practice system knows of its own end.
type practiceRound struct {
	every time.Duration
	next  time.Time
}

// openPractice publishes the rules and registers the invented people.
func (s *system) openPractice(ctx context.Context, now time.Time) error {
	if err := s.publish(ctx); err != nil {
		return err
	}
	if err := s.seedPeople(ctx, now); err != nil {
		return err
	}
	return s.seedPracticeAgencies(ctx, now)
}

// practiceStaff is the automatic staff over this very system.
func (s *system) practiceStaff() *practice.Staff {
	return &practice.Staff{Cases: s.cases, Findings: findings{s.findings}, Law: s.law, As: s.asPracticeStaff}
}

// findings narrows the service to what the automatic staff needs.
type findings struct{ *violations.Service }
