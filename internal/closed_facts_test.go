package internal_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"lerd/internal/change"
)

var rowOfEvent = regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_]*)…?`[^|]*\\| `[a-z_]+:` \\| ([^|]+) \\|$")

// TestClosedFactsAreMarked: the page on the log shows in parentheses which facts an
// entry only commits to.
func TestClosedFactsAreMarked(t *testing.T) {
	page, err := os.ReadFile("../docs/audit-log.md")
	if err != nil {
		t.Fatal(err)
	}
	closed := 0
	for _, row := range rowOfEvent.FindAllStringSubmatch(string(page), -1) {
		for _, name := range strings.Fields(row[2]) {
			bare := strings.TrimSuffix(strings.Trim(name, "()"), "…")
			is := change.Closed(row[1], bare)
			if marked := strings.HasPrefix(name, "("); marked != is {
				t.Errorf("docs/audit-log.md shows %s of %s, and closed is %v", name, row[1], is)
			}
			if is {
				closed++
			}
		}
	}
	if closed < 60 {
		t.Errorf("only %d facts are closed", closed)
	}
	for _, kind := range []string{"process.put_in_force", "process.filed"} {
		if change.Closed(kind, "process") {
			t.Errorf("%s closes which process it is about, which is published", kind)
		}
	}
}
