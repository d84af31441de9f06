// Package glossary says of which form the facts of events are, so that a page can show
// them to people: a code that has words, a moment, a digest, the id of something that
// has a page. It holds no words; those are in the catalogue of messages. An event of an
// older or a newer program may carry what is not here, and is shown as it is.
package glossary

import (
	"path"
	"slices"
	"strings"
)

// Form is what the value of a fact is.
type Form string

// The forms.
const (
	Plain   Form = "plain"   // a reference, a number, a name of a setting: shown as it is
	Code    Form = "code"    // one word of a list; each has words
	Codes   Form = "codes"   // such words with spaces or commas between them
	Moment  Form = "moment"  // RFC 3339
	Day     Form = "day"     // 2006-01-02
	Digest  Form = "digest"  // hexadecimal
	Bytes   Form = "bytes"   // a count of octets
	Seconds Form = "seconds" // a count of seconds
	Process Form = "process" // id of a legal process
	Rule    Form = "rule"    // id of a rule of the platform
	Refusal Form = "refusal" // code of a reason to refuse
	Country Form = "country" // ISO 3166-1, two letters
	ID      Form = "id"      // of something without a page of its own
	Case    Form = "case"    // ids of what auditors can open
	Event   Form = "event"
	Person  Form = "person"
	Finding Form = "audit_finding"
	Error   Form = "error"
	Sample  Form = "sample"
	Release Form = "release"
)

// Meaning is how a fact is read.
type Meaning struct {
	Form Form
	// Words are the beginnings of the message keys under which a code has its words,
	// the first that has it counts.
	Words []string
	// Label is the end of the message key of the fact's name, where that is not the
	// name itself.
	Label string
}

func code(words ...string) Meaning  { return Meaning{Form: Code, Words: words} }
func codes(words ...string) Meaning { return Meaning{Form: Codes, Words: words} }
func is(f Form) Meaning             { return Meaning{Form: f} }

// Of gives the meaning of a fact of an event; known is false for one that this program
// does not write.
func Of(kind, fact string) (m Meaning, known bool) {
	for _, x := range special {
		if x.fact == fact && matches(x.kinds, kind) {
			return x.Meaning, true
		}
	}
	if m, known = facts[fact]; known {
		return m, true
	}
	for _, s := range series {
		if strings.HasPrefix(fact, s.begin) {
			m = s.Meaning
			m.Label = s.begin
			return m, true
		}
	}
	return is(Plain), false
}

// IsID tells whether a fact is the id of something.
func IsID(kind, fact string) bool {
	m, _ := Of(kind, fact)
	return slices.Contains([]Form{ID, Case, Event, Person, Finding, Error, Sample, Release}, m.Form)
}

// matches tells whether a kind is one of those that the patterns name.
func matches(patterns, kind string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool {
		ok, err := path.Match(p, kind)
		return ok && err == nil
	})
}

// Facts lists every fact that has a meaning, by the end of the key of its label.
func Facts() (out []string) {
	for name := range facts {
		out = append(out, name)
	}
	for _, s := range series {
		out = append(out, s.begin)
	}
	for _, x := range special {
		if x.Label != "" {
			out = append(out, x.Label)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Split gives the words of a list of codes.
func Split(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
}
