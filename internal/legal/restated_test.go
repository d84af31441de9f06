package legal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The tables of refusals and rules, stated a second time: a change of the data
// has to be made here as well.

// refusalTable: code, key, Annex III reason, ETSI status, effect, flags.
const refusalTable = `
RR-01 requester_not_verified InvalidIssuingAuthority Rejected refuse
RR-02 document_not_authentic InvalidIssuingAuthority Rejected refuse incident
RR-03 authority_not_competent InvalidIssuingAuthority Rejected refuse
RR-04 wrong_addressee_or_service ServiceNotCovered Rejected refuse
RR-05 no_valid_legal_basis InvalidIssuingAuthority Rejected refuse
RR-06 offence_not_covered OffenceNotCovered Rejected refuse
RR-07 expired_unsigned_or_not_served ManifestErrors Invalid ask
RR-08 incomplete_or_wrong_language Incomplete Invalid ask
RR-09 target_not_identifiable InsufficientInformation Invalid ask
RR-10 time_range_missing_or_excessive Incomplete Invalid ask
RR-11 category_not_available_under_this_process ManifestErrors Rejected refuse
RR-12 overbroad ManifestErrors Invalid ask
RR-13 not_a_suspect - Rejected refuse policy
RR-14 no_confirmed_rule_violation - Rejected refuse policy
RR-15 fundamental_rights_concern ImmunitiesOrPrivileges Rejected refuse
RR-16 privilege_or_immunity ImmunitiesOrPrivileges Rejected refuse
RR-17 conflict_of_law ConflictOfLaw Rejected refuse
RR-18 emergency_not_established - AwaitingDisclosure routine
RR-19 duplicate Incomplete Cancelled refuse
RR-20 no_data_held DataNotHeld DisclosureNotAvailable not_held
RR-21 technical_impossibility DeFactoImpossibility Error refuse
RR-22 withdrawn_by_authority - Cancelled refuse`

// ruleTable: rule and the offence classes that it covers.
const ruleTable = `
PR-01/1 03022
PR-02/1 01 0201 0205
PR-03/1 0906
PR-04/1 06012 06019
PR-05/1 0701 0702
PR-06/1 0203 0204 03021
PR-07/1 0903
PR-08/1 0208
PR-09/1 0301 02051 0211
PR-10/1 0901
PR-11/1 07041
PR-12/1 0502 0501 0401
PR-13/1 0202
PR-14/1 0210
PR-15/1
PR-16/1 0703`

const (
	sensitiveTable = "0209:speech 0210:speech 08:political 0801:protest 0802:speech 0803:speech 08032:religious 0805:asylum 0806:political 0807:political 0904:political 11:speech"
	classTable     = "01 0101 0102 02 0201 02011 02012 0202 02022 0203 0204 0205 02051 0208 02081 02082 0209 0210 0211 03 0301 0302 03021 03022 030221 04 0401 05 0501 0502 0503 06 0601 06011 06012 06019 07 0701 07011 0702 0703 0704 07041 08 0801 0802 0803 08032 0805 0806 0807 09 0901 0903 09031 09032 0904 0905 0906 10 11"
	flagTable      = "journalist lawyer politician activist religious orientation asylum speech"
)

// checkTable: check, mode, scope, stage, refusal, flags.
const checkTable = `
VC-01 auto request review RR-01
VC-02 both request review RR-02
VC-03 auto request review RR-03
VC-04 auto request review RR-03
VC-05 auto request review RR-04
VC-06 human request review RR-05
VC-07 both request review RR-06
VC-08 auto request review RR-07
VC-09 both request review RR-08
VC-10 both target review RR-09
VC-11 auto item review RR-10
VC-12 auto item review RR-11
VC-13 both request review RR-12
VC-14 both target review RR-13 gate
VC-15 auto target confirmation RR-14 gate
VC-16 human request review RR-15 gate
VC-17 human target review RR-16
VC-18 human request review RR-17
VC-19 both request review RR-18 people:2
VC-20 auto request review RR-19
VC-21 auto item release RR-20
VC-22 both request review RR-08
VC-23 auto request review RR-08
VC-24 auto request review -`

// restatedChecks gives the differences between the checklist and its table.
func restatedChecks(r *Registry) []string {
	var lines []string
	for _, c := range r.checklists[1].Checks {
		line := fmt.Sprintf("%s %s %s %s %s", c.ID, c.Mode, c.Scope, c.Stage, orDash(string(c.Refusal)))
		if c.PolicyGate {
			line += " gate"
		}
		if c.MayNotApply {
			line += " na"
		}
		if c.People > 0 {
			line += fmt.Sprintf(" people:%d", c.People)
		}
		lines = append(lines, line)
	}
	if got := strings.Join(lines, "\n"); got != strings.TrimSpace(checkTable) {
		return []string{"checklist:\n" + got + "\nwant:" + checkTable}
	}
	return nil
}

