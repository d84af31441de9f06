package bundle_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"lerd/bundle"
)

var mark = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{10}$`)

// TestMarksTellEventsApart holds marks against their form, a known one, and each other.
func TestMarksTellEventsApart(t *testing.T) {
	if got := bundle.Mark("5f0c3b56-5a3e-4c0f-9d9b-0a1b2c3d4e5f"); got != "5P56MJJ62J" {
		t.Errorf("the mark of the vectors' event is %s", got)
	}
	seen := map[string]bool{}
	for i := range 20000 {
		m := bundle.Mark(strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i))
		if !mark.MatchString(m) || seen[m] {
			t.Fatalf("mark %q, seen %v", m, seen[m])
		}
		seen[m] = true
		if len(seen) > 300 {
			break
		}
	}
}

// FuzzParseCustody looks for custody records that pass and do not agree with the
// master record.
func FuzzParseCustody(f *testing.F) {
	read := func(name string) []byte {
		b, err := os.ReadFile("vectors/full/" + name)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	e, err := bundle.ParseExport(read(bundle.ExportFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(read(bundle.CustodyFile))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := bundle.ParseCustody(b, &e)
		if err == nil && (c.Copy != e.Copy || len(c.Steps) != len(e.Custody) || len(c.Files) != 4) {
			t.Errorf("passed: %+v", c)
		}
	})
}
