package legal

import (
	"fmt"
	"strings"
)

// Rule is a rule of the platform, in one version.
type Rule struct {
	ID       string   `yaml:"id"`
	Version  int      `yaml:"version"`
	Title    string   `yaml:"title"`
	Text     string   `yaml:"text"`
	Offences []string `yaml:"offences"` // ICCS codes; a code covers its subclasses
	// Examples show to which classes the rule answers, and to which it does not.
	Examples []RuleExample `yaml:"examples"`
}

// RuleExample is an offence class and whether the rule answers to it.
type RuleExample struct {
	Class   string `yaml:"class"`
	Answers *bool  `yaml:"answers"` // has to be said, either way
	Why     string `yaml:"why"`
}

// checkExamples gives what does not hold of a rule's examples: each rule needs one
// to which it does not answer and, where it names offences, one to which it does,
// of known codes.
func (r *Registry) checkExamples(rule Rule) (faults []string) {
	yes, no := 0, 0
	for _, x := range rule.Examples {
		if _, ok := r.OffenceClass(x.Class); !ok || len(x.Class) < 2 {
			faults = append(faults, fmt.Sprintf("rule %s: example %s is no code of the classification", rule.ID, x.Class))
			continue
		}
		if x.Answers == nil {
			faults = append(faults, fmt.Sprintf("rule %s: example %s does not say whether the rule answers", rule.ID, x.Class))
			continue
		}
		if ok, _ := r.RuleMatchesOffence(rule.ID, x.Class); ok != *x.Answers {
			faults = append(faults, fmt.Sprintf("rule %s: example %s does not hold", rule.ID, x.Class))
		}
		if x.Why == "" {
			faults = append(faults, fmt.Sprintf("rule %s: example %s does not say why", rule.ID, x.Class))
		}
		if *x.Answers {
			yes++
		} else {
			no++
		}
	}
	if no == 0 || yes == 0 && len(rule.Offences) > 0 {
		faults = append(faults, fmt.Sprintf("rule %s needs an example to which it answers and one to which it does not", rule.ID))
	}
	return faults
}

// OffenceClass is a class of the International Classification of Crime for
// Statistical Purposes.
// SPEC: UNODC ICCS 1.0: 2 digits section, 4 division, 5 group, 6 class.
type OffenceClass struct {
	Code      string `yaml:"code"`
	Title     string `yaml:"title"`
	Sensitive string `yaml:"sensitive"` // speech, political, religious, press, asylum or protest; empty: none
}

// SensitiveFlag is a mark on a target that forces counsel's review.
type SensitiveFlag struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
}

// Rules gives the platform rules in the order of their file.
func (r *Registry) Rules() []Rule { return r.rules.Rules }

// OffenceClasses gives the offence classes in the order of their file.
func (r *Registry) OffenceClasses() []OffenceClass { return r.rules.Classes }

// SensitiveFlags gives the marks that force counsel's review.
func (r *Registry) SensitiveFlags() []SensitiveFlag { return r.rules.Flags }

// Rule gives the newest version of a rule.
func (r *Registry) Rule(id string) (Rule, bool) {
	var best Rule
	for _, rule := range r.rules.Rules {
		if rule.ID == id && rule.Version > best.Version {
			best = rule
		}
	}
	return best, best.ID != ""
}

// OffenceClass gives a class by its code, or the nearest class above it.
func (r *Registry) OffenceClass(code string) (OffenceClass, bool) {
	for n := len(code); n >= 2; n-- {
		for _, c := range r.rules.Classes {
			if c.Code == code[:n] {
				return c, true
			}
		}
	}
	return OffenceClass{}, false
}

// RuleMatchesOffence tells whether a confirmed violation of a rule is about
// the same conduct as an offence class, and says why in one sentence. An
// unrelated old violation must not open the way to somebody's data.
func (r *Registry) RuleMatchesOffence(rule, class string) (bool, string) {
	known, ok := r.Rule(rule)
	if !ok {
		return false, fmt.Sprintf("There is no platform rule %q.", rule)
	}
	c, ok := r.OffenceClass(class)
	if !ok {
		return false, fmt.Sprintf("Offence class %q is not in the classification.", class)
	}
	for _, code := range known.Offences {
		if strings.HasPrefix(class, code) {
			return true, fmt.Sprintf("Rule %s (%s) covers offence class %s (%s).", known.ID, known.Title, class, c.Title)
		}
	}
	return false, fmt.Sprintf("Rule %s (%s) does not cover offence class %s (%s).", known.ID, known.Title, class, c.Title)
}

// Sensitive tells whether an offence class or a target's flag forces counsel's
// human-rights review, with the reasons.
func (r *Registry) Sensitive(f *Facts) (why []string) {
	for n := 2; n <= len(f.Offence.Class); n++ {
		for _, c := range r.rules.Classes {
			if c.Code == f.Offence.Class[:n] && c.Sensitive != "" {
				why = append(why, fmt.Sprintf("Offence class %s (%s) touches %s.", c.Code, c.Title, c.Sensitive))
			}
		}
	}
	for _, t := range f.Targets {
		for _, flag := range t.Flags {
			why = append(why, fmt.Sprintf("Target %s is marked %q.", t.Ref, flag))
		}
	}
	return why
}
