package legal

import (
	"slices"
	"strings"
	"testing"

	"lerd/policies"
)

// TestARuleWithoutGoodExamplesIsRefused: unknown codes, examples that do not hold,
// and rules without them.
func TestARuleWithoutGoodExamplesIsRefused(t *testing.T) {
	reg, err := Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := reg.Rule("PR-05")
	if wrong := reg.checkExamples(good); len(wrong) > 0 || len(good.Examples) < 2 {
		t.Fatalf("as it is: %v", wrong)
	}
	for what, edit := range map[string]func([]RuleExample) []RuleExample{
		"needs an example":     func(x []RuleExample) []RuleExample { return nil },
		"to which it does":     func(x []RuleExample) []RuleExample { return x[:1] },
		"no code":              func(x []RuleExample) []RuleExample { x[0].Class = "77"; return x },
		"does not hold":        func(x []RuleExample) []RuleExample { no := false; x[0].Answers = &no; return x },
		"does not say whether": func(x []RuleExample) []RuleExample { x[1].Answers = nil; return x },
		"does not say why":     func(x []RuleExample) []RuleExample { x[0].Why = ""; return x },
		"is no code of the":    func(x []RuleExample) []RuleExample { x[1].Class = "7"; return x },
	} {
		rule := good
		rule.Examples = edit(slices.Clone(good.Examples))
		if wrong := strings.Join(reg.checkExamples(rule), "\n"); !strings.Contains(wrong, what) {
			t.Errorf("%s: %q", what, wrong)
		}
	}
}
