package legal

import "slices"

// RefusalCode names a reason for not producing, "RR-01" to "RR-22".
type RefusalCode string

// Effect is what a refusal reason leads to.
type Effect string

// The effects.
const (
	EffectRefuse  Effect = "refuse"   // the request or target is refused
	EffectAsk     Effect = "ask"      // the authority is asked to mend or complete it
	EffectNarrow  Effect = "narrow"   // less than was asked for is produced
	EffectNotHeld Effect = "not_held" // there is nothing to produce
	EffectRoutine Effect = "routine"  // handled without the emergency's clock
	EffectBlock   Effect = "block"    // the step waits, nothing is said to the authority
)

// Refusal is a reason for not producing.
type Refusal struct {
	Code   RefusalCode `yaml:"code"`
	Key    string      `yaml:"key"`    // the reason's short name
	Text   string      `yaml:"text"`   // for the authority: what is wrong
	Cure   string      `yaml:"cure"`   // for the authority: what would make it valid
	Annex3 string      `yaml:"annex3"` // reason of Annex III of Regulation (EU) 2023/1543; empty: none
	ETSI   string      `yaml:"etsi"`   // LDTaskStatus of ETSI TS 103 120
	Effect Effect      `yaml:"effect"`
	// PolicyOnly reasons are the platform's own: they are never given for a
	// demand that may bind the platform.
	PolicyOnly bool   `yaml:"policy_only"`
	Incident   bool   `yaml:"incident"` // opens a security incident
	Source     Source `yaml:"source"`
}

// MayBeChosen tells whether a person may give this reason for a demand that binds so
// much: not what only the platform knows, not what facts alone can show, and no reason
// of the platform's own policy where the demand may bind.
func (r *Refusal) MayBeChosen(c Compulsion) bool {
	return r != nil && r.Effect != EffectBlock && r.Effect != EffectNotHeld && (!r.PolicyOnly || c == Voluntary)
}

// Refusal gives a refusal reason by its code, nil where there is none.
func (r *Registry) Refusal(code RefusalCode) *Refusal { return r.refusals[code] }

// Refusals gives all refusal reasons by code.
func (r *Registry) Refusals() []*Refusal {
	out := make([]*Refusal, 0, len(r.refusals))
	for _, code := range sortedKeys(r.refusals) {
		out = append(out, r.refusals[code])
	}
	return out
}

// Cure gives, for each code once and in order, the sentence that says what
// would make the request valid. Unknown codes are left out.
func (r *Registry) Cure(codes []RefusalCode) []string {
	var out []string
	for _, code := range codes {
		if ref := r.refusals[code]; ref != nil && !slices.Contains(out, ref.Cure) {
			out = append(out, ref.Cure)
		}
	}
	return out
}
