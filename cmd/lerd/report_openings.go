package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/store"
	"lerd/internal/transparency"
	"lerd/internal/transparency/publishing"
)

// handing is a report's openings on their way to somebody.
type handing struct {
	db      *store.Store
	made    counted
	dir, to string
	config  string
}

// give writes the openings. The file gets its name after the event that says who
// gets it is in the log: without the event there is none.
func (p reportPeriod) give(ctx context.Context, h handing) (err error) {
	app, cfg, done, err := p.application(ctx, h.config)
	if err != nil {
		return err
	}
	defer done()
	service, err := p.publisher(ctx, cfg, app)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(h.dir, ".openings-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	about := publishing.Handing{Period: h.made.order.Period.String(), Log: h.made.order.Log, To: h.to}
	about.Openings, about.SHA256, err = h.write(ctx, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := service.Give(identity.With(ctx, identity.SystemActor()), about); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(h.dir, transparency.OpeningsName))
}

// application connects as the application, which alone adds to the log.
func (p reportPeriod) application(ctx context.Context, path string) (*store.Store, config, func(), error) {
	if p.app == "" {
		return keysSource{Config: path, Dir: p.Dir}.connect(ctx)
	}
	db, err := store.Open(ctx, store.Config{URL: p.app})
	if err != nil {
		return nil, config{}, nil, err
	}
	return db, config{Dir: p.Dir}, func() { db.Close() }, nil
}

// openingsAtOnce is how many entries' openings are read at a time.
const openingsAtOnce = 1 << 16

// write writes the openings that the report needs, and no others. It gives how many
// and the SHA-256 of what was written.
func (h handing) write(ctx context.Context, f io.Writer) (n int, sum string, err error) {
	digest := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(f, digest))
	need := h.made.book.Needed(h.made.order)
	for len(need) > 0 {
		first := need[0]
		list, err := h.db.CountOpenings().From(ctx, first, first+openingsAtOnce)
		if err != nil {
			return 0, "", err
		}
		for _, o := range list {
			if len(need) > 0 && need[0] == o.Index {
				need, n = need[1:], n+1
				if _, err := w.Write(o.Line()); err != nil {
					return 0, "", err
				}
			}
		}
		if len(need) > 0 && need[0] < first+openingsAtOnce {
			return 0, "", fault.New(fault.Internal, "The opening of entry %d is not there.", need[0])
		}
	}
	if err := w.Flush(); err != nil {
		return 0, "", err
	}
	return n, hex.EncodeToString(digest.Sum(nil)), nil
}
