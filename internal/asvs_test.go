package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// asvsRow is one requirement as docs/asvs.md states it.
type asvsRow struct{ id, level, short, state, shown string }

var (
	asvsLine  = regexp.MustCompile(`^\| (V[0-9.]+) \| ([123]) \| ([^|]+) \| ([a-z ]+) \| ([^|]*) \|$`)
	asvsTest  = regexp.MustCompile("`([a-z0-9/]+) ((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	asvsDoc   = regexp.MustCompile(`\]\(([a-z-]+\.md)\)`)
	testNamed = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
)

var asvsStates = map[string]bool{"met": true, "partly": true, "not met": true, "not applicable": true, "operator": true}

func asvsTable(t *testing.T) map[string]asvsRow {
	t.Helper()
	b, err := os.ReadFile("../docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]asvsRow{}
	for _, line := range strings.Split(string(b), "\n") {
		m := asvsLine.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "| V") {
				t.Errorf("this row is not in the table's form: %s", line)
			}
			continue
		}
		if _, twice := rows[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		rows[m[1]] = asvsRow{m[1], m[2], m[3], m[4], m[5]}
	}
	return rows
}

// TestEveryRequirementHasARow compares the table with the standard's ids: all of
// levels 1 and 2, and those of level 3 that apply.
func TestEveryRequirementHasARow(t *testing.T) {
	b, err := os.ReadFile("testdata/asvs-5.0.0.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows, wanted := asvsTable(t), 0
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		id, level, ok := strings.Cut(line, " ")
		if strings.HasPrefix(line, "#") || !ok || level == "3" {
			continue
		}
		wanted++
		row, there := rows[id]
		if !there {
			t.Errorf("%s of level %s has no row", id, level)
		} else if row.level != strings.TrimSuffix(level, "*") {
			t.Errorf("%s is of level %s, the table says %s", id, level, row.level)
		}
		delete(rows, id)
	}
	if wanted < 253 {
		t.Errorf("only %d requirements were looked for", wanted)
	}
	for id := range rows {
		t.Errorf("%s is no requirement that the table has to have", id)
	}
}

// TestTheTableNamesTestsThatExist finds tests and pages that are named and not
// there, and rows that claim something with nothing.
func TestTheTableNamesTestsThatExist(t *testing.T) {
	known := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		b, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		pkg := "internal/" + s.pkg
		switch {
		case s.pkg == ".":
			pkg = "internal"
		case strings.HasPrefix(s.pkg, "cmd/"):
			pkg = s.pkg
		}
		for _, m := range testNamed.FindAllStringSubmatch(string(b), -1) {
			known[pkg+" "+m[1]] = true
		}
	}
	for _, row := range asvsTable(t) {
		if !asvsStates[row.state] {
			t.Errorf("%s: there is no state %q", row.id, row.state)
		}
		if strings.TrimSpace(row.shown) == "" {
			t.Errorf("%s is %s, and the row says neither by what nor why", row.id, row.state)
		}
		for _, m := range asvsTest.FindAllStringSubmatch(row.shown, -1) {
			if !known[m[1]+" "+m[2]] && !inOtherModule(t, m[1], m[2]) {
				t.Errorf("%s names %s %s, which does not exist", row.id, m[1], m[2])
			}
		}
		for _, m := range asvsDoc.FindAllStringSubmatch(row.shown, -1) {
			if _, err := os.Stat("../docs/" + m[1]); err != nil {
				t.Errorf("%s names docs/%s, which does not exist", row.id, m[1])
			}
		}
	}
}

// inOtherModule looks for a test in a folder of the repository that this
// package's walk leaves out.
func inOtherModule(t *testing.T, pkg, name string) bool {
	t.Helper()
	files, err := filepath.Glob("../" + pkg + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "func "+name+"(") {
			return true
		}
	}
	return false
}
