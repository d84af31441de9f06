package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/remote"
	"lerd/internal/audit/witness"
	"lerd/internal/fault"
	"lerd/internal/jobs"
)

// witnessConfig names the witnesses of the audit log and what they are needed
// for. Without a list none is asked.
type witnessConfig struct {
	List     []witnessEntry `yaml:"list"`
	Quorum   int            `yaml:"quorum"`   // how many must have cosigned; 0 for all
	Required bool           `yaml:"required"` // nothing is published, and nothing leaves, without the quorum
	Wait     time.Duration  `yaml:"wait"`     // how long a round waits for answers; 0 for 3 s
}

type witnessEntry struct {
	URL string `yaml:"url"` // submission prefix
	Key string `yaml:"key"` // verifier key of its cosignatures
}

// keeperConfig names further places for the last signed checkpoint, beside
// log-state in the data folder.
type keeperConfig struct {
	Folder string `yaml:"folder" env:"LERD_KEEPER_FOLDER"` // on another disk or machine; it must be there
	URL    string `yaml:"url" env:"LERD_KEEPER_URL"`       // GET with ETag, PUT with If-Match and If-None-Match
	Token  string `yaml:"token" env:"LERD_KEEPER_TOKEN"`   // bearer token for it
}

// keeperFresh is how long a round without events trusts what it read at
// keeper.url; a round that signs compares anyway.
const keeperFresh = 10 * time.Second

// outsideTimeout is what one request to a keeper may take.
const outsideTimeout = 10 * time.Second

func (c *config) checkOutside(fail func(field, format string, args ...any)) {
	names := map[string]bool{}
	for i, w := range c.Witness.List {
		if !safeURL(w.URL) {
			fail(fmt.Sprintf("witness.list[%d].url", i), "give https://host/prefix; plain http is for loopback alone")
		}
		v, err := audit.NewWitness(w.Key)
		if err != nil {
			fail(fmt.Sprintf("witness.list[%d].key", i), "give the witness's verifier key for cosignatures, name+number+key: %v", err)
			continue
		}
		if names[v.Name()] {
			fail(fmt.Sprintf("witness.list[%d].key", i), "%s is listed twice; a quorum counts different witnesses", v.Name())
		}
		names[v.Name()] = true
	}
	if c.Witness.Quorum < 0 || c.Witness.Quorum > len(c.Witness.List) {
		fail("witness.quorum", "give a number from 1 to %d, the number of witnesses, or leave it out for all of them", len(c.Witness.List))
	}
	if c.Witness.Required && len(c.Witness.List) == 0 {
		fail("witness.required", "name the witnesses in witness.list")
	}
	if c.Witness.Wait < 0 || c.Witness.Wait > time.Minute {
		fail("witness.wait", "give at most 1m; no round of the log is done while it waits")
	}
	if c.Keeper.URL != "" && !safeURL(c.Keeper.URL) {
		fail("keeper.url", "give https://host/path; plain http is for loopback alone")
	}
	if c.Keeper.Folder != "" && inside(c.Keeper.Folder, c.Dir) {
		fail("keeper.folder", "must not lie in the data folder: whoever restores that would restore it too")
	}
}

func safeURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

// inside tells whether a folder is another one or lies below it.
func inside(path, dir string) bool {
	a, errA := filepath.Abs(path)
	b, errB := filepath.Abs(dir)
	if errA != nil || errB != nil {
		return false
	}
	rel, err := filepath.Rel(b, a)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// outside is the client for everything that the log asks of other machines. It
// follows no redirect: the address in the configuration is the one that counts.
func outside(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// places gives where the last signed checkpoint is kept: the data folder, and
// what the configuration names beside it.
func (c *config) places(trust audit.Trust, now func() time.Time) audit.Places {
	p := audit.Places{Trust: trust, List: []audit.Place{{Name: "the data folder", Keeper: auditSource{Dir: c.Dir}.keeper()}}}
	if c.Keeper.Folder != "" {
		p.List = append(p.List, audit.Place{Name: "the folder " + c.Keeper.Folder + " (keeper.folder)", Keeper: audit.FolderKeeper{Dir: c.Keeper.Folder}})
	}
	if c.Keeper.URL != "" {
		p.List = append(p.List, audit.Place{Name: "the server of keeper.url",
			Keeper: &remote.Keeper{URL: c.Keeper.URL, Token: c.Keeper.Token, Client: outside(outsideTimeout), Fresh: keeperFresh, Now: now}})
	}
	return p
}

// witnesses gives the group that is asked, nil for none.
func (c *config) witnesses(now func() time.Time, log *slog.Logger) (jobs.Witnesses, error) {
	if len(c.Witness.List) == 0 {
		return nil, nil
	}
	policy := witness.Policy{Quorum: c.Witness.Quorum, Required: c.Witness.Required, Wait: c.Witness.Wait}
	if policy.Quorum == 0 {
		policy.Quorum = len(c.Witness.List)
	}
	var clients []witness.Client
	for _, w := range c.Witness.List {
		key, err := audit.NewWitness(w.Key)
		if err != nil {
			return nil, err
		}
		clients = append(clients, witness.Client{Key: key, URL: w.URL, HTTP: outside(time.Minute)})
	}
	return witness.NewGroup(policy, clients, now, log)
}

// lookOutside gives a data folder's sequencer the keepers and witnesses that the
// configuration names.
func (c *config) lookOutside(s *jobs.Sequencer, now func() time.Time, log *slog.Logger) (err error) {
	s.Keeper = c.places(s.Trust, now)
	s.Witnesses, err = c.witnesses(now, log)
	return err
}

// auditKeepCmd takes a new place for the last signed checkpoint into use.
type auditKeepCmd struct {
	Config string `help:"The server's configuration file, whose keeper.folder and keeper.url are meant." env:"LERD_CONFIG" type:"path"`
}

// Run gives every configured place without a record the newest one.
func (c auditKeepCmd) Run() error { return c.run(os.Getenv, os.Stdout) }

func (c auditKeepCmd) run(env func(string) string, out io.Writer) error {
	cfg, err := loadConfig(c.Config, env)
	if err != nil {
		return err
	}
	trust, err := auditSource{Dir: cfg.Dir}.trust()
	if err != nil {
		return err
	}
	places := cfg.places(trust, time.Now)
	if len(places.List) == 1 {
		return fault.New(fault.Invalid, "The configuration names no place beside the data folder: set keeper.folder or keeper.url.")
	}
	n, err := places.Begin()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d of %d places had no record of the last signed checkpoint and have the newest one now.\n", n, len(places.List))
	return err
}
