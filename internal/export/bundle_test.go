package export

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lerd/internal/export/demopki"
)

// TestAWholeExport goes the caller's way from records to the agency's eyes.
func TestAWholeExport(t *testing.T) {
	d := newDesk(t)
	s := d.seal(20, 300)
	if s.Level != "LT" {
		t.Errorf("level = %s, want LT", s.Level)
	}
	rel, err := d.maker.Encrypt(context.Background(), d.encryptRequest(s))
	d.must(err)
	d.must(d.maker.Attach(rel, d.log(KindReleased, map[string]string{FactExport: rel.ExportID,
		FactContainer: rel.ContainerSHA256, FactReleaseFile: rel.SHA256})))
	for _, name := range []string{filepath.Join(d.maker.Dir, rel.File), d.clear(s)} {
		r := d.verify(name)
		if !r.OK || r.Phones != 20 || r.IPs != 300 || r.Level != "LT" || r.LogIndex == nil || *r.LogIndex != 1 {
			show(t, r)
			t.Fatalf("%s does not verify", name)
		}
		for _, c := range r.Checks {
			if c.Result != "pass" {
				t.Errorf("%s: %s is %s: %s", name, c.ID, c.Result, c.Detail)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(d.maker.Dir, "*"+tmpMark+"*"))
	d.must(err)
	if len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func run(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("skipped: %s is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// needs skips where a program is missing, and says which.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: %s is not installed", tool)
		}
	}
}

// commands takes out of a bundle's own VERIFY.txt what an officer would type.
func commands(t *testing.T, container string) (script string, n int) {
	t.Helper()
	for line := range strings.Lines(string(openContainer(t, container)["VERIFY.txt"])) {
		line = strings.TrimSpace(line)
		for _, cmd := range []string{"openssl cms", "openssl ts ", "openssl x509", "unzip ", "sha256sum ", "cd "} {
			if strings.HasPrefix(line, cmd) {
				script += line + "\n"
				n++
			}
		}
	}
	return "set -e\n" + script, n
}

// received lays out a folder as an agency has it: the encrypted file, its own
// key and certificate, and the two roots from onboarding.
func (d *desk) received(t *testing.T, rel Released) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d.must(d.to.Save(filepath.Join(dir, "me")))
	d.must(os.Rename(filepath.Join(dir, "me.pem"), filepath.Join(dir, "me.crt")))
	d.must(os.WriteFile(filepath.Join(dir, "root.pem"), demopki.CertsPEM(d.pki.Root.Cert), 0o600))
	d.must(os.WriteFile(filepath.Join(dir, "tsa-root.pem"), demopki.CertsPEM(d.pki.TSARoot.Cert), 0o600))
	b, err := os.ReadFile(filepath.Join(d.maker.Dir, rel.File))
	d.must(err)
	d.must(os.WriteFile(filepath.Join(dir, rel.File), b, 0o600))
	return dir
}

// TestTheCommandsOfVerifyTxt runs, as an officer would, what the bundle's own
// VERIFY.txt says; and again with one octet of the container changed, when
// every command that looks at it must fail.
func TestTheCommandsOfVerifyTxt(t *testing.T) {
	needs(t, "openssl", "unzip", "sha256sum")
	d := newDesk(t)
	s := d.seal(3, 50)
	rel, err := d.maker.Encrypt(context.Background(), d.encryptRequest(s))
	d.must(err)
	dir := d.received(t, rel)
	script, n := commands(t, d.clear(s))
	if n != 12 {
		t.Fatalf("VERIFY.txt has %d commands, want 12:\n%s", n, script)
	}
	if out, err := run(t, dir, "sh", "-c", script); err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	if r := d.verify(filepath.Join(dir, s.ExportID)); !r.OK {
		show(t, r)
		t.Error("the unzipped folder does not verify")
	}
	container := filepath.Join(dir, s.Container)
	b, err := os.ReadFile(container)
	d.must(err)
	b[len(b)/2] ^= 1
	d.must(os.WriteFile(container, b, 0o600))
	for line := range strings.Lines(script) {
		if !strings.Contains(line, s.Container+" ") || strings.HasPrefix(line, "unzip") {
			continue
		}
		if out, err := run(t, dir, "sh", "-c", line); err == nil {
			t.Errorf("passes for a changed container: %s%s", line, out)
		}
	}
}

// TestArchiversTestTheContainer lets 7-Zip and unzip test every entry.
func TestArchiversTestTheContainer(t *testing.T) {
	d := newDesk(t)
	s := d.seal(3, 5000)
	for _, cmd := range [][]string{{"7z", "t", s.Container}, {"unzip", "-tq", s.Container}} {
		t.Run(cmd[0], func(t *testing.T) {
			needs(t, cmd[0])
			if out, err := run(t, filepath.Dir(d.clear(s)), cmd[0], cmd[1:]...); err != nil || !strings.Contains(out, "Everything is Ok") && !strings.Contains(out, "No errors detected") || strings.Contains(out, "Warning") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestOwnOutputFitsThePublishedSchemas takes schemas and data from the bundle.
func TestOwnOutputFitsThePublishedSchemas(t *testing.T) {
	d := newDesk(t)
	s := d.seal(5, 40)
	a := openContainer(t, d.clear(s))
	for doc, schema := range map[string]string{"data/export.json": "data/schema/export.schema.json",
		"data/records/records.json": "data/schema/records.schema.json"} {
		raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(a[schema]))
		d.must(err)
		c := jsonschema.NewCompiler()
		d.must(c.AddResource("s.json", raw))
		compiled, err := c.Compile("s.json")
		d.must(err)
		inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(a[doc]))
		d.must(err)
		if err := compiled.Validate(inst); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
		inst.(map[string]any)["message_text"] = "x"
		if compiled.Validate(inst) == nil {
			t.Errorf("%s: the schema lets an unknown field in", doc)
		}
	}
}

func TestSameContentsSameOctets(t *testing.T) {
	d := newDesk(t)
	first := d.seal(4, 70)
	a := openContainer(t, d.clear(first))
	d.maker.Dir = t.TempDir()
	second := d.seal(4, 70)
	b := openContainer(t, d.clear(second))
	if len(a) != len(b) {
		t.Fatalf("%d and %d files", len(a), len(b))
	}
	for name := range a {
		if !bytes.Equal(a[name], b[name]) && name != "META-INF/signature001.p7s" {
			t.Errorf("%s differs between two runs", name)
		}
	}
}
