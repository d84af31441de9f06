package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lerd/internal/testkit/mutant"
)

// suite is test binaries with every gate in Go under a switch.
type suite struct {
	root  string // of the repository
	dir   string // for files of its own
	tests string // which tests of the stories run, as a pattern

	comes map[string][]string      // key of a gate to tests that come to it, the fastest first
	took  map[string]time.Duration // test to what it takes
}

// packages are those whose gates in Go are taken out.
var packages = []string{"internal/requests", "internal/violations", "internal/processes", "internal/fraud",
	"internal/agencies", "internal/agencies/statement", "internal/callback", "internal/identity", "internal/identity/accounts", "internal/identity/passkey",
	"internal/identity/provider", "internal/identity/signin", "internal/keys", "internal/oversight", "internal/retention", "internal/transparency/publishing", "internal/usernotice"}

// stories are packages of whose tests each is asked by itself; of the others, which
// take no second, all are asked at once.
var stories = []string{"internal/store", "cmd/lerd"}

// build makes the test binaries with files in the place of others.
func (s *suite) build(changed map[string][]byte) error {
	replace := map[string]string{}
	for path, src := range changed {
		to := filepath.Join(s.dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(to, src, 0o600); err != nil {
			return err
		}
		replace[path] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "overlay.json"), overlay, 0o600)
	}
	if err != nil {
		return err
	}
	for _, p := range append(stories, packages...) {
		cmd := exec.Command("go", "test", "-c", "-overlay", filepath.Join(s.dir, "overlay.json"), "-o", s.binary(p), "./"+p)
		cmd.Dir = s.root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

func (s *suite) binary(p string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(p, "/", "_")+".test")
}

// list gives every test that can be asked: the package and its name, or "." for all.
// A package without tests has no binary.
func (s *suite) list(ctx context.Context) (out []string, err error) {
	for _, p := range packages {
		if _, err := os.Stat(s.binary(p)); err == nil {
			out = append(out, p+" .")
		}
	}
	for _, p := range stories {
		cmd := exec.CommandContext(ctx, s.binary(p), "-test.list", s.tests)
		cmd.Dir = filepath.Join(s.root, p)
		names, err := cmd.Output()
		if err != nil {
			return nil, err
		}
		for _, name := range strings.Fields(string(names)) {
			if strings.HasPrefix(name, "Test") {
				out = append(out, p+" "+name)
			}
		}
	}
	return out, nil
}

// blind gives the verification of the log without its looks at the schema.
func (s *suite) blind() (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, x := range []struct{ file, sees, blind string }{
		{"audit_catalogue.go", "want, current := installedCatalogue()\n", "want, current := installedCatalogue()\n\tcurrent = false\n"},
		{"audit_guards.go", "{g.triggers, g.functions, g.rules, g.rights}", "{g.triggers, g.rules, g.rights}"},
	} {
		path := filepath.Join(s.root, "internal/store", x.file)
		src, err := os.ReadFile(path)
		if err != nil || bytes.Count(src, []byte(x.sees)) != 1 {
			return nil, errors.Join(err, fmt.Errorf("%s does not look at the schema where it did", x.file))
		}
		out[path] = bytes.Replace(src, []byte(x.sees), []byte(x.blind), 1)
	}
	return out, nil
}

// run runs one test in a process of its own and gives what it said.
func (s *suite) run(ctx context.Context, test string, limit time.Duration, env ...string) (string, error) {
	p, name, _ := strings.Cut(test, " ")
	if name != "." {
		name = "^" + name + "$"
	}
	cmd := exec.CommandContext(ctx, s.binary(p), "-test.run", name, "-test.timeout", limit.String())
	cmd.Dir = filepath.Join(s.root, p)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// most is how many tests are asked about one gate.
const most = 6

// said is the first line of a failure that is a test's own.
var said = regexp.MustCompile(`(?m)^\s+\w+_test\.go:\d+: .*|^panic: .*`)

// killer gives the test that fails without a gate and what it says, "" where none does.
func (s *suite) killer(ctx context.Context, g gate) (test, says string, err error) {
	var env []string
	if g.Out == "" {
		env = []string{mutant.EnvGate + "=" + strings.TrimPrefix(g.Name, "g")}
	} else {
		file := filepath.Join(s.dir, "out.sql")
		if err := os.WriteFile(file, []byte(g.Out), 0o600); err != nil {
			return "", "", err
		}
		env = []string{mutant.EnvSQL + "=" + file}
	}
	tests := s.comes[g.Key]
	for _, test := range tests[:min(len(tests), most)] {
		out, err := s.run(ctx, test, time.Minute+5*s.took[test], env...)
		if err == nil {
			continue
		}
		if strings.Contains(out, "mutating the test's database") {
			return "", "", fmt.Errorf("%s: %.500s", g.Key, out)
		}
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		return test, short(said.FindString(out)), nil
	}
	return "", "", nil
}
