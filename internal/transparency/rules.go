package transparency

import (
	"slices"

	"lerd/internal/fault"
)

// casesSince is the version of the rules from which figures of events and accounts
// are judged by the cases behind them, and a year and a further edition by the
// difference to what was published. A report under older rules is recomputed as it was.
const casesSince = 3

// Rules are what a report is made by, as policies/transparency.yaml states them.
// They stand in every report, so that it can be recomputed by them alone.
type Rules struct {
	Version      int          `json:"version" yaml:"version"`
	Threshold    int          `json:"threshold" yaml:"threshold"`         // a figure of fewer cases is withheld
	GagThreshold int          `json:"gag_threshold" yaml:"gag_threshold"` // the same, where a case under a gag is among them
	Contributors int          `json:"contributors" yaml:"contributors"`   // a row of all the small ones has at least so many of them
	CutOffDays   int          `json:"cut_off_days" yaml:"cut_off_days"`   // after the end of the period
	TimeCases    int          `json:"time_cases" yaml:"time_cases"`       // a time over fewer cases is withheld
	RoundMinutes int          `json:"round_minutes" yaml:"round_minutes"` // to which times are rounded
	Exact        []string     `json:"exact" yaml:"exact"`                 // figures of lerd's own acts, which are shown however small
	EU           []string     `json:"eu" yaml:"eu"`
	EEvidence    []Instrument `json:"e_evidence" yaml:"e_evidence"`
	DSA          []Mapping    `json:"dsa" yaml:"dsa"`
	DSAOther     string       `json:"dsa_other" yaml:"dsa_other"`
	Definitions  []Definition `json:"definitions" yaml:"definitions"`
}

// Instrument is a legal process of Regulation (EU) 2023/1543 and the type of data
// that it is for.
type Instrument struct {
	Process string `json:"process" yaml:"process"`
	Type    string `json:"type" yaml:"type"`
}

// Mapping says which category of the DSA's template a class of offence falls into.
type Mapping struct {
	Offence  string `json:"offence" yaml:"offence"` // first two digits of the ICCS class
	Category string `json:"category" yaml:"category"`
}

// Definition says exactly what a table or a column counts.
type Definition struct {
	ID   string `json:"id" yaml:"id"`
	Text string `json:"text" yaml:"text"`
}

// Check refuses rules that protect nobody or cannot be applied.
func (r Rules) Check() error {
	switch {
	case r.Threshold < 5:
		return fault.New(fault.Invalid, "transparency: a threshold below 5 protects nobody")
	case r.GagThreshold < r.Threshold || r.TimeCases < r.Threshold:
		return fault.New(fault.Invalid, "transparency: the thresholds for gags and for times are no lower than the ordinary one")
	case r.Contributors < 2 || r.CutOffDays < 1 || r.CutOffDays > 60 || r.RoundMinutes < 1:
		return fault.New(fault.Invalid, "transparency: contributors, cut_off_days (at most 60) or round_minutes are not possible")
	case len(r.EU) == 0 || len(r.DSA) == 0 || r.DSAOther == "" || len(r.EEvidence) == 0:
		return fault.New(fault.Invalid, "transparency: the lists of the European tables are missing")
	}
	return nil
}

// small tells whether a figure over n cases, g of them under a gag, is withheld.
func (r Rules) small(n, g int) bool {
	return n > 0 && (n < r.Threshold || g > 0 && n < r.GagThreshold)
}

// need is how wide the interval must be in which an outsider can put a withheld
// figure.
func (r Rules) need(g int) int {
	if g > 0 {
		return r.GagThreshold
	}
	return r.Threshold
}

func (r Rules) inEU(country string) bool { return slices.Contains(r.EU, country) }

// evidence gives the place of a process among the e-Evidence types, -1 for none.
func (r Rules) evidence(process string) int {
	for _, i := range r.EEvidence {
		if i.Process == process {
			return slices.Index(r.evidenceTypes(), i.Type)
		}
	}
	return -1
}

// evidenceTypes lists the types once, in the order of the rules.
func (r Rules) evidenceTypes() (out []string) {
	for _, i := range r.EEvidence {
		if !slices.Contains(out, i.Type) {
			out = append(out, i.Type)
		}
	}
	return out
}

// categories lists the DSA's categories that can occur, in order, the other last.
func (r Rules) categories() (out []string) {
	for _, m := range r.DSA {
		if !slices.Contains(out, m.Category) && m.Category != r.DSAOther {
			out = append(out, m.Category)
		}
	}
	slices.Sort(out)
	return append(out, r.DSAOther)
}

func (r Rules) category(offence string) string {
	for _, m := range r.DSA {
		if m.Offence == offence {
			return m.Category
		}
	}
	return r.DSAOther
}
