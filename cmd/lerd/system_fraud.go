package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"lerd/internal/callback"
	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/requests"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/risk"
	"lerd/internal/web"
	"lerd/policies"
	"lerd/templates"
)

// openFraud wires what keeps impostors out, and asks it before anything goes
// towards a release.
func (s *system) openFraud(blobs requests.Blobs) error {
	policy, err := risk.Load(policies.FS)
	if err != nil {
		return err
	}
	key, err := ensureBlindKey(s.cfg.Dir)
	if err != nil {
		return err
	}
	letters, err := fs.Sub(templates.FS, "letters/en")
	if err != nil {
		return err
	}
	c := fraud.Config{Store: s.store, Facts: s.store, Stopping: s.store, Issuers: s.store, Register: s.store, Lists: s.store, Access: s.rules, Policy: policy, Key: key, Blobs: blobs,
		Repeats: s.store, Origin: s.cfg.PublicOrigin, Letters: fraud.Letters{FS: letters}, Practice: s.cfg.practice != nil, Now: s.now}
	if u, err := url.Parse(s.cfg.PublicOrigin); err == nil {
		c.Own = []string{u.Hostname()}
	}
	if r, err := s.cfg.renderer(); err == nil {
		s.reader = orderdoc.NewReader(r)
		c.Papers = s.reader
	}
	s.fraud = fraud.New(c)
	s.cases.Guard = s.fraud
	if s.cfg.practice == nil { // what is practised is invented, and has no counsel
		s.cases.Rights = s.store
	}
	s.calls.Then[callback.Request] = s.fraud.Called
	s.agencies.Impostors = s.fraud
	return nil
}

// fraudPages gives the portal what it needs of it; practice has none of it.
func (s *system) fraudPages() web.Fraud {
	if s.cfg.practice != nil {
		return nil
	}
	return s.fraud
}

// sweepFraud does what waits there, in one process at a time.
func (s *system) sweepFraud(ctx context.Context) (int, error) {
	return s.alone(ctx, "fraud", s.fraud.Sweep)
}

// openReviews asks counsel about the cases that touch rights, in one process at a
// time.
func (s *system) openReviews(ctx context.Context) (int, error) {
	if s.cases.Rights == nil {
		return 0, nil
	}
	return s.alone(ctx, "rights", s.cases.OpenRightsReviews)
}

// ensureBlindKey reads the key under which marks of texts and people are hashed,
// keys/blind.key, or makes it. Without it no old mark can be compared with a new
// one: it is kept as long as the database.
func ensureBlindKey(dir string) ([]byte, error) {
	return ensureSecret(filepath.Join(dir, "keys", "blind.key"))
}

// ensureSecret reads 32 bytes of a file of hexadecimal digits, or makes both at the
// first start.
func ensureSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := writeOnce(path, hex.EncodeToString(key)+"\n", 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		info, err = os.Stat(path)
		if err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "The key %s may be read by others; run: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fault.New(fault.Invalid, "The key %s is damaged; restore it from the backup of the data folder.", path)
	}
	return key, nil
}
