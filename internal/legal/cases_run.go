package legal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// CaseResult is what came of an example.
type CaseResult struct {
	Case   Case
	Got    Verdict
	Faults []string // where it differs from what must come of it; empty: it holds
}

// RunCase derives the verdict on an example under a version of its process,
// not necessarily the one that it was written for.
func (r *Registry) RunCase(p *Process, c Case) CaseResult {
	res := CaseResult{Case: c}
	got, err := r.Verdict(p, c.Facts, c.Answers)
	if err != nil {
		res.Faults = []string{err.Error()}
		return res
	}
	res.Got = got
	res.compare()
	res.due(r, p)
	res.profile(p)
	return res
}

// RunCases runs every example under the version it was written for.
func (r *Registry) RunCases() (out []CaseResult) {
	for _, c := range r.Cases() {
		p, err := r.Process(c.Process, c.Version)
		if err != nil {
			out = append(out, CaseResult{Case: c, Faults: []string{err.Error()}})
			continue
		}
		out = append(out, r.RunCase(p, c))
	}
	return out
}

func (res *CaseResult) faultf(format string, args ...any) {
	res.Faults = append(res.Faults, fmt.Sprintf(format, args...))
}

func (res *CaseResult) compare() {
	want, got := res.Case.Expect, res.Got
	if want.Outcome != got.Outcome {
		res.faultf("outcome %s, want %s", got.Outcome, want.Outcome)
	}
	if want.Codes != nil && !sameSet(want.Codes, got.Codes) {
		res.faultf("codes %v, want %v", got.Codes, want.Codes)
	}
	if want.Missing != nil && !sameSet(want.Missing, got.Missing) {
		res.faultf("missing %v, want %v", got.Missing, want.Missing)
	}
	if want.Open != nil && !sameSet(want.Open, got.Open) {
		res.faultf("open %v, want %v", got.Open, want.Open)
	}
	if want.Failing != nil && !sameSet(want.Failing, got.Failing) {
		res.faultf("failing %v, want %v", got.Failing, want.Failing)
	}
	if want.Emergency != "" && want.Emergency != got.Emergency {
		res.faultf("emergency %s, want %s", got.Emergency, want.Emergency)
	}
	if want.Releasable != nil && *want.Releasable != got.Releasable {
		res.faultf("releasable %t, want %t", got.Releasable, *want.Releasable)
	}
	for _, key := range sortedKeys(want.Items) {
		if action := got.action(key); action != want.Items[key] {
			res.faultf("item %s: %s, want %s", key, action, want.Items[key])
		}
	}
}

func (v Verdict) action(key string) Action {
	for _, it := range v.Items {
		if strings.TrimSuffix(it.Target+"/"+string(it.Category), "/") == key {
			return it.Action
		}
	}
	return "none"
}

func sameSet[T ~string](a, b []T) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

func (res *CaseResult) due(r *Registry, p *Process) {
	f := res.Case.Facts
	for _, kind := range sortedKeys(res.Case.Expect.Due) {
		in := ClockInput{Process: p, Kind: kind, Start: f.ReceivedAt, OrderDate: f.Order.ReturnAt}
		if kind == ClockExtension { // due with one renewal
			in.Kind, in.Extensions = ClockHold, 1
		}
		due, err := r.Due(in)
		if err != nil {
			res.faultf("clock %s: %s", kind, err)
			continue
		}
		if want := res.Case.Expect.Due[kind]; !due.At.Equal(want) {
			res.faultf("clock %s is due %s, want %s", kind, due.At.Format(time.RFC3339), want.Format(time.RFC3339))
		}
	}
}

// profile compares values of the process's file with those stated again in the
// example, both in YAML's own terms.
func (res *CaseResult) profile(p *Process) {
	if len(res.Case.Expect.Profile) == 0 {
		return
	}
	for _, key := range sortedKeys(res.Case.Expect.Profile) {
		want, err1 := yaml.Marshal(res.Case.Expect.Profile[key])
		got, err2 := yaml.Marshal(p.profileValue(key))
		if err1 != nil || err2 != nil || !bytes.Equal(want, got) {
			res.faultf("%s is %s, want %s", key, bytes.TrimSpace(got), bytes.TrimSpace(want))
		}
	}
}

func (p *Process) profileValue(key string) any {
	switch key {
	case "kind":
		return string(p.Kind)
	case "compulsion":
		return string(p.Compulsion)
	case "emergency":
		return string(p.Emergency)
	case "notice":
		return string(p.Notice.Rule)
	case "keeps_on_arrival":
		return p.Keeps != nil
	case "waits_for_authority":
		return p.Waits != nil
	case "jurisdiction":
		return p.Jurisdiction
	case "in_force":
		return p.InForce.String()
	case "certificates":
		return p.Certificates
	case "required":
		return p.Required
	case "calendar":
		return p.Clocks.Calendar
	case "zone":
		return p.Clocks.Zone
	case "clocks":
		out := map[string]string{}
		for kind, limit := range p.Clocks.all() {
			out[string(kind)] = limit.String()
		}
		return out
	}
	return "unknown value " + key
}

// String gives the limit in a few words, e.g. "10 days eu_1182_71".
func (l *Limit) String() string {
	var words []string
	if l.Amount != 0 {
		words = append(words, fmt.Sprint(l.Amount))
	}
	words = append(words, string(l.Unit), string(l.Counting))
	if l.Soft {
		words = append(words, "soft")
	}
	return strings.Join(words, " ")
}
