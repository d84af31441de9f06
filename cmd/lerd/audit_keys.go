package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/jobs"
	"lerd/internal/store"
)

// ensureLogKey reads the signing key of a data folder's log, keys/log.key, or
// makes it together with keys/log.vkey, which is to be handed out.
func ensureLogKey(dir, origin string) (note.Signer, error) { return ensureKey(dir, "log", origin) }

// ensureKey reads keys/<base>.key, or makes it together with keys/<base>.vkey.
func ensureKey(dir, base, name string) (note.Signer, error) {
	path := filepath.Join(dir, "keys", base+".key")
	signer, err := readSigner(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return signer, err
	}
	key, vkey, err := audit.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// The verifier key first: a signing key alone would sign what nobody can check.
	if err := writeOnce(filepath.Join(dir, "keys", base+".vkey"), vkey+"\n", 0o644); err != nil {
		return nil, err
	}
	if err := writeOnce(path, key+"\n", 0o600); err != nil {
		return nil, err
	}
	return readSigner(path)
}

// writeOnce makes a file durable and never replaces one.
func writeOnce(path, text string, mode os.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Sync()
}

// readSigner reads a private key in note format and refuses one that others may read.
func readSigner(path string) (note.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The signing key %s cannot be read.", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "The signing key %s may be read by others; run: chmod 600 %s", path, path)
	}
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return audit.NewSigner(string(key))
}

// newSequencer wires the sequencer of a data folder's log.
func newSequencer(s auditSource, db *store.Store, signer note.Signer, log *slog.Logger) (*jobs.Sequencer, error) {
	trust, err := s.trust()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(s.keeper().Path), 0o700); err != nil {
		return nil, err
	}
	sequence := db.AuditSequence()
	return &jobs.Sequencer{
		Lock: func(ctx context.Context) (jobs.LogSession, error) {
			session, err := sequence.Lock(ctx)
			if session == nil {
				return nil, err
			}
			return session, err
		},
		Tiles: sequence.Tiles(), Receipts: db.AuditReader(), Keeper: s.keeper(), Signer: signer, Trust: trust, Epochs: db, Log: log,
	}, nil
}
