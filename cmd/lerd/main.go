// Command lerd answers law enforcement: the portal, the legal-validity
// workflow, signed bundles and the audit log, in one program.
//
// Each subcommand has a file of its own; this one lists them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"lerd/internal/verifycli"
)

// cli is the whole command line.
type cli struct {
	Demo     demoCmd     `cmd:"" help:"Run the main job with sample data, a private PostgreSQL and no set-up; --serve leaves the portal running."`
	Practice practiceCmd `cmd:"" help:"Serve a portal of invented cases, apart from the real one, where officers learn."`
	Serve    serveCmd    `cmd:"" help:"Serve the portal."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database to the newest schema, as its owner."`
	Audit    auditCmd    `cmd:"" help:"Verify, export and prove the audit log."`
	Report   reportCmd   `cmd:"" help:"Make the public figures of a quarter or a year from the audit log alone."`
	Bundle   bundleCmd   `cmd:"" help:"Verify a bundle offline, or print the schemas of its contents."`
	Keys     keysCmd     `cmd:"" help:"List, publish, rotate and revoke the keys of bundles."`
	Policy   policyCmd   `cmd:"" help:"Test the legal processes against their example cases."`
	Findings findingsCmd `cmd:"" help:"Bring in findings of the moderation system, on the server."`
	Staff    staffCmd    `cmd:"" help:"Bring in the platform's first people, on the server."`
	Backup   backupCmd   `cmd:"" help:"Make and restore backups that nobody can open once their time has come."`
	DB       dbCmd       `cmd:"" name:"db" help:"Start, stop and find the private PostgreSQL of a data folder."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	k := kong.Parse(&c,
		kong.Name("lerd"),
		kong.Description("lerd answers law enforcement: valid requests only, phone numbers and IP addresses only, of confirmed rule violators only, every step on record."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "lerd: "+verifycli.Plain(err))
		os.Exit(1)
	}
}
