package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/fault"
	"lerd/internal/verifycli"
	"lerd/internal/web"
)

// whole is a configuration with which lerd serves; its files are made in a
// folder of the test's own.
func whole(t *testing.T) config {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"seal.key", "seal.pem", "tsa.pem", "crl.der"} {
		write(t, filepath.Join(dir, name), "x")
	}
	c := config{Dir: dir, Listen: "127.0.0.1:8443", PublicOrigin: "https://requests.example.org", DatabaseURL: "postgres://lerd_app:p@db.example/lerd",
		AccountsURL: "postgres://lerd_records:p@accounts.example/accounts", Product: "Sample", LogOrigin: "requests.example.org/log"}
	c.Controller.Name, c.Controller.Address, c.Controller.Contact = "Sample Ltd", "1 Example Street", "legal@sample.example"
	c.Seal.AcceptFileKey, c.Seal.Key, c.Seal.Chain, c.Seal.CRLs = true, filepath.Join(dir, "seal.key"), filepath.Join(dir, "seal.pem"), []string{filepath.Join(dir, "crl.der")}
	c.TSA.URL, c.TSA.Chain = "https://tsa.example.org", filepath.Join(dir, "tsa.pem")
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// problemLines gives what a person at the terminal is told, a line per fault.
func problemLines(err error) []string {
	var out []string
	for _, p := range fault.ProblemsOf(err) {
		out = append(out, p.Field+": "+p.Message)
	}
	return out
}

// TestEachFaultOfTheConfigurationIsOneLine spoils one setting after the other,
// and all at once.
func TestEachFaultOfTheConfigurationIsOneLine(t *testing.T) {
	sound := whole(t)
	if err := sound.check(); err != nil {
		t.Fatalf("a whole configuration: %v", problemLines(err))
	}
	spoil := map[string]func(*config){
		"listen: ":             func(c *config) { c.Listen = "8443" },
		"public_origin: ":      func(c *config) { c.PublicOrigin = "http://requests.example.org" },
		"database_url: ":       func(c *config) { c.DatabaseURL = "mysql://db/lerd" },
		"accounts_url: ":       func(c *config) { c.AccountsURL = "" },
		"log_origin: ":         func(c *config) { c.LogOrigin = " " },
		"controller.name: ":    func(c *config) { c.Controller.Name = "" },
		"controller.address: ": func(c *config) { c.Controller.Address = "" },
		"controller.contact: ": func(c *config) { c.Controller.Contact = "" },
		"seal.key: ":           func(c *config) { c.Seal.Key = "" },
		"tsa.fallback.chain: ": func(c *config) { c.TSA.Fallback.URL = "http://127.0.0.1/" },
		"seal.chain: ":         func(c *config) { c.Seal.Chain = c.Dir + "/absent" },
		"seal.crls: ":          func(c *config) { c.Seal.CRLs = nil },
		"tsa.url: ":            func(c *config) { c.TSA.URL = "" },
		"tsa.chain: ":          func(c *config) { c.TSA.Chain = "" },
	}
	gone := sound
	gone.Seal.CRLs = []string{sound.Dir + "/absent.der", sound.Seal.CRLs[0]}
	if got := problemLines(gone.check()); len(got) != 1 || !strings.Contains(got[0], "absent.der") {
		t.Errorf("a revocation list that is not there gave %q", got)
	}
	all := sound
	for want, f := range spoil {
		one := sound
		f(&one)
		f(&all)
		got := problemLines(one.check())
		if len(got) != 1 || !strings.HasPrefix(got[0], want) || strings.Contains(got[0], "\n") {
			t.Errorf("%sgave %q", want, got)
		}
	}
	got := problemLines(all.check())
	if len(got) != len(spoil) {
		t.Errorf("%d faults at once gave %d lines:\n%s", len(spoil), len(got), strings.Join(got, "\n"))
	}
	if again := problemLines(all.check()); !slices.Equal(got, again) {
		t.Errorf("the lines come in another order each time:\n%q\n%q", got, again)
	}
}

// TestOCSPInPlaceOfLists: no list is needed where responders are asked, and what is
// set about them is checked.
func TestOCSPInPlaceOfLists(t *testing.T) {
	for want, o := range map[string]ocspConfig{
		"":                  {Use: true, URL: "http://ocsp.example.org/seal", Proxy: "http://proxy.example.org:3128", NeedNonce: true},
		"seal.ocsp.use: ":   {URL: "http://ocsp.example.org"},
		"seal.ocsp.url: ":   {Use: true, URL: "ldap://ocsp.example.org"},
		"seal.ocsp.proxy: ": {Use: true, Proxy: "proxy:3128"},
	} {
		c := whole(t)
		if c.Seal.OCSP = o; o.Use {
			c.Seal.CRLs = nil
		}
		got := problemLines(c.check())
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
			t.Errorf("%+v gave %q, want %q", o, got, want)
		}
	}
}

