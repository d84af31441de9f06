package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lerd/internal/fault"
)

// config is everything an operator sets: by a YAML file, and over it by
// environment variables. A field ending in _file is read from that file, so
// that secrets need not stand in either.
type config struct {
	Dir          string `yaml:"dir" env:"LERD_DIR"`                     // data folder: keys, blobs, last signed checkpoint
	Listen       string `yaml:"listen" env:"LERD_LISTEN"`               // host:port
	PublicOrigin string `yaml:"public_origin" env:"LERD_PUBLIC_ORIGIN"` // https://host, as browsers see it
	DatabaseURL  string `yaml:"database_url" env:"LERD_DATABASE_URL"`   // as lerd_app; empty: a private PostgreSQL in dir
	AccountsURL  string `yaml:"accounts_url" env:"LERD_ACCOUNTS_URL"`   // as lerd_records: the platform's account views, or its engine
	Product      string `yaml:"product" env:"LERD_PRODUCT"`             // the service's name for its users
	LogOrigin    string `yaml:"log_origin" env:"LERD_LOG_ORIGIN"`       // name of the audit log, a URL without scheme
	Controller   struct {
		Name    string `yaml:"name" env:"LERD_CONTROLLER_NAME"`
		Address string `yaml:"address" env:"LERD_CONTROLLER_ADDRESS"`
		Contact string `yaml:"contact" env:"LERD_CONTROLLER_CONTACT"`
	} `yaml:"controller"`
	Records recordsConfig `yaml:"records"`
	Seal    sealConfig    `yaml:"seal"`
	TSA     tsaConfig     `yaml:"tsa"`
	// PracticeAt is the practice portal's address, shown to officers.
	PracticeAt string `yaml:"practice_at" env:"LERD_PRACTICE_AT"`
	Security   struct {
		Contact string `yaml:"contact" env:"LERD_SECURITY_CONTACT"` // mailto:, https: or tel:, for security.txt
		Policy  string `yaml:"policy" env:"LERD_SECURITY_POLICY"`   // https: page; optional
	} `yaml:"security"`
	Witness witnessConfig `yaml:"witness"`
	Keeper  keeperConfig  `yaml:"keeper"`
	OIDC    oidcConfig    `yaml:"oidc"`
	Mail    mailConfig    `yaml:"mail"`
	Blobs   blobsConfig   `yaml:"blobs"`
	Backups backupsConfig `yaml:"backups"`
	// UserNotices is where the platform takes notices to its users.
	UserNotices userNoticesConfig `yaml:"user_notices"`
	// Documents says how order documents are examined.
	Documents documentsConfig `yaml:"documents"`
	// Machines are programs of the platform that may bring findings.
	Machines []machineConfig `yaml:"machines"`

	// GrantDays is how long an officer may fetch a bundle, in days; 0: 30.
	GrantDays int `yaml:"grant_days"`
	// ExaminationHours is how long an examination takes at least that ends with
	// nothing to hand over, in hours; 0: 24. It ends at a random time after that, up
	// to three times as late, so that its length tells nothing.
	ExaminationHours int `yaml:"examination_hours"`

	recheck time.Duration // of tests: see requests.Config.RecheckEvery

	// development is never read from a file: only the demo sets it.
	development bool
	// practice is set by lerd practice alone.
	practice *practiceRound
}

// loadConfig reads the file, if one is named, and the environment over it.
func loadConfig(path string, env func(string) string) (config, error) {
	c := config{Dir: "lerd-data", Listen: "127.0.0.1:8443", Product: "the platform"}
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return c, fault.Because(fault.Invalid, err, "The configuration file %s cannot be read.", path)
		}
		dec := yaml.NewDecoder(strings.NewReader(string(b)))
		dec.KnownFields(true)
		if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) { // a file of comments says nothing
			return c, fault.Because(fault.Invalid, err, "The configuration file %s is not as docs/operations.md describes it.", path)
		}
	}
	for name, field := range c.fromEnv() {
		if v := env(name); v != "" {
			*field = v
		}
		if file := env(name + "_FILE"); file != "" {
			b, err := os.ReadFile(file)
			if err != nil {
				return c, fault.Because(fault.Invalid, err, "%s_FILE names a file that cannot be read.", name)
			}
			*field = strings.TrimSpace(string(b))
		}
	}
	return c, nil
}

