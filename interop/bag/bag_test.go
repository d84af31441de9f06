// Package bag lets the Library of Congress's validator for BagIt (RFC 8493)
// judge an unzipped container. It is a Python package, fetched when the test runs.
package bag

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
)

// validator makes a Python environment with bagit in it.
func validator(t *testing.T) (python string) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("NOT RUN: python3 is not installed")
	}
	env := filepath.Join(t.TempDir(), "env")
	python = filepath.Join(env, "bin", "python")
	for _, args := range [][]string{{"python3", "-m", "venv", env}, {python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "bagit==1.9.0"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("NOT RUN: bagit could not be installed: %v\n%s", err, out)
		}
	}
	return python
}

func TestAnUnzippedContainerIsABag(t *testing.T) {
	if _, err := exec.LookPath("unzip"); err != nil {
		t.Skip("NOT RUN: unzip is not installed")
	}
	python := validator(t)
	_, container := exporttest.New(t, demopki.Options{}).Seal(3, 200)
	dir := filepath.Join(t.TempDir(), "bag")
	if out, err := exec.Command("unzip", "-q", container, "-d", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	validate := func() (string, error) {
		out, err := exec.Command(python, "-m", "bagit", "--validate", dir).CombinedOutput()
		return string(out), err
	}
	if out, err := validate(); err != nil || !strings.Contains(out, "is valid") {
		t.Fatalf("%v\n%s", err, out)
	}
	csv := filepath.Join(dir, "data", "records", "ip_addresses.csv")
	b, err := os.ReadFile(csv)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(csv, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := validate(); err == nil {
		t.Errorf("a changed bag is called valid:\n%s", out)
	}
}
