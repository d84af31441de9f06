package internal_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// asksShipped finds a question about versions of processes to the law that lerd
// was started with: versions are put in force while it runs.
var asksShipped = regexp.MustCompile(`\b(Law|s\.law)\.(Current|Pinned|Process|Processes|InForce|Newest|Fits|CountriesNamed)\(`)

// TestTheLawIsAskedAsItStands: nobody decides, or shows, by the shipped versions
// alone.
func TestTheLawIsAskedAsItStands(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		if s.test || within(s.pkg, []string{"legal", "processes", "testkit"}) {
			continue
		}
		b, err := os.ReadFile(s.file)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if found := asksShipped.FindString(string(b)); found != "" {
			t.Errorf("%s asks %s of the versions that lerd was started with", s.file, strings.TrimSuffix(found, "("))
		}
	}
	if seen < 100 || !asksShipped.MatchString("p := s.Law.Current(id, now)") {
		t.Errorf("the test reads %d files, or does not see", seen)
	}
}
