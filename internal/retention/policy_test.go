package retention_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"lerd/internal/fault"
	"lerd/internal/retention"
	"lerd/policies"
)

func TestPolicyLoads(t *testing.T) {
	p, err := retention.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := p.Class(retention.Case); !ok || c.Days < c.Floor || len(c.Erases["target"]) == 0 || len(p.Digest) != 64 {
		t.Errorf("the class of a case is %+v", c)
	}
}

func TestBrokenPoliciesDoNotLoad(t *testing.T) {
	raw, err := policies.FS.ReadFile("retention.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a term under its floor":   {"days: 180", "days: 29"},
		"an unknown key":           {"subject: request", "subjekt: request"},
		"a class more":             {"- id: records", "- id: record"},
		"a class without a reason": {"why: A finding", "why: ''\n    name: A finding"},
	} {
		files := fstest.MapFS{"retention.yaml": {Data: []byte(strings.Replace(string(raw), change[0], change[1], 1))}}
		if _, err := retention.Load(files); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
