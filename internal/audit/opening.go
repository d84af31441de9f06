package audit

import "encoding/base64"

// CountValue is the name of the value that public figures are counted from. An
// event has at most one; it holds codes and counts only. Its opening is kept
// beside the payload, so that figures can be recomputed after the payload was
// erased.
const CountValue = "count"

// ValueOpening opens one value of an event: what it became, and the salt of that one
// field. Nothing else of the event can be opened with it.
type ValueOpening struct {
	Salt  Salt
	Value []byte
}

// Opening gives what opens the value of that name under the event's salt, and whether
// the event has it.
func (e Event) Opening(name string, salt Salt) (ValueOpening, bool) {
	for _, v := range e.Values {
		if v.Name == name && v.New != nil {
			return ValueOpening{FieldSalt(salt, NewField(name)), v.New}, true
		}
	}
	return ValueOpening{}, false
}

// Count gives what an entry commits its count to, and whether it has one.
func (r Record) Count() (Commitment, bool) { return r.became(CountValue) }

// became gives what an entry commits the new side of a value to.
func (r Record) became(name string) (Commitment, bool) {
	for _, v := range r.Values {
		if v.Name == name && v.New != nil {
			return *v.New, true
		}
	}
	return Commitment{}, false
}

// Opens tells whether the opening is the one that was committed to.
func (o ValueOpening) Opens(c Commitment) bool { return CommitField(o.Salt, o.Value) == c }

// String gives the salt in unpadded base64url, as it stands in openings.
func (s Salt) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// UnmarshalText accepts only what String writes.
func (s *Salt) UnmarshalText(b []byte) error { return (*Commitment)(s).UnmarshalText(b) }
