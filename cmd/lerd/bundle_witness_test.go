package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/verifycli"
)

// TestACourtCountsTheWitnesses: whoever holds a bundle sees, offline, that others than
// the platform have seen the log in which it stands, and is told where they have not.
func TestACourtCountsTheWitnesses(t *testing.T) {
	s := newScenario(t)
	key := s.witnessed()
	path := s.downloaded(s.bundled("IN/94/2026/801"))
	keys := filepath.Join(t.TempDir(), "witnesses")
	check := func(w verifycli.Witnesses, lines ...string) (string, error) {
		s.must(os.WriteFile(keys, []byte(strings.Join(lines, "\n")), 0o600))
		cmd, out := s.verifierOf(path), &bytes.Buffer{}
		cmd.Witnesses = w
		err := cmd.Check(s.ctx, out)
		return out.String(), err
	}
	another := witnessKeyOf(t, "witness.example/b")
	for name, c := range map[string]struct {
		quorum int
		lines  []string
		holds  bool
		says   string
	}{
		"the witness that cosigned":            {0, []string{key}, true, "cosigned by witness.example/a"},
		"one of two is enough":                 {1, []string{key, another}, true, "cosigned by witness.example/a"},
		"both of two are wanted":               {0, []string{key, another}, false, "cosigned by 1 of the 2 witnesses that are needed"},
		"one that has not cosigned":            {0, []string{another}, false, "cosigned by 0 of the 1 witnesses that are needed"},
		"one of the same name and another key": {0, []string{witnessKeyOf(t, "witness.example/a")}, false, "cosigned by 0 of the 1 witnesses that are needed"},
	} {
		said, err := check(verifycli.Witnesses{Witness: keys, Quorum: c.quorum}, c.lines...)
		if (err == nil) != c.holds || !strings.Contains(said, c.says) {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
	if said, err := check(verifycli.Witnesses{}); err != nil || strings.Contains(said, "cosigned") {
		t.Errorf("with nobody named: %v\n%s", err, said)
	}
}
