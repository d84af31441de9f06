package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"lerd/internal/fault"
	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
)

// serveCmd serves the portal.
type serveCmd struct {
	Config string `help:"YAML file; see docs/operations.md. Environment variables go over it." env:"LERD_CONFIG" type:"path"`
}

// Run serves until it is told to stop.
func (c serveCmd) Run(ctx context.Context) error {
	cfg, err := loadConfig(c.Config, os.Getenv)
	if err != nil {
		return err
	}
	if err := cfg.check(); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if cfg.DatabaseURL == "" {
		db, err := privateDatabase(ctx, cfg.Dir, log)
		if err != nil {
			return err
		}
		defer db.Close()
		cfg.DatabaseURL = db.URL(cluster.RoleApp, cluster.MainDatabase)
	}
	s, err := build(ctx, cfg, log, time.Now)
	if err != nil {
		return err
	}
	defer s.close()
	if yes, err := s.store.Evaluation(ctx); err != nil || yes {
		return fault.Because(fault.Invalid, err, "This database is an evaluation's: steps count in it without a passkey. Give lerd a database of its own.")
	}
	if err := s.publish(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fault.Because(fault.Invalid, err, "lerd cannot listen on %s.", cfg.Listen)
	}
	log.Info("serving", "origin", cfg.PublicOrigin, "listen", l.Addr().String(), "version", buildVersion())
	return s.run(ctx, l)
}

// privateDatabase starts and migrates the PostgreSQL of a data folder.
func privateDatabase(ctx context.Context, dir string, log *slog.Logger) (*cluster.Cluster, error) {
	db, err := cluster.Open(ctx, cluster.Options{Dir: dir, Log: log})
	if err != nil {
		return nil, err
	}
	if _, err := migrations.Up(ctx, db.URL(cluster.RoleOwner, cluster.MainDatabase)); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// buildVersion gives the module's version, or the revision it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "git-" + s.Value[:12]
		}
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "dev"
}