// TestWhereTheSealingKeyLies: in a token, or in a file that is meant to be one.
func TestWhereTheSealingKeyLies(t *testing.T) {
	for want, f := range map[string]func(*config){
		"seal.key: a key in a file": func(c *config) { c.Seal.AcceptFileKey = false },
		"seal.key: name a key":      func(c *config) { c.Seal.PKCS11 = pkcs11Config{c.Seal.Chain, "lerd", "seal", "1"} },
		"seal.pkcs11.pin: ":         func(c *config) { c.Seal.Key, c.Seal.PKCS11 = "", pkcs11Config{c.Seal.Chain, "lerd", "seal", ""} },
		"seal.pkcs11.module: ":      func(c *config) { c.Seal.Key, c.Seal.PKCS11 = "", pkcs11Config{"/nowhere.so", "lerd", "seal", "1"} },
	} {
		c := whole(t)
		f(&c)
		if got := problemLines(c.check()); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: gave %q", want, got)
		}
	}
	c := whole(t)
	c.Seal.Key, c.Seal.AcceptFileKey, c.Seal.PKCS11 = "", false, pkcs11Config{c.Seal.Chain, "lerd", "seal", "1"}
	if err := c.check(); err != nil {
		t.Errorf("a key in a token: %v", err)
	}
}

func TestPublicOriginsThatCannotServe(t *testing.T) {
	for _, origin := range []string{"", "requests.example.org", "https://", "https://requests.example.org/", "https://requests.example.org/portal", "ftp://requests.example.org",
		"http://localhost.example.org", "http://127.0.0.1:8443", "http://[::1]:8443", "https://192.0.2.7", "https://user@requests.example.org", "https://requests.example.org?x=1", "https://requests.example.org#x", "://"} {
		c := whole(t)
		c.PublicOrigin = origin
		if got := problemLines(c.check()); len(got) != 1 || !strings.HasPrefix(got[0], "public_origin: ") {
			t.Errorf("%q gave %q", origin, got)
		}
	}
	for _, origin := range []string{"https://requests.example.org:8443", "http://localhost:8443"} {
		c := whole(t)
		c.PublicOrigin = origin
		if err := c.check(); err != nil {
			t.Errorf("%q: %q", origin, problemLines(err))
		}
	}
}

// TestHowLongADocumentMayBeDrawn is within what a route has for it.
func TestHowLongADocumentMayBeDrawn(t *testing.T) {
	for seconds, fits := range map[int]bool{-1: false, 0: true, 1: true, 10: true, 11: false} {
		c := whole(t)
		c.Documents.DrawSeconds = seconds
		if got := problemLines(c.check()); (len(got) == 0) != fits || !fits && !strings.HasPrefix(got[0], "documents.draw_seconds: ") {
			t.Errorf("%d gave %q", seconds, got)
		}
	}
}

// nothing is an environment without variables.
func nothing(string) string { return "" }

func TestTheEnvironmentGoesOverTheFile(t *testing.T) {
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "lerd.yaml"), filepath.Join(dir, "url")
	write(t, file, "product: From the file\nlisten: 127.0.0.1:1\ndatabase_url: postgres://file/x\ncontroller: {name: File Ltd}\nseal: {crls: [a.der, b.der]}\n")
	write(t, secret, "postgres://secret/x\n")
	c, err := loadConfig(file, nothing)
	if err != nil || c.Product != "From the file" || c.Controller.Name != "File Ltd" || len(c.Seal.CRLs) != 2 {
		t.Fatalf("%+v %v", c, err)
	}
	env := map[string]string{"LERD_PRODUCT": "From the environment", "LERD_CONTROLLER_NAME": "Environment Ltd", "LERD_DATABASE_URL_FILE": secret}
	c, err = loadConfig(file, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Product, c.Controller.Name, c.DatabaseURL, c.Listen}
	if diff := cmp.Diff([]string{"From the environment", "Environment Ltd", "postgres://secret/x", "127.0.0.1:1"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	env["LERD_DATABASE_URL_FILE"] = filepath.Join(dir, "absent")
	if _, err = loadConfig(file, func(name string) string { return env[name] }); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "LERD_DATABASE_URL_FILE") {
		t.Errorf("a secret's file that is not there: %v", err)
	}
}

// TestEveryTagIsRead compares the tags of the struct with what is read, so that
// a new setting cannot be forgotten.
func TestEveryTagIsRead(t *testing.T) {
	var c config
	got := slices.Sorted(maps.Keys(c.fromEnv()))
	want := envTags(reflect.TypeFor[config]())
	slices.Sort(want)
	want = slices.Compact(want) // the second time-stamping authority has the fields of the first, and is read from the file alone
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags and variables differ (-tags +read)\n%s", diff)
	}
	for name, field := range c.fromEnv() {
		*field = name
	}
	seen := map[string]bool{}
	for name, field := range c.fromEnv() {
		if *field != name || seen[name] {
			t.Errorf("%s shares its field with %s", name, *field)
		}
		seen[name] = true
	}
}

func envTags(typ reflect.Type) (out []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if tag := f.Tag.Get("env"); tag != "" {
			out = append(out, tag)
		}
		if f.Type.Kind() == reflect.Struct {
			out = append(out, envTags(f.Type)...)
		}
	}
	return out
}

func TestFilesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown key":        "product: X\nproduckt: Y\n",
		"an unknown inner key":  "controller: {nmae: X}\n",
		"development by a file": "development: true\n",
		"a list for a word":     "product: [a, b]\n",
		"no YAML":               "product: [a\n",
		"a key twice":           "product: X\nproduct: Y\n",
	} {
		path := filepath.Join(t.TempDir(), "lerd.yaml")
		write(t, path, text)
		if c, err := loadConfig(path, nothing); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %+v %v", name, c, err)
		}
	}
	if _, err := loadConfig(filepath.Join(t.TempDir(), "absent.yaml"), nothing); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a file that is not there: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "lerd.yaml")
	write(t, empty, "# nothing yet\n")
	if _, err := loadConfig(empty, nothing); err != nil {
		t.Errorf("a file with nothing in it: %v", err)
	}
}

// TestWhereAccountDataAreRead: from views, or from an engine with certificates.
func TestWhereAccountDataAreRead(t *testing.T) {
	here := whole(t).Seal.Chain
	for want, f := range map[string]func(*config){
		"records.kind: ": func(c *config) { c.Records.Kind = "csv" },
		"records.canaries: write the address as it would come, 2001:db8::1": func(c *config) { c.Records.Canaries = []string{"2001:DB8::1"} },
		"records.canaries: write the address as it would come, 192.0.2.1":   func(c *config) { c.Records.Canaries = []string{"::ffff:192.0.2.1"} },
		"records.canaries: give values without spaces":                      func(c *config) { c.Records.Canaries = []string{"+44 7700 900123"} },
		"accounts_url: give https":                                          func(c *config) { c.Records = recordsConfig{Kind: "http", Cert: here, Key: here, CA: here} },
		"records.key: ": func(c *config) {
			c.AccountsURL, c.Records = "https://accounts.example", recordsConfig{Kind: "http", Cert: here, Key: "/nowhere", CA: here}
		},
		"": func(c *config) {
			c.AccountsURL, c.Records = "https://accounts.example", recordsConfig{Kind: "http", Cert: here, Key: here, CA: here}
		},
	} {
		c := whole(t)
		f(&c)
		got := problemLines(c.check())
		if want == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || want == "" || !strings.HasPrefix(got[0], want) {
			t.Errorf("%q gave %q", want, got)
		}
	}
}

// TestServeStartsWithNothingHalfSet runs the command with faults: it says them
// all and starts nothing.
func TestServeStartsWithNothingHalfSet(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "lerd.yaml")
	write(t, file, fmt.Sprintf("dir: %s\npublic_origin: http://requests.example.org\n", filepath.Join(dir, "data")))
	for name := range (&config{}).fromEnv() {
		t.Setenv(name, "")
	}
	err := serveCmd{Config: file}.Run(context.Background())
	if fault.KindOf(err) != fault.Invalid || len(fault.ProblemsOf(err)) < 5 {
		t.Errorf("served with: %v", err)
	}
	text := verifycli.Plain(err)
	for _, want := range []string{"public_origin: ", "accounts_url: ", "seal.key: "} {
		if strings.Count(text, "\n  "+want) != 1 {
			t.Errorf("%q stands %d times in:\n%s", want, strings.Count(text, "\n  "+want), text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("a data folder was begun")
	}
}

// TestDevelopmentSignInIsForTheDemoAlone: no setting leads there, and the portal
// refuses it together with https.
func TestDevelopmentSignInIsForTheDemoAlone(t *testing.T) {
	c, err := loadConfig("", func(name string) string {
		if strings.Contains(name, "DEVELOPMENT") {
			return "true"
		}
		return ""
	})
	if err != nil || c.development {
		t.Errorf("the environment switched development on: %v", err)
	}
	s := newScenario(t)
	s.cfg.development = false
	s.cfg.PublicOrigin = "http://localhost:8443"
	s.must(s.openWeb(s.clock.Now))
	for _, r := range s.web.Routes() {
		if r.Name == "session.create" {
			t.Error("serve signs people in without a passkey")
		}
	}
	p := s.openWith(s.webConfig(s.clock.Now))
	if got := p.ask(newVisitor(p.base), "POST", "/sign-in", nil, "user=asha.rao&idempotency_key=7d444840-9dc0-11d1-b245-5ffdce74fad2"); got.status != 405 {
		t.Errorf("POST /sign-in answers %d", got.status)
	}
	if got := p.ask(newVisitor(p.base), "GET", "/sign-in", nil, ""); strings.Contains(got.body, "Asha Rao") || got.status != 200 {
		t.Errorf("GET /sign-in answers %d and lists people", got.status)
	}
	s.cfg.development, s.cfg.PublicOrigin = true, "https://requests.example.org"
	if _, err := web.New(s.webConfig(s.clock.Now)); fault.KindOf(err) != fault.Invalid || err == nil {
		t.Errorf("development over https: %v", err)
	}
}
