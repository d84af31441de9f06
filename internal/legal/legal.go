// Package legal holds the law as data and what follows from it: legal
// processes, the validity checklist, refusals, platform rules, calendars and
// clocks. It is pure: it knows no database, no clock and no network.
//
// Invariants:
//   - a verdict is derived from the facts and the answered checks of one pinned
//     version of a process; nothing in this package takes a typed verdict;
//   - what people add can only make a result stricter: no answer turns a failed
//     automatic check into a pass, no choice makes an item laxer than derived;
//   - a condition is an expression over typed facts and is compiled when the
//     policies are loaded: an unknown name, a wrong type or an unknown field
//     stops the start, not a case;
//   - facts and verdicts hold no personal data: targets are named by their
//     reference in the case, never by their identifier;
//   - the same policies, facts and answers always give the same verdict.
package legal

// Category is a kind of data that can be asked for.
type Category string

// The categories. Only PhoneNumber and IPAddress can ever be produced; Other
// stands for anything else that an order asks for, so that it is refused in
// writing and not overlooked.
const (
	PhoneNumber Category = "phone_number"
	IPAddress   Category = "ip_address"
	Other       Category = "other"
)

// Tri is a fact that can be unknown. The zero value is Unknown.
type Tri = string

// The values of a Tri.
const (
	Unknown Tri = ""
	Yes     Tri = "yes"
	No      Tri = "no"
)

// TriOf gives Yes or No.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// Mark says how far a legal statement has been verified.
type Mark string

// The marks. A statement marked FromMemory must be confirmed against the text
// by counsel before it decides anything on its own.
const (
	Verified   Mark = "V" // read in the named source
	FromMemory Mark = "M" // to be confirmed against the text by counsel
	Design     Mark = "D" // the platform's own choice, not a rule of law
)

// Source is where a statement comes from.
type Source struct {
	Text string `yaml:"text"` // e.g. "Regulation (EU) 2023/1543, Art. 10(3)"
	Mark Mark   `yaml:"mark"`
	Key  string `yaml:"key"` // the key of the text that was read, for Verified
}
