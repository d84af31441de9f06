// Package verapdf runs veraPDF, the open validator of PDF/A, as its authors
// ship it on Maven Central.
package verapdf

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// version is the release of veraPDF that is run.
const version = "1.28.2"

const project = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>lerd</groupId><artifactId>verapdf</artifactId><version>1</version><dependencies><dependency>
<groupId>org.verapdf.apps</groupId><artifactId>greenfield-apps</artifactId><version>` + version + `</version>
</dependency></dependencies></project>`

// ErrNotHere says that this machine cannot run the validator.
var ErrNotHere = errors.New("NOT RUN")

// Fetch gives the class path of the validator, fetched through Maven into dir.
func Fetch(dir string) (string, error) {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%w: %s is not installed", ErrNotHere, tool)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(project), 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: veraPDF could not be fetched: %w\n%.500s", ErrNotHere, err, out)
	}
	return filepath.Join(dir, "lib", "*"), nil
}

// Validate gives nil for a file that conforms to PDF/A-2a, else what does not.
func Validate(classPath, file string) error {
	out, err := exec.Command("java", "-cp", classPath, "org.verapdf.apps.GreenfieldCliWrapper", "--flavour", "2a", "--format", "text", "-v", file).CombinedOutput()
	if text := string(out); err != nil || !strings.HasPrefix(text, "PASS ") || !strings.Contains(text, " 2a") {
		return fmt.Errorf("veraPDF: %w\n%s", errors.Join(err, errors.New("not PDF/A-2a")), text)
	}
	return nil
}
