package change

import "strings"

// closed names the facts that tell of a case what a public report may withhold: which
// country asked, under which process, how urgent, how much, why it was refused. The
// log commits to them, and whoever is to read them gets their opening: counting
// the entries of the public log is no way around the report's small numbers. The
// beginnings of kinds say of which events; none: of all.
var closed = map[string][]string{
	"country":            nil,
	"emergency":          nil,
	"factors":            nil,
	"targets":            nil,
	"process_digest":     nil,
	"process_version":    nil,
	"process":            {"request.", "clock.", "agency.", "risk.", "user_notice."},
	"digest":             {"request.replayed"}, // of a process, as its number
	"number":             {"request.replayed"},
	"acknowledge_by":     {"request."}, // how long a law gives tells which it is
	"effect_by":          {"request."},
	"until":              {"request.", "preservation."},
	"days":               {"preservation."},
	"due":                {"clock.", "user_notice."},
	"turned":             {"clock."},
	"refusal":            {"request."},
	"attestation":        {"request."}, // the language in which an officer signed
	"attestation_sha256": {"request."},
	"form":               {"request."},
	"annex3":             {"request."},
	"compulsion":         {"request."},
	"conflict":           {"request."},
	"policy":             {"risk."},
	"authority":          {"user_notice."},
	"categories":         {"user_notice."},
	"not_before":         {"user_notice."},
	"notice_rule":        {"user_notice."},
	"why":                {"user_notice."},
	"source":             {"gag."},
	"begins":             {"gag."},
	"ends":               {"gag."},
	"ends_before":        {"gag."},
	"review":             {"gag."},
	"review_before":      {"gag."},
	"population_sha256":  {"sample."}, // of cases with their countries: few can be guessed
	"drawn_sha256":       {"sample."},
}

// Closed tells whether an event of that kind commits to a fact instead of saying it.
func Closed(kind, fact string) bool {
	kinds, is := closed[fact]
	if !is || kinds == nil {
		return is
	}
	for _, begin := range kinds {
		if strings.HasPrefix(kind, begin) {
			return true
		}
	}
	return false
}
