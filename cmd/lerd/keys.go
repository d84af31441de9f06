package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"lerd/internal/access"
	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/keys"
	"lerd/internal/store"
	"lerd/internal/store/cluster"
	"lerd/policies"
)

// keysCmd handles the keys with which bundles are sealed, stamped and logged.
// docs/keys.md has the procedures.
type keysCmd struct {
	List    keysListCmd    `cmd:"" help:"List every key that is or was published."`
	Publish keysPublishCmd `cmd:"" help:"Put the configured keys on record, or announce the next sealing certificate."`
	Rotate  keysRotateCmd  `cmd:"" help:"Make the announced sealing certificate the current one."`
	Deliver keysDeliverCmd `cmd:"" help:"Put on file to which age recipients an agency's bundles are encrypted, in place of its certificates."`
	Revoke  keysRevokeCmd  `cmd:"" help:"Mark a key as compromised; nothing is sealed with it any more. Lists the bundles that it sealed."`
}

// keysSource says which lerd is meant.
type keysSource struct {
	Config string `help:"YAML file of the portal; see docs/operations.md." env:"LERD_CONFIG" type:"path"`
	Dir    string `help:"Data folder with a private database, in place of a configuration." type:"path"`
}

// open connects as the application, and gives a context in which lerd acts.
func (k keysSource) open(ctx context.Context) (_ *keys.Service, _ config, _ context.Context, done func(), err error) {
	db, rules, cfg, done, err := k.ruled(ctx)
	if err != nil {
		return nil, cfg, nil, nil, err
	}
	s := &keys.Service{Store: db, Access: rules, Now: time.Now}
	return s, cfg, identity.With(ctx, identity.SystemActor()), done, nil
}

// ruled connects as the application, and reads the access policy.
func (k keysSource) ruled(ctx context.Context) (db *store.Store, rules *access.Authorizer, cfg config, done func(), err error) {
	if db, cfg, done, err = k.connect(ctx); err != nil {
		return nil, nil, cfg, nil, err
	}
	if rules, err = access.Load(policies.FS); err != nil {
		done()
		return nil, nil, cfg, nil, err
	}
	return db, rules, cfg, done, nil
}

// connect connects as the application.
func (k keysSource) connect(ctx context.Context) (_ *store.Store, cfg config, done func(), err error) {
	if cfg, err = loadConfig(k.Config, os.Getenv); err != nil {
		return nil, cfg, nil, err
	}
	if k.Dir != "" {
		cfg.Dir = k.Dir
	}
	stop := func() {}
	if cfg.DatabaseURL == "" {
		db, err := cluster.Attach(cfg.Dir)
		if fault.KindOf(err) == fault.NotFound && exists(cfg.path("pg")) {
			db, err = cluster.Open(ctx, cluster.Options{Dir: cfg.Dir, Log: slog.New(slog.DiscardHandler)})
		}
		if err != nil {
			return nil, cfg, nil, err
		}
		cfg.DatabaseURL, stop = db.URL(cluster.RoleApp, cluster.MainDatabase), func() { db.Close() }
	}
	db, err := store.Open(ctx, store.Config{URL: cfg.DatabaseURL})
	if err != nil {
		stop()
		return nil, cfg, nil, err
	}
	return db, cfg, func() { db.Close(); stop() }, nil
}

type keysListCmd struct{ keysSource }

// Run prints a table.
func (c keysListCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c keysListCmd) run(ctx context.Context, out io.Writer) error {
	s, _, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PURPOSE\tSTANDING\tPUBLISHED\tSHA-256\tKEY\t")
	for _, k := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", k.Purpose, k.Standing, k.PublishedAt.Format(time.DateOnly), k.SHA256, k.KeyID)
	}
	return w.Flush()
}

type keysDeliverCmd struct {
	keysSource
	Agency    string   `arg:"" help:"Id of the agency."`
	Recipient []string `required:"" help:"An age recipient, as the agency's people read it out over the number on file; repeat it for several."`
}

