package legal_test

import (
	"strings"
	"sync"
	"testing"

	"lerd/internal/legal"
	"lerd/policies"
)

var shipped = sync.OnceValues(func() (*legal.Registry, error) { return legal.LoadWithCases(policies.FS) })

func registry(t testing.TB) *legal.Registry {
	t.Helper()
	r, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// examples are the results of all shipped examples, derived once.
var examples = sync.OnceValue(func() []legal.CaseResult {
	r, err := shipped()
	if err != nil {
		return nil
	}
	return r.RunCases()
})

func TestEveryShippedExampleHolds(t *testing.T) {
	registry(t)
	results := examples()
	if len(results) < 120 {
		t.Errorf("only %d example cases, at least 120 are wanted", len(results))
	}
	for _, res := range results {
		if len(res.Faults) > 0 {
			t.Errorf("%s/%s: %s", res.Case.Process, res.Case.ID, strings.Join(res.Faults, "; "))
		}
	}
}
