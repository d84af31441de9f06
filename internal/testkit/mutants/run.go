package mutants

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lerd/internal/testkit/mutant"
)

// suite is a test binary with every gate in Go under a switch.
type suite struct {
	root  string // of the repository
	dir   string // for files of its own
	bin   string
	tests string // which tests run, as a pattern

	comes map[string][]string      // gate to tests that come to it, the fastest first
	took  map[string]time.Duration // test to what it takes
}

// build makes the binary of cmd/lerd's tests with files in the place of others.
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
	s.bin = filepath.Join(s.dir, "lerd.test")
	cmd := exec.Command("go", "test", "-c", "-overlay", filepath.Join(s.dir, "overlay.json"), "-o", s.bin, "./cmd/lerd")
	cmd.Dir = s.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
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

// run runs tests of the binary and gives what they said.
func (s *suite) run(ctx context.Context, pattern string, env ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.bin, "-test.run", pattern, "-test.v", "-test.timeout", "90m")
	cmd.Dir = filepath.Join(s.root, "cmd/lerd")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var passed = regexp.MustCompile(`(?m)^--- (PASS|FAIL): (\w+) \(([0-9.]+)s\)`)

// survey runs every test once and learns which gates each comes to. A test that
// fails without a mutant shows nothing and is left out.
func (s *suite) survey(ctx context.Context, sql string) error {
	hits, file := filepath.Join(s.dir, "hits"), filepath.Join(s.dir, "notes.sql")
	if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
		return err
	}
	kept := filepath.Join(s.dir, "survey.txt") // of an earlier run in the same folder
	said, err := os.ReadFile(kept)
	if err != nil {
		out, err := s.halves(ctx, mutant.EnvHits+"="+hits, mutant.EnvSQL+"="+file)
		if err == nil {
			said, err = []byte(out), os.WriteFile(kept, []byte(out), 0o600)
		}
		if err != nil {
			return err
		}
	}
	out := string(said)
	s.took = map[string]time.Duration{}
	for _, m := range passed.FindAllStringSubmatch(out, -1) {
		if sec, err := strconv.ParseFloat(m[3], 64); err == nil && m[1] == "PASS" {
			s.took[m[2]] = time.Duration(sec * float64(time.Second))
		}
	}
	if len(s.took) == 0 {
		return fmt.Errorf("no test passes: %.2000s", out)
	}
	text, err := os.ReadFile(hits)
	if err != nil {
		return err
	}
	s.comes = map[string][]string{}
	for line := range strings.Lines(string(text)) {
		test, gate, _ := strings.Cut(strings.TrimSpace(line), "\t")
		test, _, _ = strings.Cut(test, "/")
		if _, ok := s.took[test]; ok && !slices.Contains(s.comes[gate], test) {
			s.comes[gate] = append(s.comes[gate], test)
		}
	}
	for _, tests := range s.comes {
		slices.SortFunc(tests, func(a, b string) int { return cmp.Compare(s.took[a], s.took[b]) })
	}
	return nil
}

// halves runs all tests in two processes and gives what they said.
func (s *suite) halves(ctx context.Context, env ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.bin, "-test.list", s.tests)
	cmd.Dir = filepath.Join(s.root, "cmd/lerd")
	list, err := cmd.Output()
	if err != nil {
		return "", err
	}
	var patterns [2][]string
	for i, name := range strings.Fields(string(list)) {
		patterns[i%2] = append(patterns[i%2], name)
	}
	var said [2]string
	var wg sync.WaitGroup
	for i := range patterns {
		wg.Go(func() { said[i], _ = s.run(ctx, "^("+strings.Join(patterns[i], "|")+")$", env...) })
	}
	wg.Wait()
	return said[0] + said[1], nil
}

// most is how many tests are asked about one gate.
const most = 6

// killer gives the test that fails without a gate, "" where none does.
func (s *suite) killer(ctx context.Context, g gate) (string, error) {
	var env []string
	if g.Out == "" {
		env = []string{mutant.EnvGate + "=" + strings.TrimPrefix(g.Name, "g")}
	} else {
		file := filepath.Join(s.dir, g.Name+".sql")
		if err := os.WriteFile(file, []byte(g.Out), 0o600); err != nil {
			return "", err
		}
		env = []string{mutant.EnvSQL + "=" + file}
	}
	tests := s.comes[g.Name]
	for _, test := range tests[:min(len(tests), most)] {
		out, err := s.run(ctx, "^"+test+"$", env...)
		if err != nil && strings.Contains(out, "mutating the test's database") {
			return "", fmt.Errorf("%s: %.500s", g.What, out)
		}
		if err != nil {
			return test, nil
		}
	}
	return "", nil
}
