package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
	"lerd/internal/testkit"
	"lerd/internal/verifycli"
)

// TestTheDemonstration runs "lerd demo" twice on one folder, as somebody does
// who tries it again, and uses everything that demo.json names.
func TestTheDemonstration(t *testing.T) {
	dir := filepath.Join(testkit.Folder(t), "demo")
	t.Cleanup(func() { _ = dbStopCmd{Dir: dir}.run(context.Background(), &bytes.Buffer{}) })
	first := runDemo(t, dir)
	second := runDemo(t, dir)
	if first.RequestRef == second.RequestRef || first.Request == second.Request {
		t.Errorf("the second run told of the first's request: %s", second.RequestRef)
	}
	if first.LogVKey != second.LogVKey || first.Users["officer"].SignIn != second.Users["officer"].SignIn {
		t.Error("the second run has another log or another cast")
	}
	t.Run("paths", second.pathsExist)
	t.Run("bundle", func(t *testing.T) { second.followVerifyTxt(t) })
	t.Run("encrypted bundle", func(t *testing.T) {
		lerd(t, "bundle", "verify", second.BundleEncrypted, "--trust-root", second.TrustRoot, "--log-vkey", second.LogVKey, "--cert", second.RecipientCert, "--key", second.RecipientKey)
	})
	t.Run("log", func(t *testing.T) {
		lerd(t, "audit", "verify", "--log", second.LogDir, "--vkey", second.LogVKey, "--pin", filepath.Join(dir, "log-state", "checkpoint"))
	})
	t.Run("database", func(t *testing.T) { second.databases(t, dir) })
}

// TestTheDemonstrationStaysOnThisMachine: its sign-in asks for no passkey.
func TestTheDemonstrationStaysOnThisMachine(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.org:8443", "127.0.0.1", "127.0.0.1:99999"} {
		dir := filepath.Join(t.TempDir(), "demo")
		err := demoCmd{Dir: dir, Listen: listen, Accounts: 200, Sessions: 2000}.Run(t.Context())
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "--listen") {
			t.Errorf("--listen %s: %v", listen, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("--listen %s: a data folder was begun", listen)
		}
	}
}

func runDemo(t *testing.T, dir string) demoFile {
	t.Helper()
	cmd := demoCmd{Dir: dir, Listen: "127.0.0.1:0", Accounts: 200, Sessions: 2000}
	if err := cmd.Run(t.Context()); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "lerd.log"))
		t.Fatalf("%v\n%s", verifycli.Plain(err), lastLines(string(log), 20))
	}
	var f demoFile
	b, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(&f)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.whole(t)
	return f
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// whole fails the test for a field that is empty or not as it is documented.
func (f demoFile) whole(t *testing.T) {
	t.Helper()
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("demo.json: %s is empty", v.Type().Field(i).Tag.Get("json"))
		}
	}
	if !regexp.MustCompile(`^LR-\d{4}-[A-Z0-9]{4}-[A-Z0-9]{4}$`).MatchString(f.RequestRef) {
		t.Errorf("request_ref is %q", f.RequestRef)
	}
	if !regexp.MustCompile(`^http://localhost:\d+$`).MatchString(f.Portal) || !strings.HasPrefix(f.Request, f.Portal+"/requests/") {
		t.Errorf("portal %q, request %q", f.Portal, f.Request)
	}
	for _, role := range []string{"officer", "reviewer", "counsel", "confirmer", "approver", "auditor"} {
		if u := f.Users[role]; u.Name == "" || u.SignIn == "" || u.URL != f.Portal+"/sign-in" {
			t.Errorf("users: %s is %+v", role, u)
		}
	}
}

// pathsExist looks for every path of demo.json: absolute, and there.
func (f demoFile) pathsExist(t *testing.T) {
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		path, ok := v.Field(i).Interface().(string)
		if !ok || !strings.HasPrefix(path, "/") {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: %v", v.Type().Field(i).Tag.Get("json"), err)
		}
	}
	for _, path := range []string{f.Bundle, f.BundleDir, f.ReleaseSet, f.BundleEncrypted, f.RecipientKey, f.RecipientCert, f.TrustRoot, f.LogDir, f.LogVKey} {
		if !filepath.IsAbs(path) {
			t.Errorf("%q is not absolute", path)
		}
	}
	if info, err := os.Stat(f.RecipientKey); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the agency's key may be read by others: %v %v", info.Mode(), err)
	}
}

