package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
)

// migrateCmd brings a database to the newest schema.
type migrateCmd struct {
	Dir      string `help:"Data folder, for its private database." default:"lerd-data" env:"LERD_DIR" type:"path"`
	OwnerURL string `help:"Database to migrate, as lerd_owner; the private one if not given." env:"LERD_OWNER_URL"`
}

// Run migrates and says which files it applied.
func (c migrateCmd) Run(ctx context.Context) error {
	url := c.OwnerURL
	if url == "" {
		db, err := cluster.Open(ctx, cluster.Options{Dir: c.Dir, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
		if err != nil {
			return err
		}
		defer db.Close()
		url = db.URL(cluster.RoleOwner, cluster.MainDatabase)
	}
	applied, err := migrations.Up(ctx, url)
	if err != nil {
		return err
	}
	if len(applied) == 0 {
		fmt.Println("The database is at the newest schema.")
	}
	for _, v := range applied {
		fmt.Printf("Applied migration %04d.\n", v)
	}
	return nil
}
