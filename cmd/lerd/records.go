package main

import (
	"context"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/records"
	"lerd/internal/records/httprecords"
	"lerd/internal/records/pgrecords"
	"lerd/internal/store"
)

// recordsConfig says how the account data at accounts_url are read: from
// PostgreSQL views, or from the platform's own engine over HTTPS.
type recordsConfig struct {
	Kind string `yaml:"kind"` // postgres (also where it is left out) or http
	Cert string `yaml:"cert"` // of http: PEM files of lerd's client certificate,
	Key  string `yaml:"key"`  // of its key,
	CA   string `yaml:"ca"`   // and of the authorities of the engine's certificate
	// Canaries are values that no right answer holds: see docs/records.md.
	Canaries []string `yaml:"canaries"`
}

// accountData is the platform's account data, however they are read.
type accountData interface {
	records.Source
	Ping(ctx context.Context) error
	Close()
}

// openRecords opens the account data as configured.
func openRecords(ctx context.Context, c config) (accountData, error) {
	if c.Records.Kind == "http" {
		engine, err := httprecords.Open(ctx, httprecords.Config{URL: c.AccountsURL, Cert: c.Records.Cert, Key: c.Records.Key, CA: c.Records.CA})
		if err != nil {
			return nil, err // and not a nil engine in an interface
		}
		return engine, nil
	}
	views, err := pgrecords.Open(ctx, pgrecords.Config{URL: c.AccountsURL})
	if err != nil {
		return nil, err
	}
	return views, nil
}

// guarded is how the rest of lerd sees the account data. Questions to an engine
// of the platform's are put on record first, so that its log of questions can
// be held against lerd's.
func guarded(c config, source records.Source, s *store.Store, now func() time.Time) records.Source {
	g := records.Guard(source, c.Records.Canaries...)
	if c.Records.Kind != "http" {
		return g
	}
	return records.Audited(g, func(ctx context.Context, a records.Asked) error {
		e := change.Event(ctx, now(), "source.asked", "source:questions", 0)
		e.Facts["op"] = a.Op
		// Not a fact: the log is public, and there are few enough numbers and accounts
		// to try the digest of each.
		e.Values = append(e.Values, audit.Value{Name: "question_sha256", New: []byte(a.SHA256)})
		return s.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
	})
}

// checkRecords wants an address, and files, that fit the kind.
func (c *config) checkRecords(fail func(field, format string, args ...any)) {
	for _, v := range c.Records.Canaries {
		if a, err := netip.ParseAddr(v); err == nil && a.Unmap().String() != v {
			fail("records.canaries", "write the address as it would come, %s: in another form it is never met", a.Unmap())
		} else if v == "" || strings.ContainsFunc(v, unicode.IsSpace) {
			fail("records.canaries", "give values without spaces: no other can come")
		}
	}
	u, err := url.Parse(c.AccountsURL)
	switch c.Records.Kind {
	case "", "postgres":
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			fail("accounts_url", "give postgres://role:password@host:port/database")
		}
	case "http":
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			fail("accounts_url", "give https://host of the engine, without name or password")
		}
		for _, f := range []setting{{"records.cert", c.Records.Cert}, {"records.key", c.Records.Key}, {"records.ca", c.Records.CA}} {
			if _, err := os.Stat(f.value); err != nil {
				fail(f.field, "name a PEM file that is there")
			}
		}
	default:
		fail("records.kind", "give postgres or http")
	}
}