// lerd runs a command line in this process.
func lerd(t testing.TB, args ...string) {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Exit(func(int) { t.Fatal("the command line ended the process") }))
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse(args)
	if err == nil {
		err = k.Run()
	}
	if err != nil {
		t.Errorf("lerd %s: %v", strings.Join(args, " "), err)
	}
}

// followVerifyTxt does what VERIFY.txt of the bundle says, line by line, in a
// folder with what the agency has: the encrypted file, its own key and the
// roots that it was given.
func (f demoFile) followVerifyTxt(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(f.BundleDir, "VERIFY.txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir, keys := t.TempDir(), filepath.Dir(f.LogVKey)
	for name, from := range map[string]string{"me.crt": f.RecipientCert, "me.key": f.RecipientKey, "root.pem": keys + "/demo-pki/root.pem",
		"tsa-root.pem": keys + "/demo-pki/tsa-root.pem", "log-keys.txt": f.LogVKey, filepath.Base(f.BundleEncrypted): f.BundleEncrypted} {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(b))
	}
	w := agencyShell{t: t, dir: dir}
	for _, line := range strings.Split(string(text), "\n") {
		if command := strings.TrimSpace(line); strings.HasPrefix(line, "   ") {
			w.do(command)
		}
	}
	for _, want := range []string{"openssl cms -decrypt", "openssl cms -verify", "openssl ts -verify", "sha256sum -c", "lerd bundle verify", "unzip"} {
		if !slices.ContainsFunc(w.done, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("VERIFY.txt has no command %q; it has %q", want, w.done)
		}
	}
}

// agencyShell runs the few kinds of command that VERIFY.txt has.
type agencyShell struct {
	t    testing.TB
	dir  string
	at   string // seconds since 1970 at which openssl looks at certificates; empty: now
	done []string
}

func (w *agencyShell) do(line string) {
	w.t.Helper()
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	switch words[0] {
	case "openssl", "sha256sum":
		typed := line
		if w.at != "" && slices.Contains(words, "-verify") {
			line += " -attime " + w.at
		}
		cmd := exec.CommandContext(w.t.Context(), "sh", "-c", line)
		cmd.Dir = w.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			w.t.Errorf("%s: %v\n%s", line, err, out)
		}
		line = typed
	case "cd":
		w.dir = filepath.Join(w.dir, words[1])
	case "unzip":
		b, err := os.ReadFile(filepath.Join(w.dir, words[1]))
		to := w.dir
		if i := slices.Index(words, "-d"); i > 0 {
			to = filepath.Join(w.dir, words[i+1])
		}
		if err == nil {
			err = unzipInto(to, b)
		}
		if err != nil {
			w.t.Fatalf("%s: %v", line, err)
		}
		if slices.Contains(words, "cd") {
			w.dir = filepath.Join(w.dir, words[len(words)-1])
		}
	case "lerd":
		w.t.Chdir(w.dir)
		lerd(w.t, words[1:]...)
	default:
		return // prose
	}
	w.done = append(w.done, line)
}

// unzipInto unpacks beside what is there already.
func unzipInto(dir string, b []byte) error {
	fresh := filepath.Join(dir, ".unzipped")
	if err := unzipTo(fresh, b); err != nil {
		return err
	}
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(fresh, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(fresh)
}

// databases starts the private cluster again and signs in with the three URLs;
// each is the role that it says.
func (f demoFile) databases(t *testing.T, dir string) {
	if err := (dbStartCmd{Dir: dir}).run(t.Context(), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	for role, url := range map[string]string{"lerd_owner": f.DatabaseURL, "lerd_app": f.AppDatabaseURL, "lerd_auditor": f.AuditorURL} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Errorf("%s: %v", role, err)
			continue
		}
		var who string
		var events int
		err = conn.QueryRow(t.Context(), "SELECT current_user, (SELECT count(*) FROM audit.event)").Scan(&who, &events)
		if err != nil || who != role || events < 50 {
			t.Errorf("%s: signed in as %q, %d events, %v", role, who, events, err)
		}
		conn.Close(t.Context())
	}
	lerd(t, "audit", "verify", "--dir", dir, "-q")
	if err := (dbStopCmd{Dir: dir}).run(t.Context(), &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

// TestTheDemonstrationNamesWhatCanBeTyped: go run leaves no program behind that a person could start.
func TestTheDemonstrationNamesWhatCanBeTyped(t *testing.T) {
	for program, want := range map[string]string{"/tmp/go-build1234/b001/exe/lerd": "go run ./cmd/lerd", "./lerd": "./lerd", "/usr/local/bin/lerd": "/usr/local/bin/lerd"} {
		if got := calledAs(program); got != want {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
	}
}
