package risk

import (
	"slices"
	"strings"
)

// seer tells whether a factor is there, and what shows it.
type seer func(f Facts, r Rule) (evidence []string, seen bool)

// seers has one seer for each code.
var seers = map[Code]seer{
	"lookalike_domain":          func(f Facts, _ Rule) ([]string, bool) { return listed(f.Lookalikes) },
	"mixed_scripts":             func(f Facts, _ Rule) ([]string, bool) { return listed(f.Mixed) },
	"unknown_domain":            func(f Facts, _ Rule) ([]string, bool) { return listed(f.UnknownDomains) },
	"same_file":                 twin("same_file"),
	"same_text_other_agency":    twin("same_text_other_agency"),
	"same_number_other_target":  twin("same_number_other_target"),
	"same_picture_other_agency": twin("same_picture_other_agency"),
	"known_forgery":             twin("known_forgery"),
	"sensitive_target":          func(f Facts, _ Rule) ([]string, bool) { return listed(f.Sensitive) },
	"sensitive_offence":         sensitiveOffence,
	"fresh_agency_data":         freshData,
	"new_domain":                func(f Facts, r Rule) ([]string, bool) { return younger(f.DomainDays, r.Days) },
	"new_passkey":               newPasskey,
	"new_officer":               newOfficer,
	"officer_velocity":          officerVelocity,
	"agency_velocity":           agencyVelocity,
	"identifier_velocity":       identifierVelocity,
	"gag_without_basis":         func(f Facts, _ Rule) ([]string, bool) { return nil, f.Gag && !f.GagBasis },
	"urgent_wording":            urgentWording,
	"unusual_hour":              unusualHour,
	"foreign_target":            func(f Facts, _ Rule) ([]string, bool) { return nil, f.Foreign },
}

// listed gives the things that were seen, each once, as one piece of evidence.
func listed(list []string) ([]string, bool) {
	var once []string
	for _, s := range list {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return []string{strings.Join(once, ", ")}, len(once) > 0
}

func twin(kind Code) seer {
	return func(f Facts, _ Rule) ([]string, bool) {
		var refs []string
		for _, t := range f.Twins {
			if t.Kind == kind {
				refs = append(refs, t.shown())
			}
		}
		return listed(refs)
	}
}

// shown gives the reference with how much the papers are alike.
func (t Twin) shown() string {
	if t.Like == 0 {
		return t.Ref
	}
	return t.Ref + " (" + itoa(t.Like) + " %)"
}

func younger(days *int, limit int) ([]string, bool) {
	if days == nil || *days < 0 || *days > limit {
		return nil, false
	}
	return []string{itoa(*days), itoa(limit)}, true
}

func newOfficer(f Facts, r Rule) ([]string, bool) {
	if f.OfficerDays == nil || f.OfficerRequests == nil || *f.OfficerDays > r.Days && *f.OfficerRequests >= r.Requests {
		return nil, false
	}
	return []string{itoa(*f.OfficerDays), itoa(*f.OfficerRequests)}, true
}

// newPasskey counts a changed passkey only: the first one is the officer's.
func newPasskey(f Facts, r Rule) ([]string, bool) {
	if !f.PasskeyChanged {
		return nil, false
	}
	return younger(f.PasskeyDays, r.Days)
}

func freshData(f Facts, r Rule) ([]string, bool) {
	days, fresh := younger(f.ChangedDays, r.Days)
	if !fresh || len(f.Changed) == 0 {
		return nil, false
	}
	what, _ := listed(f.Changed)
	return append(what, days[0]), true
}

func sensitiveOffence(f Facts, r Rule) ([]string, bool) {
	for _, class := range r.Offences {
		if f.Offence != "" && strings.HasPrefix(f.Offence, class) {
			return []string{f.Offence}, true
		}
	}
	return nil, false
}

func officerVelocity(f Facts, r Rule) ([]string, bool) {
	return []string{itoa(f.OfficerHour), itoa(f.OfficerDay)}, f.OfficerHour > r.PerHour || f.OfficerDay > r.PerDay
}

func agencyVelocity(f Facts, r Rule) ([]string, bool) {
	return []string{itoa(f.AgencyHour), itoa(f.AgencyUsual)}, f.AgencyHour > r.PerHour && f.AgencyHour > r.Times*f.AgencyUsual
}

func identifierVelocity(f Facts, r Rule) ([]string, bool) {
	return []string{itoa(f.IdentifierAgencies), itoa(r.Days)}, f.IdentifierAgencies >= r.Agencies
}

func unusualHour(f Facts, r Rule) ([]string, bool) {
	return []string{itoa(f.Hour), itoa(f.HourHistory)}, f.HourHistory >= r.History && f.HourShare < r.Share
}

func urgentWording(f Facts, r Rule) ([]string, bool) {
	if f.UrgentWord == "" || f.DeadlineHours == nil || *f.DeadlineHours > r.Hours {
		return nil, false
	}
	return []string{f.UrgentWord, itoa(max(0, *f.DeadlineHours))}, true
}

// Urgent gives the first word of haste in a text, as the policy lists them.
func (p *Policy) Urgent(text string) string {
	text = strings.ToLower(text)
	for _, w := range p.rules["urgent_wording"].Words {
		if strings.Contains(text, strings.ToLower(w)) {
			return w
		}
	}
	return ""
}
