package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"lerd/internal/backup"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/store/blob"
	"lerd/internal/store/cluster"
)

// backupCmd copies what lerd keeps, each copy under a key of its own that ends.
type backupCmd struct {
	Make    backupMakeCmd    `cmd:"" help:"Copy the database and the files, encrypted under a new key."`
	List    backupListCmd    `cmd:"" help:"List the keys of backups, and until when each opens its backup."`
	Restore backupRestoreCmd `cmd:"" help:"Read a backup into an empty database and an empty folder."`
	End     backupEndCmd     `cmd:"" help:"End the keys whose time has come; lerd serve does so by itself."`
}

// backupSource says which lerd is meant, and where the keys of its backups lie.
type backupSource struct {
	keysSource
	Keys string `help:"Folder of the keys of backups, apart from backups and data; the configuration's if not given." type:"path"`
}

// open connects as the application, and gives a context in which lerd acts.
func (b backupSource) open(ctx context.Context) (_ *backup.Service, _ config, _ context.Context, done func(), err error) {
	db, rules, cfg, done, err := b.ruled(ctx)
	if err != nil {
		return nil, cfg, nil, nil, err
	}
	if cfg, err = b.placed(cfg); err != nil {
		done()
		return nil, cfg, nil, nil, err
	}
	return cfg.backups(db, rules, time.Now), cfg, identity.With(ctx, identity.SystemActor()), done, nil
}

// placed takes the folder of keys that was named into the configuration.
func (b backupSource) placed(cfg config) (config, error) {
	if b.Keys != "" {
		cfg.Backups.Keys = b.Keys
	}
	if cfg.Backups.Keys == "" {
		return cfg, fault.New(fault.Invalid, "Say where the keys of backups lie: --keys, or backups.keys in the configuration.")
	}
	return cfg, backup.Apart(cfg.Backups.Keys, cfg.Dir)
}

type backupMakeCmd struct {
	backupSource
	OwnerURL string `help:"Database to copy, as lerd_owner; the private one if not given." env:"LERD_OWNER_URL"`
	Out      string `required:"" help:"Folder in which the backup gets a folder of its own." type:"path"`
}

// Run makes a backup and says what it is.
func (c backupMakeCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c backupMakeCmd) run(ctx context.Context, out io.Writer) error {
	s, cfg, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	owner, err := ownerOf(cfg, c.OwnerURL)
	if err != nil {
		return err
	}
	last, err := auditSource{Dir: cfg.Dir}.keeper().Load()
	if err != nil {
		return err
	}
	src := backup.Source{Checkpoint: string(last), Dump: func(ctx context.Context, w io.Writer) error { return cluster.Dump(ctx, owner, w) }}
	if cfg.Blobs.Kind == "" {
		src.Files = cfg.path("blobs")
	}
	m, err := s.Make(ctx, src, c.Out, cfg.Backups.lasting())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Backup %s, manifest sha256:%s\nIts key in %s opens it until %s, and is destroyed then.\n", m.ID, m.SHA256, cfg.Backups.Keys, m.Until.Format("2006-01-02 15:04 UTC"))
	if src.Files == "" {
		fmt.Fprintf(out, "The files in the bucket %s are not in it: the bucket needs copies of its own.\n", cfg.Blobs.Bucket)
	}
	return nil
}

// ownerOf gives the URL of the database's owner: the one named, or the private
// cluster's.
func ownerOf(cfg config, url string) (string, error) {
	if url != "" {
		return url, nil
	}
	c, err := cluster.Attach(cfg.Dir)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.URL(cluster.RoleOwner, cluster.MainDatabase), nil
}

type backupListCmd struct{ backupSource }

// Run prints a table.
func (c backupListCmd) Run() error { return c.run(os.Stdout) }

func (c backupListCmd) run(out io.Writer) error {
	cfg, err := loadConfig(c.Config, os.Getenv)
	if err == nil {
		cfg, err = c.placed(cfg)
	}
	if err != nil {
		return err
	}
	list, err := backup.Keyring{Dir: cfg.Backups.Keys}.List()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "BACKUP\tITS KEY OPENS IT UNTIL\t")
	for _, key := range list {
		until := "destroyed, and not on record yet"
		if !key.Ended {
			until = key.Until.Format("2006-01-02 15:04 UTC")
		}
		fmt.Fprintf(w, "%s\t%s\t\n", key.ID, until)
	}
	return w.Flush()
}

type backupRestoreCmd struct {
	From     string `arg:"" help:"The backup's own folder." type:"existingdir"`
	Keys     string `required:"" help:"Folder of the keys of backups." type:"path"`
	Dir      string `required:"" help:"Data folder to restore into; its private database is made, unless --owner-url is given." type:"path"`
	OwnerURL string `help:"Empty database to restore into, as lerd_owner." env:"LERD_OWNER_URL"`
}

// Run restores and says what the operator must do next.
func (c backupRestoreCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c backupRestoreCmd) run(ctx context.Context, out io.Writer) error {
	owner := c.OwnerURL
	if owner == "" {
		db, err := cluster.Open(ctx, cluster.Options{Dir: c.Dir, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		defer db.Close()
		owner = db.URL(cluster.RoleOwner, cluster.MainDatabase)
	}
	m, err := backup.Restore(ctx, backup.Keyring{Dir: c.Keys}, c.From, backup.Target{
		Load:  func(ctx context.Context, r io.Reader) error { return cluster.Load(ctx, owner, r) },
		Files: filepath.Join(c.Dir, "blobs"), Name: blob.Valid,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Restored the backup of %s, manifest sha256:%s\nThe log stands where it stood then. Put back keys/ and log-state/ from where you keep them, newest first, before lerd serves: "+
		"if entries were signed since, releases stay stopped until the loss is acknowledged (docs/operations.md).\n", m.MadeAt.Format("2006-01-02 15:04 UTC"), m.SHA256)
	return err
}

type backupEndCmd struct{ backupSource }

// Run ends what is due.
func (c backupEndCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c backupEndCmd) run(ctx context.Context, out io.Writer) error {
	s, _, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	n, err := s.RunOnce(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d backups can no longer be opened by anybody.\n", n)
	return err
}
