// Package caseuco lets the ontology's own shapes judge case.jsonld, through the
// validator of the CASE community (case-utils), a Python package that is
// fetched when the test runs.
package caseuco

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
)

// validator makes a Python environment with case-utils in it.
func validator(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT RUN: python3 is not installed")
	}
	env := filepath.Join(t.TempDir(), "env")
	bin := filepath.Join(env, "bin")
	for _, args := range [][]string{{"python3", "-m", "venv", env}, {filepath.Join(bin, "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "case-utils==0.18.0"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("NOT RUN: case-utils could not be installed: %v\n%s", err, out)
		}
	}
	return filepath.Join(bin, "case_validate")
}

func graph(t *testing.T) []byte {
	t.Helper()
	_, container := exporttest.New(t, demopki.Options{}).Seal(5, 40)
	z, err := zip.OpenReader(container)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("data/case.jsonld")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCaseConforms also breaks the graph, to see that the shapes see.
func TestCaseConforms(t *testing.T) {
	validate := validator(t)
	good := graph(t)
	for name, c := range map[string]struct {
		b  []byte
		ok bool
	}{
		"as written":          {good, true},
		"port is a text":      {bytes.Replace(good, []byte(`"uco-observable:sourcePort":{"@type":"xsd:integer"`), []byte(`"uco-observable:sourcePort":{"@type":"xsd:string"`), 1), false},
		"number is a boolean": {bytes.Replace(good, []byte(`"uco-observable:phoneNumber":"`), []byte(`"uco-observable:phoneNumber":true,"x":"`), 1), false},
	} {
		if !c.ok && bytes.Equal(c.b, good) {
			t.Fatalf("%s: nothing was broken", name)
		}
		path := filepath.Join(t.TempDir(), "case.jsonld")
		if err := os.WriteFile(path, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(validate, "--built-version", "case-1.4.0", "--allow-info", path).CombinedOutput()
		if (err == nil) != c.ok || c.ok && (!strings.Contains(string(out), "Conforms: True") || strings.Contains(string(out), "undefined")) {
			t.Errorf("%s: %v\n%.2000s", name, err, out)
		}
	}
}
