package legal

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const checksDoc = "../../docs/checks-and-refusals.md"

// checksPage writes the page of checks and refusals from the policies.
func checksPage(r *Registry) string {
	var b strings.Builder
	b.WriteString("# Checks and refusals\n\nThis page is written from `policies/checks.yaml` and `policies/refusals.yaml`; a test compares them (`LERD_WRITE_DOCS=1 go test ./internal/legal -run Docs` writes it anew).\n\n")
	b.WriteString("## Checks\n\n*auto*: the facts decide. *human*: a person decides after the facts allow it. *both*: the facts decide the formal part, a person the rest. Of answers the strictest counts; nobody's pass mends what the facts fail.\n\n")
	b.WriteString("| check | question | mode | about | stage | people | fails to | the facts decide | notes |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range r.checklists[1].Checks {
		var conds, notes []string
		for _, cond := range c.Conditions {
			conds = append(conds, cond.ID)
		}
		if c.PolicyGate {
			notes = append(notes, "a gate of the platform: a demand that may bind and fails it goes to counsel")
		}
		if c.CounselWhen != "" {
			notes = append(notes, "counsel where `"+c.CounselWhen+"`")
		}
		if c.AppliesWhen != "" {
			notes = append(notes, "applies where `"+strings.ReplaceAll(c.AppliesWhen, "|", "\\|")+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %d | %s | %s | %s |\n", c.ID, c.Question, c.Mode, c.Scope, c.Stage, max(c.People, 1), orDash(string(c.Refusal)), orDash(strings.Join(conds, ", ")), strings.Join(notes, "; "))
	}
	b.WriteString("\n## Refusals\n\nAnnex III is that of Regulation (EU) 2023/1543; — means that it knows no such reason. Reasons *of policy* are never given to a demand that binds, or may bind, the platform. *Effect* says what the reason leads to.\n\n")
	b.WriteString("| code | reason | Annex III | ETSI TS 103 120 | effect | led to by | what the authority reads | notes |\n|---|---|---|---|---|---|---|---|\n")
	for _, f := range r.Refusals() {
		var by, notes []string
		for _, c := range r.checklists[1].Checks {
			if c.Refusal == f.Code {
				by = append(by, string(c.ID))
			}
		}
		if f.PolicyOnly {
			notes = append(notes, "of policy")
		}
		if f.Incident {
			notes = append(notes, "opens an incident")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", f.Code, f.Key, strings.ReplaceAll(orDash(f.Annex3), "-", "—"), f.ETSI, f.Effect, strings.ReplaceAll(orDash(strings.Join(by, ", ")), "-,", "—"), f.Text, strings.Join(notes, "; "))
	}
	return b.String()
}

// TestDocsListEveryCheckAndRefusal compares the page with the policies: 24 checks
// and 22 refusals, none left out.
func TestDocsListEveryCheckAndRefusal(t *testing.T) {
	r := shippedWithCases(t)
	if n, m := len(r.checklists[1].Checks), len(r.Refusals()); n != 24 || m != 22 {
		t.Errorf("%d checks and %d refusals, want 24 and 22", n, m)
	}
	want := checksPage(r)
	if os.Getenv("LERD_WRITE_DOCS") != "" {
		if err := os.WriteFile(checksDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(checksDoc)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the policies say (%v); write it anew", checksDoc, err)
	}
}
