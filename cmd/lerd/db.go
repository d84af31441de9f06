package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"lerd/internal/store/cluster"
)

// dbCmd handles the private cluster alone, for looking at its data with psql.
type dbCmd struct {
	Start dbStartCmd `cmd:"" help:"Start the private PostgreSQL of a data folder and leave it running."`
	Stop  dbStopCmd  `cmd:"" help:"Stop the private PostgreSQL of a data folder."`
	URL   dbURLCmd   `cmd:"" name:"url" help:"Print the connection URL of the running private PostgreSQL; it contains the password."`
}

type dbStartCmd struct {
	Dir string `help:"Data folder." default:"lerd-data" env:"LERD_DIR" type:"path"`
}

// Run starts the cluster and says where it listens.
func (c dbStartCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c dbStartCmd) run(ctx context.Context, out io.Writer) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	db, err := cluster.Start(ctx, cluster.Options{Dir: c.Dir, Log: log})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "PostgreSQL is running on 127.0.0.1 port %d. Look at it with: psql \"$(lerd db url --dir %s)\"\n", db.Port(), c.Dir)
	return err
}

type dbStopCmd struct {
	Dir string `help:"Data folder." default:"lerd-data" env:"LERD_DIR" type:"path"`
}

// Run stops the cluster; one that is not running is not an error.
func (c dbStopCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c dbStopCmd) run(ctx context.Context, out io.Writer) error {
	stopped, err := cluster.Stop(ctx, c.Dir)
	if err != nil {
		return err
	}
	said := "PostgreSQL was not running."
	if stopped {
		said = "PostgreSQL has stopped."
	}
	_, err = fmt.Fprintln(out, said)
	return err
}

type dbURLCmd struct {
	Dir      string `help:"Data folder." default:"lerd-data" env:"LERD_DIR" type:"path"`
	Role     string `help:"Whose URL: ${enum}." enum:"owner,app,auditor,superuser" default:"auditor"`
	Database string `help:"Name of the database." default:"lerd"`
}

// dbRoles gives the role behind each word of --role. The owner is the superuser
// of the private cluster; both words are there because elsewhere they differ.
var dbRoles = map[string]string{
	"owner":     cluster.RoleOwner,
	"app":       cluster.RoleApp,
	"auditor":   cluster.RoleAuditor,
	"superuser": cluster.RoleOwner,
}

// Run prints the URL alone, for use in a command substitution.
func (c dbURLCmd) Run() error { return c.run(os.Stdout) }

func (c dbURLCmd) run(out io.Writer) error {
	db, err := cluster.Attach(c.Dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, db.URL(dbRoles[c.Role], c.Database))
	return err
}
