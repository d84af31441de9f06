package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/audit/remote"
	"lerd/internal/fault"
	"lerd/internal/store"
	"lerd/internal/store/cluster"
	"lerd/internal/verifycli"
)

// auditCmd is what an auditor does with the log.
type auditCmd struct {
	Verify     auditVerifyCmd     `cmd:"" help:"Verify the audit log: recompute it, compare it with what was signed, and replay it over the case data."`
	Export     auditExportCmd     `cmd:"" help:"Write the audit log as static files that any tlog-tiles tool can verify, without lerd and without a database."`
	Keep       auditKeepCmd       `cmd:"" help:"Take a new place for the last signed checkpoint into use, as the configuration names it."`
	Loss       auditLossCmd       `cmd:"" help:"Say whether entries of the log are lost, who has acknowledged it, and what is still needed."`
	Assertions auditAssertionsCmd `cmd:"" help:"Verify everything that people signed with their passkeys, by the public keys on file."`
	Openings   auditOpeningsCmd   `cmd:"" help:"Write what opens the closed facts of the log's entries, for somebody who draws a sample again."`
	Sample     auditSampleCmd     `cmd:"" help:"Draw an audit sample again, and compare it with the one on record."`
	Prove      auditProveCmd      `cmd:"" help:"Print the proof that an event is in the log, after verifying it."`
}

// auditSource says which log is meant and whose signature counts.
type auditSource struct {
	Dir         string `help:"Data folder; its private database is started if need be." default:"lerd-data" env:"LERD_DIR" type:"path"`
	DatabaseURL string `help:"Database to read instead of the private one, as lerd_auditor or lerd_owner." env:"LERD_AUDIT_DATABASE_URL"`
	VKey        string `name:"vkey" help:"File with the log's verifier keys, one a line; keys/log.vkey in the data folder if not given." type:"path"`
}

// trust reads the log's verifier keys: the current one first, then former ones.
func (s auditSource) trust() (audit.Trust, error) {
	if s.VKey != "" {
		return verifycli.ReadTrust(s.VKey)
	}
	path := filepath.Join(s.Dir, "keys", "log.vkey")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return audit.Trust{}, fault.New(fault.Invalid, "There is no %s. Name the data folder with --dir (that of a demonstration is lerd-data/demo), or the file with the log's verifier key with --vkey.", path)
	}
	return verifycli.ReadTrust(path)
}

// keeper is the last signed checkpoint outside the database.
func (s auditSource) keeper() audit.FileKeeper {
	return audit.FileKeeper{Path: filepath.Join(s.Dir, "log-state", "checkpoint")}
}

// open connects to the database; the private cluster is used as it runs, or
// started for as long as the command takes.
func (s auditSource) open(ctx context.Context) (_ *store.Store, done func(), err error) {
	url, stop := s.DatabaseURL, func() {}
	if url == "" {
		c, err := cluster.Attach(s.Dir)
		if fault.KindOf(err) == fault.NotFound && exists(filepath.Join(s.Dir, "pg")) {
			c, err = cluster.Open(ctx, cluster.Options{Dir: s.Dir, Log: slog.New(slog.DiscardHandler)})
		}
		if err != nil {
			return nil, nil, err
		}
		url, stop = c.URL(cluster.RoleAuditor, cluster.MainDatabase), func() { c.Close() }
	}
	db, err := store.Open(ctx, store.Config{URL: url})
	if err != nil {
		stop()
		return nil, nil, err
	}
	return db, func() { db.Close(); stop() }, nil
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

type auditVerifyCmd struct {
	auditSource
	Log    string `help:"Verify a published or exported log instead of a database: its web address or its folder."`
	Pin    string `help:"File with a checkpoint obtained earlier or elsewhere, of which the log must be a continuation." type:"path"`
	NoPin  bool   `help:"Verify although the last signed checkpoint outside the database is not there: a rollback cannot be noticed then."`
	NoRows bool   `help:"Leave out the case data: verify the log alone."`
	Resume string `help:"With --log: file with the checkpoint up to which you have verified the log before; only what is newer is recomputed. It is written where it is not there, and renewed." type:"path"`
	verifycli.Witnesses
	Quiet bool `short:"q" help:"Print no progress."`
}

// Run verifies, prints what was checked, and fails with the first thing that
// differs.
func (c auditVerifyCmd) Run() error { return c.run(context.Background(), os.Stdout, os.Stderr) }

func (c auditVerifyCmd) run(ctx context.Context, out, progress io.Writer) error {
	if c.Quiet {
		progress = io.Discard
	}
	trust, err := c.trust()
	if err != nil {
		return err
	}
	if c.Log != "" {
		return c.published(ctx, trust, out, progress)
	}
	if c.Witness != "" || c.Quorum != 0 {
		return fault.New(fault.Invalid, "Cosignatures are checked on a published or exported log; name it with --log.")
	}
	pin, err := c.pinned()
	if err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	check := store.AuditCheck{Trust: trust, Kept: pin, LogOnly: c.NoRows, Progress: verifycli.NewProgress(progress).Show}
	report, err := db.VerifyAudit(ctx, check)
	if err != nil {
		return verifycli.Verdict(err, store.IsDifference(err))
	}
	return printReport(out, report)
}

// pinned gives the checkpoint with which the database is compared.
func (c auditVerifyCmd) pinned() ([]byte, error) {
	if c.Pin != "" {
		return os.ReadFile(c.Pin)
	}
	kept, err := c.keeper().Load()
	if err == nil && kept == nil && !c.NoPin {
		return nil, fault.New(fault.Invalid, "The last signed checkpoint is not in %s, and without it a rollback cannot be noticed. "+
			"Give one with --pin, or say --no-pin to verify without.", c.keeper().Path)
	}
	return kept, err
}

// published verifies a log without its database.
func (c auditVerifyCmd) published(ctx context.Context, trust audit.Trust, out, progress io.Writer) error {
	trust, err := c.Witnesses.Add(trust)
	if err != nil {
		return err
	}
	return verifycli.LogCheck{Trust: trust, Pin: c.Pin, Resume: c.Resume, Out: out, Progress: progress}.Verify(ctx, logAt(c.Log))
}

// logAt reads a log from a web address or a folder.
func logAt(place string) audit.LogReader {
	if strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://") {
		return remote.HTTPReader{Base: place, Client: &http.Client{Timeout: time.Minute}}
	}
	return audit.DirReader(place)
}

