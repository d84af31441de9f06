package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/store"
	"lerd/internal/transparency/publishing"
	"lerd/policies"
)

// applicationSource reads the log as an auditor, and adds to it as the application.
type applicationSource struct {
	auditSource
	now func() time.Time
	app string // in tests: the database's address as the application
}

// handing is openings on their way to somebody.
type handing struct {
	dir, name string                             // of the file
	config    string                             // YAML file of the portal
	about     publishing.Handing                 // its count and digest are filled in
	write     func(f io.Writer) (n int, _ error) // gives how many openings it wrote
}

// give writes the openings. The file gets its name after the event that says who
// gets it is in the log: without the event there is none.
func (a applicationSource) give(ctx context.Context, h handing) (err error) {
	app, cfg, done, err := a.application(ctx, h.config)
	if err != nil {
		return err
	}
	defer done()
	service, err := a.publisher(ctx, cfg, app)
	if err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Join(h.dir, h.name)); err == nil && info.IsDir() {
		return fault.New(fault.Invalid, "%s is a folder. Name the file to be written with --out.", filepath.Join(h.dir, h.name))
	}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(h.dir, ".openings-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	digest := sha256.New()
	h.about.Openings, err = h.write(io.MultiWriter(f, digest))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	h.about.SHA256 = hex.EncodeToString(digest.Sum(nil))
	if err := service.Give(identity.With(ctx, identity.SystemActor()), h.about); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(h.dir, h.name))
}

// application connects as the application, which alone adds to the log.
func (a applicationSource) application(ctx context.Context, path string) (*store.Store, config, func(), error) {
	if a.app == "" {
		return keysSource{Config: path, Dir: a.Dir}.connect(ctx)
	}
	db, err := store.Open(ctx, store.Config{URL: a.app})
	if err != nil {
		return nil, config{}, nil, err
	}
	return db, config{Dir: a.Dir}, func() { db.Close() }, nil
}

func (a applicationSource) publisher(ctx context.Context, cfg config, db *store.Store) (*publishing.Service, error) {
	rules, err := access.Load(policies.FS)
	if err != nil {
		return nil, err
	}
	blobs, _, err := cfg.openBlobs(ctx)
	if err != nil {
		return nil, err
	}
	now := a.now
	if now == nil {
		now = time.Now
	}
	return publishing.New(publishing.Config{Store: db, Blobs: blobs, Access: rules, Now: now}), nil
}

// openingsAtOnce is how many entries' openings are read at a time.
const openingsAtOnce = 1 << 16
