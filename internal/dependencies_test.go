package internal_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryDependencyIsNamed compares docs/dependencies.md with what go.mod requires
// directly: each module has one row, in the table of those that the program has in it
// if anything that ships imports it, and in the other one otherwise.
func TestEveryDependencyIsNamed(t *testing.T) {
	page, err := os.ReadFile("../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	ships, tests, _ := strings.Cut(string(page), "## In tests and tools alone")
	row := regexp.MustCompile(`(?m)^\| ([a-z0-9.-]+\.[a-z]+/[^ |]+) \|`)
	names := map[bool]map[string]bool{}
	for inProgram, part := range map[bool]string{true: ships, false: tests} {
		names[inProgram] = map[string]bool{}
		for _, m := range row.FindAllStringSubmatch(part, -1) {
			names[inProgram][m[1]] = true
		}
	}
	shipping := shippingImports(t)
	for _, module := range required(t) {
		in := shipping(module)
		if !names[in][module] || names[!in][module] {
			t.Errorf("%s: the program imports it: %v; named as part of it: %v, of tests: %v", module, in, names[true][module], names[false][module])
		}
		delete(names[in], module)
	}
	for inProgram, left := range names {
		for module := range left {
			t.Errorf("%s is named (in the program: %v), and go.mod does not require it", module, inProgram)
		}
	}
}

// required gives the modules that go.mod requires directly.
func required(t *testing.T) (out []string) {
	t.Helper()
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^(?:require )?\t?([^ \t(]+\.[^ \t]+/[^ \t]+) v[^ ]+$`)
	for _, m := range line.FindAllStringSubmatch(string(mod), -1) {
		out = append(out, m[1])
	}
	if len(out) < 20 {
		t.Fatalf("go.mod requires only %v", out)
	}
	return out
}

// shippingImports tells whether a package that is no test's imports a module.
func shippingImports(t *testing.T) func(module string) bool {
	t.Helper()
	imports := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.pkg, "testkit") {
			continue
		}
		for _, imp := range s.imports {
			imports[imp] = true
		}
	}
	return func(module string) bool {
		for imp := range imports {
			if imp == module || strings.HasPrefix(imp, module+"/") {
				return true
			}
		}
		return false
	}
}
