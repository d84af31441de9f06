package risk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func policy(t testing.TB) *Policy {
	t.Helper()
	p, err := Load(os.DirFS("../../policies"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheExamplesHold(t *testing.T) {
	p := policy(t)
	if len(p.Cases) < 30 {
		t.Fatalf("only %d examples", len(p.Cases))
	}
	for _, f := range p.RunCases() {
		t.Errorf("%s: %s", f.Case, f.Why)
	}
}

// TestEveryFactorHasAnExample takes each factor away, and wants an example to
// miss it; and each limit away, and wants an example to see that.
func TestEveryFactorHasAnExample(t *testing.T) {
	for _, code := range Codes {
		p := policy(t)
		delete(p.rules, code)
		if len(p.RunCases()) == 0 {
			t.Errorf("no example misses the factor %s", code)
		}
	}
	for _, change := range []struct {
		code Code
		do   func(r *Rule)
	}{
		{"new_officer", func(r *Rule) { r.Days, r.Requests = 0, 0 }}, {"new_passkey", func(r *Rule) { r.Days = 0 }}, {"new_domain", func(r *Rule) { r.Days = 4 }},
		{"unusual_hour", func(r *Rule) { r.History = 19 }}, {"unusual_hour", func(r *Rule) { r.Share = 0.3 }}, {"unusual_hour", func(r *Rule) { r.Share = 0.01 }},
		{"officer_velocity", func(r *Rule) { r.PerHour = 11 }}, {"officer_velocity", func(r *Rule) { r.PerHour = 13 }}, {"officer_velocity", func(r *Rule) { r.PerDay = 39 }},
		{"officer_velocity", func(r *Rule) { r.PerDay = 41 }}, {"agency_velocity", func(r *Rule) { r.PerHour, r.Times = 59, 0 }}, {"agency_velocity", func(r *Rule) { r.PerHour = 61 }},
		{"identifier_velocity", func(r *Rule) { r.Agencies = 4 }}, {"fresh_agency_data", func(r *Rule) { r.Days = 15 }}, {"fresh_agency_data", func(r *Rule) { r.Days = 2 }},
		{"urgent_wording", func(r *Rule) { r.Hours = 100 }}, {"urgent_wording", func(r *Rule) { r.Hours = 23 }}, {"sensitive_offence", func(r *Rule) { r.Offences = nil }},
		{"lookalike_domain", func(r *Rule) { r.Weight = 5 }}, {"sensitive_target", func(r *Rule) { r.Weight = 5 }}, {"same_file", func(r *Rule) { r.Weight = 3 }},
	} {
		p := policy(t)
		r := p.rules[change.code]
		change.do(&r)
		p.rules[change.code] = r
		if len(p.RunCases()) == 0 {
			t.Errorf("no example sees another limit of %s: %+v", change.code, r)
		}
	}
}

func TestAStatementOnlyGrows(t *testing.T) {
	p := policy(t)
	days := 1
	f := Facts{}
	last := p.State(f)
	for _, more := range []func(){
		func() { f.Gag = true }, func() { f.Foreign = true }, func() { f.Lookalikes = []string{"x.de"} }, func() { f.PasskeyChanged, f.PasskeyDays = true, &days },
		func() { f.Sensitive = []string{"lawyer"} }, func() { f.Twins = []Twin{{Kind: "same_file", Ref: "LR-1"}} },
	} {
		more()
		next := p.State(f)
		if next.Score <= last.Score || len(next.Demands) < len(last.Demands) {
			t.Errorf("after %+v: %+v, before %+v", f, next, last)
		}
		last = next
	}
	if last.Level != High || !slices.Equal(last.Demands, []Demand{Echo, CallBack, Counsel}) {
		t.Errorf("%+v", last)
	}
	if got := SplitDemands(JoinDemands(last.Demands)); !slices.Equal(got, last.Demands) {
		t.Errorf("%v", got)
	}
}

func TestUrgentWordsInSeveralLanguages(t *testing.T) {
	p := policy(t)
	for text, want := range map[string]string{"Die Auskunft ist UNVERZÜGLICH zu erteilen.": "unverzüglich", "Please reply within 24 hours": "within 24 hours", "At your convenience.": "", "कृपया तुरंत उत्तर दें": "तुरंत"} {
		if got := p.Urgent(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAPolicyWithFaultsIsRefused(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("../../policies", File))
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for name, bad := range map[string]string{
		"no file at all":               "",
		"a level that asks for less":   strings.Replace(good, "demands: [echo, call_back, counsel]", "demands: [echo]", 1),
		"elevated asks for nothing":    strings.Replace(good, "demands: [echo]}", "demands: []}", 1),
		"levels in the wrong order":    strings.Replace(good, "from: 10", "from: 5", 1),
		"a factor that weighs nothing": strings.Replace(good, "code: new_domain, weight: 3", "code: new_domain, weight: 0", 1),
		"a factor that nobody sees":    strings.Replace(good, "code: new_domain", "code: new_moon", 1),
		"a factor without its source":  strings.Replace(good, `{text: "Names used in fraud are days old", mark: D}`, `{text: "", mark: D}`, 1),
		"a field that means nothing":   strings.Replace(good, "per_hour: 12", "per_hours: 12", 1),
		"a factor twice":               strings.Replace(good, "code: foreign_target", "code: new_officer", 1),
	} {
		if bad == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		fs := fstest.MapFS{}
		if bad != "" {
			fs[File] = &fstest.MapFile{Data: []byte(bad)}
		}
		if _, err := Load(fs); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
