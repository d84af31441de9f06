package oversight

import (
	"context"
	"maps"
	"slices"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// A filter that can have no line, whatever happened, is refused: "nothing was found" is
// what an auditor rests on, and a slip in typing must not read like it.

// Filters names the filters of each list, in the order in which they are shown.
func Filters(list string) []string {
	switch list {
	case "cases":
		return []string{"ref", "state", "country", "process", "urgent", "from", "to"}
	case "emergency_no_order", "gag_past_end":
		return []string{"country", "process", "from", "to"}
	case "most_viewed":
		return []string{"from"}
	case "events":
		return []string{"kind", "person", "role", "ref", "from", "to"}
	case "source_silence": // of two kinds alone
		return []string{"person", "ref", "from", "to"}
	}
	return []string{"kind", "person", "ref", "from", "to"}
}

// tidy gives the search with its filters as they are on record: references, countries
// and processes in capitals, kinds in small letters, pseudonyms as "Reviewer 7F".
func (q Search) tidy() Search {
	trim := strings.TrimSpace
	q.Kind, q.Ref, q.Country, q.Process = strings.ToLower(trim(q.Kind)), strings.ToUpper(trim(q.Ref)), strings.ToUpper(trim(q.Country)), strings.ToUpper(trim(q.Process))
	q.Person = strings.ToLower(trim(q.Person))
	if words := strings.Fields(q.Person); len(words) > 1 {
		first, last := words[0], words[len(words)-1]
		words[0], words[len(words)-1] = strings.ToUpper(first[:1])+first[1:], strings.ToUpper(last)
		q.Person = strings.Join(words, " ")
	}
	return q
}

// impossible finds the filters that leave nothing of any log.
func (q Search) impossible() (out []fault.Problem) {
	has := Filters(q.Name)
	for _, name := range slices.Sorted(maps.Keys(q.Values())) {
		if !slices.Contains(has, name) {
			out = append(out, fault.Problem{Field: name, Message: "This list has no such filter. Empty it."})
		}
	}
	if q.Role != "" && q.Role != string(identity.System) && !slices.Contains(identity.Roles, identity.Role(q.Role)) {
		out = append(out, fault.Problem{Field: "role", Message: "There is no such role. Choose one."})
	}
	if q.State != "" && !slices.Contains(requests.States, requests.State(q.State)) {
		out = append(out, fault.Problem{Field: "state", Message: "There is no such state. Choose one."})
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.To.After(q.From) {
		out = append(out, fault.Problem{Field: "to", Message: "The end must be after the beginning."})
	}
	return out
}

// unknownFilters says what to do about a filter that names what is not on record.
var unknownFilters = map[string]string{
	"kind":    "No event has this kind. Copy it from a list of events, where it stands in small, e.g. request.viewed.",
	"person":  "Nobody has this pseudonym or id. Copy it from a list, e.g. Reviewer 7F.",
	"ref":     "There is no case with this reference.",
	"country": "No agency of this country is on file. Give its two letters, e.g. DE.",
	"process": "No case came by this kind of process. Copy its code from a case, e.g. IN-94.",
}

// checked gives the search as it is on record, or what is wrong with its filters.
func (s *Service) checked(ctx context.Context, q Search) (Search, error) {
	q = q.tidy()
	problems := q.impossible()
	unknown, err := s.Searches.Unknown(ctx, q)
	if err != nil {
		return q, err
	}
	for _, field := range unknown {
		if field != "kind" || !q.KindHasWords {
			problems = append(problems, fault.Problem{Field: field, Message: unknownFilters[field]})
		}
	}
	return q, fault.Fields(problems)
}
