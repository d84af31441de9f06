package legal

import (
	"slices"
	"time"
)

// Want is what an authority wants, in plain words.
type Want string

// The wants.
const (
	WantData      Want = "now"       // data handed over in the ordinary way
	WantKept      Want = "keep"      // data kept until an order comes
	WantEmergency Want = "emergency" // somebody is in danger
)

// Situation is what is known before an order is read: enough to say which kinds
// of process may suit. An empty member is not known yet and rules nothing out.
type Situation struct {
	Want    Want
	Country string // of the issuing authority, ISO 3166-1 alpha-2
	Issuer  string // kind of authority, e.g. "police"
	// Judge says whether a judge or court has signed: issued or validated it.
	Judge Tri
}

// Reason is why a process suits or does not: a code for words, and the kinds of
// authority that it is about.
type Reason struct {
	Code  string
	Kinds []string
}

// The reasons. Those that begin with "no_" rule a process out.
const (
	FitsCountry     = "country"        // authorities of this country use it
	FitsAnyCountry  = "any_country"    // authorities of any country can use it
	FitsIssuer      = "issuer"         // such an authority can issue it
	FitsValidated   = "validated"      // such an authority can issue it, with one of Kinds validating
	FitsUnvalidated = "validated_late" // in an emergency it may be validated afterwards
	FitsEmergency   = "emergency"      // it can be used in an emergency
	LacksCountry    = "no_country"
	LacksWant       = "no_want" // leads to something else than what is wanted
	LacksIssuer     = "no_issuer"
	LacksValidation = "no_validation"
	LacksEmergency  = "no_emergency"   // cannot be used in an emergency
	OnlyEmergency   = "no_only_danger" // can be used in an emergency only
)

// Fit is one process seen from a situation.
type Fit struct {
	Process *Process
	Fits    bool
	Why     []Reason
}

// Fits gives every process in force, those that suit first, each with its
// reasons; among those that suit, processes of the very country come before those
// of any country.
func (r *Registry) Fits(s Situation, at time.Time) []Fit {
	var out []Fit
	for _, p := range r.InForce(at) {
		if p.Kind == Disclosure || p.Kind == Preservation {
			out = append(out, p.fit(s))
		}
	}
	slices.SortStableFunc(out, func(a, b Fit) int { return a.rank() - b.rank() })
	return out
}

func (f Fit) rank() int {
	switch {
	case !f.Fits:
		return 2
	case len(f.Process.Countries) == 0:
		return 1
	}
	return 0
}

func (p *Process) fit(s Situation) Fit {
	f := Fit{Process: p, Fits: true}
	say := func(fits bool, r Reason) {
		f.Fits = f.Fits && fits
		f.Why = append(f.Why, r)
	}
	kept := p.Kind == Preservation
	switch {
	case s.Want != "" && kept != (s.Want == WantKept):
		say(false, Reason{Code: LacksWant})
	case s.Want == WantEmergency && p.Emergency == EmergencyNever:
		say(false, Reason{Code: LacksEmergency})
	case s.Want == WantEmergency:
		say(true, Reason{Code: FitsEmergency})
	case s.Want == WantData && p.Emergency == EmergencyOnly:
		say(false, Reason{Code: OnlyEmergency})
	}
	switch {
	case len(p.Countries) == 0:
		say(true, Reason{Code: FitsAnyCountry})
	case s.Country == "":
	case slices.Contains(p.Countries, s.Country):
		say(true, Reason{Code: FitsCountry})
	default:
		say(false, Reason{Code: LacksCountry})
	}
	if s.Issuer != "" {
		fits, why := p.issuerFit(s)
		say(fits, why)
	}
	return f
}

// issuerFit looks for a rule under which the authority may issue; the best one
// counts.
func (p *Process) issuerFit(s Situation) (bool, Reason) {
	lacks := Reason{Code: LacksIssuer, Kinds: p.issuerKinds()}
	for _, rule := range p.Issuers {
		if !slices.Contains(rule.Kinds, s.Issuer) || rule.EmergencyOnly && s.Want != WantEmergency {
			continue
		}
		switch {
		case len(rule.ValidatedBy) == 0:
			return true, Reason{Code: FitsIssuer}
		case s.Judge != No:
			return true, Reason{Code: FitsValidated, Kinds: rule.ValidatedBy}
		case rule.WithoutInEmergency && s.Want == WantEmergency:
			return true, Reason{Code: FitsUnvalidated, Kinds: rule.ValidatedBy}
		}
		lacks = Reason{Code: LacksValidation, Kinds: rule.ValidatedBy}
	}
	return false, lacks
}

// issuerKinds lists who may issue a process.
func (p *Process) issuerKinds() (kinds []string) {
	for _, rule := range p.Issuers {
		for _, k := range rule.Kinds {
			if !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}

// CountriesNamed gives every country that some process in force names.
func (r *Registry) CountriesNamed(at time.Time) (out []string) {
	for _, p := range r.InForce(at) {
		for _, c := range p.Countries {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}
