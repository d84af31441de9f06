// Package dss lets programs that are not lerd's judge its containers: the
// validator of the European Commission (DSS), in Java, fetched from Maven
// Central when the test runs.
package dss

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lerd/internal/export/demopki"
	"lerd/internal/export/exporttest"
)

// classpath builds the small programs of this folder once, and gives what Java
// needs to run them. Without Java, Maven, or Maven Central the tests do not run.
var classpath = sync.OnceValues(func() (string, error) {
	if out, err := exec.Command("mvn", "-q", "-B", "-Dstyle.color=never", "package", "dependency:build-classpath",
		"-Dmdep.outputFile=target/classpath").CombinedOutput(); err != nil {
		return string(out), err
	}
	b, err := os.ReadFile("target/classpath")
	return filepath.Join("target", "classes") + string(os.PathListSeparator) + strings.TrimSpace(string(b)), err
})

// java runs one of the programs and gives what it prints.
func java(t *testing.T, class string, args ...string) string {
	t.Helper()
	for _, tool := range []string{"java", "javac", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: %s is not installed", tool)
		}
	}
	path, err := classpath()
	if err != nil {
		t.Skipf("NOT RUN: the validator could not be had from Maven Central: %v\n%s", err, path)
	}
	out, err := exec.Command("java", append([]string{"-cp", path, class}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", class, err, out)
	}
	return string(out)
}

// roots writes the agency's two roots, DER.
func roots(t *testing.T, d *exporttest.Desk) (files []string) {
	t.Helper()
	dir := t.TempDir()
	for i, c := range d.Roots() {
		name := filepath.Join(dir, string(rune('a'+i))+".cer")
		if err := os.WriteFile(name, c.Raw, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	return files
}

// TestTheCommissionsValidatorPassesEveryBundle wants TOTAL_PASSED at level LT
// for each kind of sealing key.
func TestTheCommissionsValidatorPassesEveryBundle(t *testing.T) {
	for name, kind := range map[string]struct{ rsa, pss bool }{"ECDSA": {}, "RSA": {rsa: true}, "RSA-PSS": {rsa: true, pss: true}} {
		t.Run(name, func(t *testing.T) {
			d := exporttest.New(t, demopki.Options{RSASeal: kind.rsa})
			d.PSS = kind.pss
			_, container := d.Seal(3, 2000)
			out := java(t, "lerd.Validate", append([]string{container}, roots(t, d)...)...)
			if !strings.HasPrefix(out, "signatures 1\nsignature CAdES-BASELINE-LT TOTAL_PASSED null\n") {
				t.Errorf("the validator says:\n%s", out)
			}
			if strings.Contains(out, "\nerror ") {
				t.Errorf("the validator finds faults:\n%s", out)
			}
			t.Log(out)
		})
	}
}

// TestTheCommissionsValidatorPassesABundleByOCSP wants the same of a bundle that
// encloses OCSP answers and no list: by delegates, and by an authority itself.
func TestTheCommissionsValidatorPassesABundleByOCSP(t *testing.T) {
	d, r := exporttest.NewByOCSP(t, demopki.Options{})
	_, container := d.Seal(3, 20)
	if r.Asked != 3 {
		t.Fatalf("the responder was asked %d times", r.Asked)
	}
	out := java(t, "lerd.Validate", append([]string{container}, roots(t, d)...)...)
	if !strings.HasPrefix(out, "signatures 1\nsignature CAdES-BASELINE-LT TOTAL_PASSED null\n") || strings.Contains(out, "\nerror ") {
		t.Errorf("the validator says:\n%s", out)
	}
	t.Log(out)
}

// TestTheCommissionsValidatorSeesAChange shows that the test above could fail.
func TestTheCommissionsValidatorSeesAChange(t *testing.T) {
	d := exporttest.New(t, demopki.Options{})
	_, container := d.Seal(3, 20)
	stranger := exporttest.New(t, demopki.Options{})
	out := java(t, "lerd.Validate", append([]string{container}, roots(t, stranger)...)...)
	if strings.Contains(out, "TOTAL_PASSED") {
		t.Errorf("the validator trusts an unknown root:\n%s", out)
	}
}
