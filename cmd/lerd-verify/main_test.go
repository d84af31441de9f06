package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// unwanted begins the import paths that the program must not hold.
var unwanted = []string{"net/http", "database/sql", "crypto/tls", "net/rpc", "net/smtp", "os/exec", "plugin",
	"gorm.io/", "github.com/labstack/", "github.com/jackc/", "github.com/casbin/",
	"lerd/internal/store", "lerd/internal/web", "lerd/internal/jobs", "lerd/internal/requests", "lerd/internal/records"}

// deps gives every package that a program is made of.
func deps(t *testing.T, program string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", program)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func found(packages []string) (bad []string) {
	for _, p := range packages {
		if slices.ContainsFunc(unwanted, func(u string) bool { return p == u || strings.HasPrefix(p, strings.TrimSuffix(u, "/")+"/") }) {
			bad = append(bad, p)
		}
	}
	return bad
}

// TestStandsAlone: what could reach a database, a framework or another machine
// is not in the program. The package net is there, since crypto/x509 needs it
// for the addresses in certificates.
func TestStandsAlone(t *testing.T) {
	if bad := found(deps(t, "lerd/cmd/lerd-verify")); len(bad) > 0 {
		t.Errorf("lerd-verify holds %v", bad)
	}
	if all := found(deps(t, "lerd/cmd/lerd")); !slices.Contains(all, "net/http") || !slices.Contains(all, "database/sql") ||
		!slices.Contains(all, "gorm.io/gorm") || !slices.Contains(all, "github.com/labstack/echo/v4") {
		t.Errorf("the test does not see what lerd itself holds: %v", all)
	}
}

// TestProgram runs the built program and looks at its exit codes.
func TestProgram(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "lerd-verify")
	if out, err := exec.Command("go", "build", "-o", bin, "lerd/cmd/lerd-verify").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 300))
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, f := range log.Files {
		write("log/"+path, f.Data)
	}
	vkey := write("log.vkey", []byte(log.VerifierKey+"\n"))
	hashes, err := audit.InclusionProof(t.Context(), log.Reader(), 299, 300)
	if err != nil {
		t.Fatal(err)
	}
	proof := write("299.tlog-proof", audit.Proof{Index: 299, Hashes: hashes, Checkpoint: log.Files[audit.CheckpointPath].Data}.Format())
	entry, wrong := write("entry", log.Entries[299]), write("wrong", log.Entries[298])
	run := func(args ...string) (code int, stdout, stderr string) {
		cmd := exec.Command(bin, args...)
		cmd.Env = []string{} // it needs nothing of its surroundings
		var out, diagnostics bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &diagnostics
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.String(), diagnostics.String()
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"log", filepath.Join(dir, "log"), "--vkey", vkey}, 0, "VERIFIED\n300 entries"},
		{[]string{"proof", proof, "--entry", entry, "--vkey", vkey}, 0, "VERIFIED\nEntry 299"},
		{[]string{"proof", proof, "--entry", wrong, "--vkey", vkey}, 1, "lerd-verify: NOT VERIFIED"},
		{[]string{"bundle", proof}, 1, "NOT VALID"},
		{[]string{"log", filepath.Join(dir, "log")}, 80, "--vkey"},
		{[]string{"nothing"}, 80, "unexpected argument"},
	} {
		code, out, diagnostics := run(c.args...)
		if code != c.code || !strings.Contains(out+diagnostics, c.says) || (c.code == 0) != strings.HasPrefix(out, "VERIFIED") {
			t.Errorf("%v: status %d, want %d and %q\n%s%s", c.args, code, c.code, c.says, out, diagnostics)
		}
	}
	write("log/"+audit.TilePath(0, 0, 256), make([]byte, 256*32))
	if code, out, diagnostics := run("log", filepath.Join(dir, "log"), "--vkey", vkey); code != 1 || !strings.HasPrefix(lastLine(diagnostics), "lerd-verify: NOT VERIFIED: TREE") {
		t.Errorf("a spoilt tile: status %d\n%s%s", code, out, diagnostics)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
