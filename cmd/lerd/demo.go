package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records/sample"
	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
)

// demoCmd runs the main job on sample data.
type demoCmd struct {
	Dir      string `help:"Data folder; made if it is not there." default:"lerd-data/demo" env:"LERD_DIR" type:"path"`
	Serve    bool   `help:"Leave the portal running for you to click through, until Ctrl-C."`
	Listen   string `help:"Loopback address of the portal; port 0 takes a free one." default:"127.0.0.1:8443"`
	Accounts int    `help:"Sample accounts." default:"100000"`
	Sessions int    `help:"Sample IP sessions." default:"5000000"`
	NoStory  bool   `help:"Only serve: leave out the unattended story."`
}

// demo is one run of the demonstration.
type demo struct {
	demoCmd
	out   io.Writer
	db    *cluster.Cluster
	sys   *system
	cfg   config
	times sample.Times
	step  int
	// quarter is how many quarters of the filling have been told.
	quarter int64
}

// Run tells the story, shows each step, and writes demo.json.
func (c demoCmd) Run(ctx context.Context) error {
	d := &demo{demoCmd: c, out: os.Stdout}
	defer d.close()
	l, err := d.listen() // before the long steps: an address that cannot be had is said at once
	if err != nil {
		return err
	}
	defer l.Close()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.build(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- d.sys.run(ctx, l) }()
	if !c.NoStory {
		if err := d.tell(ctx); err != nil {
			return err
		}
	}
	if c.Serve {
		d.invitation()
		return <-served
	}
	stop()
	return <-served
}

// prepare starts the private PostgreSQL and fills the account database.
func (d *demo) prepare(ctx context.Context) (err error) {
	if err := notPractice(d.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Dir, 0o711); err != nil {
		return fault.Because(fault.Invalid, err, "The data folder %s cannot be made.", d.Dir)
	}
	d.say("Starting a private PostgreSQL in %s", d.Dir)
	if d.db, err = privateDatabase(ctx, d.Dir, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if err := migrations.Evaluate(ctx, d.db.URL(cluster.RoleOwner, cluster.MainDatabase), true); err != nil {
		return err
	}
	const database, owner = "accounts", "accounts_owner"
	if err := d.db.EnsureRole(ctx, sample.Role); err != nil {
		return err
	}
	if err := d.db.EnsureDatabase(ctx, database, cluster.RoleOwner, sample.Role); err != nil {
		return err
	}
	d.say("Filling the platform's account database: %d accounts, %d IP sessions", d.Accounts, d.Sessions)
	now := time.Now().UTC()
	report, err := sample.Fill(ctx, d.db.URL(cluster.RoleOwner, database), sample.Options{Accounts: d.Accounts, Sessions: d.Sessions, Seed: 1, Now: now, Progress: d.progress})
	if err != nil {
		return err
	}
	d.endProgress()
	d.note("%d accounts and %d sessions; nobody real is among them", report.Accounts, report.Sessions)
	d.times = sample.StoryTimes(now)
	d.cfg.DatabaseURL = d.db.URL(cluster.RoleApp, cluster.MainDatabase)
	d.cfg.AccountsURL = d.db.URL(sample.Role, database)
	return nil
}

// listen takes the portal's address; it must be on this machine.
func (d *demo) listen() (net.Listener, error) {
	host, _, err := net.SplitHostPort(d.Listen)
	if err != nil || !loopback(host) {
		return nil, fault.New(fault.Invalid, "The demonstration listens on loopback only: its sign-in asks for no passkey. Give --listen 127.0.0.1:PORT.")
	}
	l, err := net.Listen("tcp", d.Listen)
	if err != nil && d.Listen == "127.0.0.1:8443" {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The portal cannot listen on %s; choose another with --listen.", d.Listen)
	}
	// By this name, because a browser gives passkeys to no address.
	d.cfg.PublicOrigin = fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	return l, nil
}

// build wires lerd in development mode and registers the cast.
func (d *demo) build(ctx context.Context) error {
	c := &d.cfg
	c.Dir, c.Listen, c.Product, c.LogOrigin, c.development = d.Dir, d.Listen, "Sample Messenger", "lerd.example/demo", true
	c.Controller.Name, c.Controller.Address, c.Controller.Contact = "Sample Messenger Ltd", "1 Example Street, Sampletown", "legal@sample-messenger.example"
	log, err := os.OpenFile(filepath.Join(d.Dir, "lerd.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if d.sys, err = build(ctx, *c, slog.New(slog.NewJSONHandler(log, nil)), time.Now); err != nil {
		return err
	}
	if err := d.sys.publish(ctx); err != nil {
		return err
	}
	return d.sys.seedPeople(ctx, time.Now())
}

func (d *demo) close() {
	if d.sys != nil {
		d.sys.close()
	}
	if d.db != nil {
		d.db.Close()
	}
}

// say begins a step of the story.
func (d *demo) say(format string, args ...any) {
	d.step++
	fmt.Fprintf(d.out, "%2d. %s\n", d.step, fmt.Sprintf(format, args...))
}

// note adds a line to the step.
func (d *demo) note(format string, args ...any) {
	fmt.Fprintf(d.out, "      %s\n", fmt.Sprintf(format, args...))
}

// progress shows how far the filling has come: in place on a terminal, in
// quarters elsewhere.
func (d *demo) progress(f sample.Filling) {
	if f.Total <= 0 {
		return
	}
	percent := f.Done * 100 / f.Total
	switch {
	case terminal(d.out):
		fmt.Fprintf(d.out, "\r      %s: %d %%\x1b[K", f.Step, percent)
	case percent/25 > d.quarter:
		d.quarter = percent / 25
		d.note("%s: %d %%", f.Step, d.quarter*25)
	}
}

func (d *demo) endProgress() {
	if terminal(d.out) {
		fmt.Fprint(d.out, "\r\x1b[K")
	}
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (d *demo) invitation() {
	fmt.Fprintf(d.out, "\nThe portal is at %s — sign in as anybody on the list. Ctrl-C ends it.\n", d.cfg.PublicOrigin)
}
