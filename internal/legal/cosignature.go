package legal

import "slices"

// CosignMode says whether a request under a process wants a second signature of
// its agency.
type CosignMode string

// The modes. An agency's own choice counts under Usual, which is "yes" without
// one, and under Optional, which is "no" without one.
const (
	CosignRequired CosignMode = "required"
	CosignUsual    CosignMode = "usual"
	CosignOptional CosignMode = "optional"
)

// Wanted tells whether a second signature is wanted where the agency chose so;
// nil is an agency that has not chosen.
func (m CosignMode) Wanted(choice *bool) bool {
	switch {
	case m == CosignRequired:
		return true
	case choice != nil:
		return *choice
	}
	return m != CosignOptional
}

// CosignRule is the mode of a process, for routine requests and in an emergency.
type CosignRule struct {
	Routine   CosignMode `yaml:"routine"`
	Emergency CosignMode `yaml:"emergency"`
}

// Of gives the mode for a request.
func (r CosignRule) Of(emergency bool) CosignMode {
	if emergency {
		return r.Emergency
	}
	return r.Routine
}

type cosignBook struct {
	Every     CosignRule               `yaml:"every"`
	Processes map[ProcessID]CosignRule `yaml:"processes"`
}

// Cosign gives the rule of a process: its own, or that of every process.
func (r *Registry) Cosign(id ProcessID) CosignRule {
	if own, ok := r.cosign.Processes[id]; ok {
		return own
	}
	return r.cosign.Every
}

// CosignRules gives every rule by process; "" is every process without one.
func (r *Registry) CosignRules() map[ProcessID]CosignRule {
	out := map[ProcessID]CosignRule{"": r.cosign.Every}
	for id, rule := range r.cosign.Processes {
		out[id] = rule
	}
	return out
}

func (l *loader) loadCosign() {
	const file = "cosignature.yaml"
	l.decode(file, &l.reg.cosign)
	known := []CosignMode{CosignRequired, CosignUsual, CosignOptional}
	for id, rule := range l.reg.CosignRules() {
		if !slices.Contains(known, rule.Routine) || !slices.Contains(known, rule.Emergency) {
			l.faultf(file, "process %q: routine and emergency must each be required, usual or optional", id)
		}
	}
}
