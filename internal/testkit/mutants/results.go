package mutants

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lerd/internal/testkit"
)

// What became of a gate that was taken out.
const (
	killed     = "killed"     // a test failed
	survived   = "survived"   // none of those that came to it did
	unreached  = "unreached"  // no test of the run comes to it
	equivalent = "equivalent" // without it nothing changes, for a reason on file
)

// result is a line of results.jsonl. A later line about a gate replaces an earlier one.
type result struct {
	Gate    string // its key
	Outcome string
	By      string // the test that failed, or those that were asked
	Says    string // the first line of the failure, or the reason
	At      time.Time
}

func (s *suite) results() string { return filepath.Join(s.dir, "results.jsonl") }

// known gives what earlier runs in the same folder found. Only what was killed stands:
// anything else is tried again where a test comes to it.
func (s *suite) known() (map[string]result, error) {
	all, err := testkit.JSONLines[result](s.results())
	out := map[string]result{}
	for _, r := range all {
		if r.Outcome == killed {
			out[r.Gate] = r
		}
	}
	return out, err
}

// try takes out one gate and writes down what became of it.
func (s *suite) try(ctx context.Context, g gate, reason string) (result, error) {
	r := result{Gate: g.Key, Outcome: unreached}
	asked := s.comes[g.Key]
	if len(asked) > 0 {
		by, says, err := s.killer(ctx, g)
		if err != nil {
			return r, err
		}
		r.Outcome, r.By, r.Says = killed, by, says
		if by == "" {
			r.Outcome, r.By = survived, strings.Join(asked[:min(len(asked), most)], ", ")
		}
	}
	if r.Outcome != killed && reason != "" {
		r.Outcome, r.Says = equivalent, reason
	}
	r.At = time.Now().UTC()
	return r, addLine(s.results(), r)
}

// reasons reads which gates change nothing by going, and why: two lines each, the key
// and the reason, with an empty one between.
func reasons(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	out := map[string]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		key, why, ok := strings.Cut(strings.TrimSpace(block), "\n")
		if block == "" || strings.HasPrefix(block, "#") {
			continue
		}
		if !ok || strings.TrimSpace(why) == "" || out[key] != "" {
			return nil, fmt.Errorf("%s: %q has no reason, or two", path, key)
		}
		out[key] = strings.TrimSpace(why)
	}
	return out, err
}