// Run settles the agency's form of delivery.
func (c keysDeliverCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c keysDeliverCmd) run(ctx context.Context, out io.Writer) error {
	s, _, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	f, err := s.DeliveryForm(ctx, identity.AgencyID(c.Agency))
	if err != nil {
		return err
	}
	f.Agency, f.Profile, f.Age, f.CertsPEM = identity.AgencyID(c.Agency), identity.DeliverAge, c.Recipient, nil
	if err := s.SetDelivery(ctx, f); err != nil {
		return err
	}
	fmt.Fprintf(out, "Bundles of this agency are encrypted with age to %d recipients from now on. Its administrators are told.\n", len(c.Recipient))
	return nil
}

type keysPublishCmd struct {
	keysSource
	Chain string `help:"PEM file of the next sealing certificate with its chain, to announce it before it is used." type:"existingfile"`
}

// Run publishes what is not on record yet.
func (c keysPublishCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c keysPublishCmd) run(ctx context.Context, out io.Writer) error {
	s, cfg, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := c.meant(cfg)
	if err != nil {
		return err
	}
	fresh, err := s.Publish(ctx, list...)
	if err != nil {
		return err
	}
	for _, k := range fresh {
		fmt.Fprintf(out, "%s %s is %s.\n", k.Purpose, k.SHA256, k.Standing)
	}
	if len(fresh) == 0 {
		fmt.Fprintln(out, "Everything is on record already.")
	}
	return nil
}

func (c keysPublishCmd) meant(cfg config) ([]keys.Key, error) {
	path := c.Chain
	if path == "" {
		path = cfg.Seal.Chain
	}
	if path == "" {
		return nil, fault.New(fault.Invalid, "Name the certificate with --chain, or a configuration with seal.chain.")
	}
	chain, err := cms.ReadCertsPEM(path)
	if err != nil {
		return nil, err
	}
	return []keys.Key{keys.FromChain(keys.Seal, chain)}, nil
}

type keysRotateCmd struct {
	keysSource
	Chain string `help:"PEM file of the sealing certificate that takes over; seal.chain of the configuration if not given." type:"existingfile"`
}

// Run rotates.
func (c keysRotateCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c keysRotateCmd) run(ctx context.Context, out io.Writer) error {
	s, cfg, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := keysPublishCmd{Chain: c.Chain}.meant(cfg)
	if err != nil {
		return err
	}
	if err := s.Rotate(ctx, list[0].SHA256); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is the current seal. Start the portal with its key now; the former certificate stays published.\n", list[0].SHA256)
	return err
}

type keysRevokeCmd struct {
	keysSource
	SHA256 string    `arg:"" name:"sha256" help:"The first 8 digits or more of the key's SHA-256, as lerd keys list shows it."`
	Since  time.Time `help:"From when on somebody else may have had the key, e.g. 2026-11-02T09:00:00Z." required:""`
	Reason string    `help:"Reason code of RFC 5280." enum:"keyCompromise,cACompromise,affiliationChanged,superseded,cessationOfOperation" default:"keyCompromise"`
}

// Run revokes and prints what has to be done.
func (c keysRevokeCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c keysRevokeCmd) run(ctx context.Context, out io.Writer) error {
	s, _, ctx, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	k, list, err := s.Revoke(ctx, c.SHA256, c.Since, c.Reason)
	if err != nil {
		return err
	}
	return printRevoked(out, k, list)
}

// printRevoked lists the bundles that a key sealed, with what to do about each.
func printRevoked(out io.Writer, k keys.Key, list []keys.Bundle) error {
	fmt.Fprintf(out, "%s %s is revoked (%s) since %s. Nothing is sealed with it any more.\n", k.Purpose, k.SHA256, k.Reason, k.CompromisedAt.Format(time.RFC3339))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%d bundles were sealed with it:\nBUNDLE\tREQUEST\tAGENCY\tEXPORTED\tPROPOSAL\t\n", len(list))
	for _, b := range list {
		proposal := "seal again: issue a bundle that supersedes it, and tell the agency"
		if b.Holds {
			proposal = "holds: it was stamped before"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", b.Ref, b.RequestRef, b.Agency, b.ExportedAt.Format(time.RFC3339), proposal)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "\nAsk the issuing authority for a revocation list that names the certificate, and see docs/keys.md.")
	return err
}