func TestTheChecklistIsAsRestated(t *testing.T) {
	for _, f := range restatedChecks(shippedWithCases(t)) {
		t.Error(f)
	}
}

// restated gives the differences between the policies and the tables here.
func restated(r *Registry) (faults []string) {
	same := func(what, got, want string) {
		if strings.TrimSpace(got) != strings.TrimSpace(want) {
			faults = append(faults, fmt.Sprintf("%s:\n%s\nwant:\n%s", what, got, want))
		}
	}
	var refusals, rules, sensitive, classes, flags []string
	for _, f := range r.Refusals() {
		line := fmt.Sprintf("%s %s %s %s %s", f.Code, f.Key, orDash(f.Annex3), f.ETSI, f.Effect)
		if f.Incident {
			line += " incident"
		}
		if f.PolicyOnly {
			line += " policy"
		}
		refusals = append(refusals, line)
	}
	for _, rule := range r.Rules() {
		rules = append(rules, strings.TrimSpace(fmt.Sprintf("%s/%d %s", rule.ID, rule.Version, strings.Join(rule.Offences, " "))))
	}
	for _, c := range r.OffenceClasses() {
		classes = append(classes, c.Code)
		if c.Sensitive != "" {
			sensitive = append(sensitive, c.Code+":"+c.Sensitive)
		}
	}
	for _, f := range r.SensitiveFlags() {
		flags = append(flags, f.ID)
	}
	same("refusals", strings.Join(refusals, "\n"), refusalTable)
	same("rules", strings.Join(rules, "\n"), ruleTable)
	same("sensitive classes", strings.Join(sensitive, " "), sensitiveTable)
	same("classes", strings.Join(classes, " "), classTable)
	same("flags", strings.Join(flags, " "), flagTable)
	return faults
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func TestRefusalsAndRulesAreAsRestated(t *testing.T) {
	for _, f := range restated(shippedWithCases(t)) {
		t.Error(f)
	}
}

func TestARuleCoversAnOffenceAndItsSubclasses(t *testing.T) {
	r := shippedWithCases(t)
	for _, c := range []struct {
		rule, class string
		want        bool
	}{
		{"PR-05", "0701", true}, {"PR-05", "07011", true}, {"PR-05", "070111", true}, {"PR-05", "07", false}, {"PR-05", "0703", false},
		{"PR-15", "0701", false}, {"PR-99", "0701", false}, {"PR-05", "", false}, {"PR-05", "9", false}, {"PR-01", "030221", true}, {"PR-01", "03021", false},
	} {
		got, why := r.RuleMatchesOffence(c.rule, c.class)
		if got != c.want || why == "" {
			t.Errorf("%s and %q: %t (%s)", c.rule, c.class, got, why)
		}
	}
}

func TestCureSaysEachSentenceOnce(t *testing.T) {
	r := shippedWithCases(t)
	got := r.Cure([]RefusalCode{"RR-07", "RR-09", "RR-07", "RR-99"})
	if len(got) != 2 || got[0] != r.Refusal("RR-07").Cure || got[1] != r.Refusal("RR-09").Cure {
		t.Errorf("got %q", got)
	}
}

// TestEverySubclassOfASensitiveClassNeedsCounsel asks for each class and for
// codes below it that are not listed.
func TestEverySubclassOfASensitiveClassNeedsCounsel(t *testing.T) {
	r := shippedWithCases(t)
	for _, entry := range strings.Fields(sensitiveTable) {
		code, _, _ := strings.Cut(entry, ":")
		for _, class := range []string{code, code + "1"} {
			if len(r.Sensitive(&Facts{Offence: Offence{Class: class}})) == 0 {
				t.Errorf("offence class %s does not call for counsel", class)
			}
		}
	}
	if why := r.Sensitive(&Facts{Offence: Offence{Class: "0701"}}); len(why) > 0 {
		t.Errorf("plain fraud calls for counsel: %v", why)
	}
	if !slices.Contains([]int{1}, len(r.Sensitive(&Facts{Targets: []Target{{Ref: "t1", Flags: []string{"lawyer"}}}}))) {
		t.Error("a lawyer's account does not call for counsel")
	}
}