// fromEnv gives the environment variable of each field, as its tag says.
func (c *config) fromEnv() map[string]*string {
	return map[string]*string{
		"LERD_DIR": &c.Dir, "LERD_LISTEN": &c.Listen, "LERD_PUBLIC_ORIGIN": &c.PublicOrigin,
		"LERD_DATABASE_URL": &c.DatabaseURL, "LERD_ACCOUNTS_URL": &c.AccountsURL, "LERD_PRODUCT": &c.Product, "LERD_LOG_ORIGIN": &c.LogOrigin,
		"LERD_CONTROLLER_NAME": &c.Controller.Name, "LERD_CONTROLLER_ADDRESS": &c.Controller.Address, "LERD_CONTROLLER_CONTACT": &c.Controller.Contact,
		"LERD_SEAL_KEY": &c.Seal.Key, "LERD_SEAL_CHAIN": &c.Seal.Chain, "LERD_SEAL_PIN": &c.Seal.PKCS11.PIN, "LERD_OCSP_URL": &c.Seal.OCSP.URL, "LERD_OCSP_PROXY": &c.Seal.OCSP.Proxy, "LERD_TSA_URL": &c.TSA.URL, "LERD_PRACTICE_AT": &c.PracticeAt, "LERD_SECURITY_CONTACT": &c.Security.Contact, "LERD_SECURITY_POLICY": &c.Security.Policy, "LERD_TSA_CHAIN": &c.TSA.Chain,
		"LERD_MAIL_HOST": &c.Mail.Host, "LERD_MAIL_PORT": &c.Mail.Port, "LERD_MAIL_FROM": &c.Mail.From,
		"LERD_MAIL_USER": &c.Mail.User, "LERD_MAIL_PASSWORD": &c.Mail.Password, "LERD_MAIL_TLS": &c.Mail.TLS,
		"LERD_BLOBS_KIND": &c.Blobs.Kind, "LERD_BLOBS_ENDPOINT": &c.Blobs.Endpoint, "LERD_BLOBS_REGION": &c.Blobs.Region, "LERD_BLOBS_BUCKET": &c.Blobs.Bucket,
		"LERD_BLOBS_PREFIX": &c.Blobs.Prefix, "LERD_BLOBS_ACCESS_KEY": &c.Blobs.AccessKey, "LERD_BLOBS_SECRET_KEY": &c.Blobs.SecretKey, "LERD_BLOBS_CA": &c.Blobs.CA,
		"LERD_BACKUPS_KEYS": &c.Backups.Keys, "LERD_DOCUMENTS_SCANNER": &c.Documents.Scanner, "LERD_DOCUMENTS_TRUST": &c.Documents.Trust,
		"LERD_KEEPER_FOLDER": &c.Keeper.Folder, "LERD_KEEPER_URL": &c.Keeper.URL, "LERD_KEEPER_TOKEN": &c.Keeper.Token,
		"LERD_OIDC_ISSUER": &c.OIDC.Issuer, "LERD_OIDC_CLIENT_ID": &c.OIDC.ClientID, "LERD_OIDC_CLIENT_SECRET": &c.OIDC.ClientSecret,
	}
}

// check gives one line per fault, each saying what would make it right.
func (c *config) check() error {
	var p []fault.Problem
	fail := func(field, format string, args ...any) {
		p = append(p, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		fail("listen", "give host:port, for example 127.0.0.1:8443")
	}
	u, err := url.Parse(c.PublicOrigin)
	if err != nil || u.Host == "" || u.User != nil || u.Path+u.RawQuery+u.Fragment != "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		fail("public_origin", "give https://host as browsers reach it; plain http is for loopback alone")
	} else if !c.development && !named(c.PublicOrigin) {
		fail("public_origin", "give a name, not an address: browsers offer passkeys to https://name and to http://localhost alone, and without a passkey nobody signs in")
	}
	if c.GrantDays < 0 || c.GrantDays > 366 {
		fail("grant_days", "give how many days a bundle may be fetched, 1 to 366, or leave it out for 30")
	}
	if c.ExaminationHours < 0 || c.ExaminationHours > 24*30 {
		fail("examination_hours", "give hours, 1 to 720, or leave it out for 24")
	}
	if u, err := url.Parse(c.DatabaseURL); c.DatabaseURL != "" && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql") {
		fail("database_url", "give postgres://role:password@host:port/database")
	}
	c.checkDocuments(fail)
	c.checkRecords(fail)
	c.checkOutside(fail)
	c.OIDC.check(fail)
	c.checkMail(fail)
	c.Blobs.check(fail)
	c.Backups.check(c.Dir, fail)
	c.UserNotices.check(fail)
	checkMachines(c.Machines, fail)
	c.checkPractice(fail)
	c.checkSecurity(fail)
	if !c.development {
		c.checkProduction(fail)
	}
	if len(p) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Message: "These settings need another look; docs/operations.md describes them.", Problems: p}
}

// checkPractice keeps practice and the real system apart, each from its side.
func (c *config) checkPractice(fail func(field, format string, args ...any)) {
	if c.practice != nil {
		return
	}
	if err := notPractice(c.Dir); err != nil {
		fail("dir", "%s", fault.Message(err))
	}
	if strings.HasPrefix(c.LogOrigin, practiceLogPrefix) {
		fail("log_origin", "names of practice logs begin like this; choose another")
	}
	if c.PracticeAt != "" && sameHost(c.PracticeAt, c.PublicOrigin) {
		fail("practice_at", "practice needs a host name of its own")
	}
}

// checkSecurity wants what stands in security.txt in the form of its RFC.
// SPEC: RFC 9116 §2.5.3, §2.5.7.
func (c *config) checkSecurity(fail func(field, format string, args ...any)) {
	for _, s := range []struct {
		setting
		schemes []string
	}{
		{setting{"security.contact", c.Security.Contact}, []string{"mailto", "https", "tel"}},
		{setting{"security.policy", c.Security.Policy}, []string{"https"}},
	} {
		u, err := url.Parse(s.value)
		if s.value != "" && (err != nil || !slices.Contains(s.schemes, u.Scheme) || strings.ContainsAny(s.value, " \t\r\n")) {
			fail(s.field, "give an address that begins with %s:", strings.Join(s.schemes, ":, or "))
		}
	}
}

// checkProduction asks for what only an evaluation can do without.
func (c *config) checkProduction(fail func(field, format string, args ...any)) {
	for _, s := range []setting{
		{"log_origin", c.LogOrigin}, {"controller.name", c.Controller.Name}, {"controller.address", c.Controller.Address}, {"controller.contact", c.Controller.Contact},
	} {
		if strings.TrimSpace(s.value) == "" {
			fail(s.field, "must be set")
		}
	}
	c.checkKeys(fail)
}

// setting is a field as the file names it, with its value.
type setting struct{ field, value string }

// named tells whether an origin's host is a name, for which a browser offers
// passkeys.
// SPEC: Web Authentication Level 3 §5.1.3 step 8 (effective domain).
func named(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Hostname() != "" && net.ParseIP(u.Hostname()) == nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *config) path(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}