type auditExportCmd struct {
	auditSource
	Out   string `help:"Folder for the files; an earlier export there is continued." required:"" type:"path"`
	Quiet bool   `short:"q" help:"Print no progress."`
}

// Run exports and says what lies there.
func (c auditExportCmd) Run() error { return c.run(context.Background(), os.Stdout, os.Stderr) }

func (c auditExportCmd) run(ctx context.Context, out, progress io.Writer) error {
	if c.Quiet {
		progress = io.Discard
	}
	trust, err := c.trust()
	if err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	show := verifycli.NewProgress(progress)
	signed, err := audit.Exporter{Source: db.AuditReader(), Dir: c.Out, Trust: trust,
		Progress: func(done, size uint64) { show.Show("exporting", int64(done), int64(size)) }}.Export(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Exported %d entries to %s, root %s.\n", signed.Size, c.Out, signed.Root)
	return err
}

type auditProveCmd struct {
	auditSource
	Event string  `help:"The event's id." placeholder:"ID" xor:"which" required:""`
	Index *uint64 `help:"The entry's number in the log, from 0." placeholder:"NUMBER" xor:"which" required:""`
	Entry string  `help:"File to write the entry to, octet for octet, as lerd-verify proof reads it." placeholder:"FILE" type:"path"`
}

// Run prints the tlog-proof.
func (c auditProveCmd) Run() error { return c.run(context.Background(), os.Stdout) }

func (c auditProveCmd) run(ctx context.Context, out io.Writer) error {
	trust, err := c.trust()
	if err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	log, id := db.AuditReader(), audit.EventID(c.Event)
	if _, err := uuid.Parse(c.Event); err != nil && c.Index == nil {
		return fault.New(fault.Invalid, "%s is no event's id. Ids are 36 characters, such as 5f0c3b56-5a3e-4c0f-9d9b-0a1b2c3d4e5f; auditors' pages and custody records show them.", c.Event)
	}
	if c.Index != nil {
		if id, err = log.EventAt(ctx, *c.Index); err != nil {
			return err
		}
	}
	return prove(ctx, out, proving{log, trust, id, c.Entry})
}

type proving struct {
	log   store.AuditReader
	trust audit.Trust
	id    audit.EventID
	file  string // for the entry, "" for none
}

// prove prints only what it has verified itself. A proof says nothing without its entry,
// which must be written as the log has it, without so much as a line's end.
func prove(ctx context.Context, out io.Writer, p proving) error {
	entry, err := p.log.Entry(ctx, p.id)
	if err != nil {
		return err
	}
	proof, err := p.log.Proof(ctx, p.id)
	if err != nil {
		return err
	}
	if _, _, err := audit.VerifyProof(entry, proof, p.trust); err != nil {
		return fmt.Errorf("NOT VERIFIED: event %s: %w", p.id, err)
	}
	if p.file != "" {
		if err := os.WriteFile(p.file, entry, 0o600); err != nil {
			return err
		}
	}
	_, err = out.Write(proof)
	return err
}
