package internal_test

import (
	"encoding/csv"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lerd/internal/identity"
	"lerd/internal/store/migrations"
)

// actRow is a row of docs/administration.md.
type actRow struct{ act, who, people, events, purpose, gates string }

var (
	ticked  = regexp.MustCompile("`([^`]+)`")
	ruleSet = regexp.MustCompile(`([a-z_]+) \(([A-Z]{2}-\d+(?:, [A-Z]{2}-\d+)*)\)`)
	// administrativeKind is what the function administrative of the database takes for
	// an act of administration.
	administrativeKind = regexp.MustCompile(`^(person|passkey|invitation|key|policy|settings|agency|unit|provider|process|retention)\.`)
	onlyRead           = regexp.MustCompile(`\.(viewed|compared|statement_made|statement_downloaded)$`)
)

func actRows(t *testing.T) (out []actRow) {
	t.Helper()
	page, err := os.ReadFile("../docs/administration.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		cell := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cell) == 6 && !strings.HasPrefix(line, "|---") && strings.TrimSpace(cell[0]) != "act" {
			out = append(out, actRow{cell[0], cell[1], cell[2], cell[3], cell[4], cell[5]})
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d acts are found in the page", len(out))
	}
	return out
}

// TestEveryAdministrativeEventHasItsRow compares the page with the kinds of events
// that the sources write.
func TestEveryAdministrativeEventHasItsRow(t *testing.T) {
	said := map[string]bool{}
	for _, r := range actRows(t) {
		for _, m := range ticked.FindAllStringSubmatch(r.events, -1) {
			said[strings.TrimSuffix(m[1], "…")] = true
		}
	}
	all := kinds(t)
	for _, k := range append(slices.Clone(all), "notice.address_set") {
		if (administrativeKind.MatchString(k) && !onlyRead.MatchString(k) || k == "notice.address_set") && !said[k] {
			t.Errorf("docs/administration.md has no row for the event %s", k)
		}
	}
	for k := range said {
		if !slices.Contains(all, k) {
			t.Errorf("docs/administration.md names the event %s, which nothing writes", k)
		}
	}
}

// TestEveryAdministrativeRuleHasItsRow compares the page with the access policy:
// each rule that lets somebody change people, keys, agencies, rules or reports is
// there, under its role.
func TestEveryAdministrativeRuleHasItsRow(t *testing.T) {
	said := map[string]string{} // rule to role
	for _, r := range actRows(t) {
		for _, m := range ruleSet.FindAllStringSubmatch(r.who, -1) {
			for _, id := range strings.Split(m[2], ", ") {
				said[id] = m[1]
			}
		}
	}
	text, err := os.ReadFile("../policies/access/policy.csv")
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comment, r.TrimLeadingSpace = '#', true
	rules, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	reads := []string{"list", "view", "list_motions", "view_cosignature", "download", "compare", "replay"}
	kinds := []string{"staff", "auditor", "agency_admin", "officer", "account", "agency", "unit", "key", "delivery_form", "process", "retention", "report"}
	for _, rule := range rules {
		id, role, verb, kind := rule[1], rule[2], rule[4], rule[5]
		if slices.Contains(kinds, kind) && !slices.Contains(reads, verb) && said[id] == "" {
			t.Errorf("docs/administration.md has no row for %s: %s may %s %s", id, role, verb, kind)
		}
		if said[id] != "" && said[id] != role {
			t.Errorf("docs/administration.md says that %s is for %s; it is for %s", id, said[id], role)
		}
		delete(said, id)
	}
	for id := range said {
		t.Errorf("docs/administration.md names %s, which is no rule", id)
	}
}

// TestEveryGateOfTheActsIsInTheDatabase looks the gates up among what the migrations
// install, and the purposes among those that the program knows and asks the database
// for.
func TestEveryGateOfTheActsIsInTheDatabase(t *testing.T) {
	catalogue := string(migrations.Catalogue())
	purposes := []identity.Purpose{identity.PurposeInvite, identity.PurposeAccount, identity.PurposeContain, identity.PurposeActivateAgency, identity.PurposePutInForce, identity.PurposeRetain, identity.PurposePublishReport}
	used := map[identity.Purpose]bool{}
	for _, r := range actRows(t) {
		for _, m := range ticked.FindAllStringSubmatch(r.gates, -1) {
			if !strings.Contains(catalogue, " function public."+m[1]+"(") && !strings.Contains(catalogue, " function retention."+m[1]+"(") &&
				!strings.Contains(catalogue, " constraint "+m[1]+" of ") && !strings.Contains(catalogue, " index "+m[1]+"\n") {
				t.Errorf("%s: the database has no %s", strings.TrimSpace(r.act), m[1])
			}
		}
		for _, m := range ticked.FindAllStringSubmatch(r.purpose, -1) {
			p := identity.Purpose(m[1])
			used[p] = true
			if !slices.Contains(purposes, p) {
				t.Errorf("%s: there is no purpose %s", strings.TrimSpace(r.act), p)
			}
			if !strings.Contains(r.gates, "`") {
				t.Errorf("%s: what is signed has a gate in the database", strings.TrimSpace(r.act))
			}
		}
	}
	for _, p := range purposes {
		if !used[p] {
			t.Errorf("no act has the purpose %s", p)
		}
	}
}
