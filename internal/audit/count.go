package audit

import "encoding/base64"

// CountValue is the name of the value that public figures are counted from. An
// event has at most one; it holds codes and counts only. Its opening is kept
// beside the payload, so that figures can be recomputed after the payload was
// erased.
const CountValue = "count"

// CountOpening opens an event's count: the value, and the salt of that one field.
// Nothing else of the event can be opened with it.
type CountOpening struct {
	Salt  Salt
	Value []byte
}

// Count gives the opening of the event's count under its salt, and whether it has
// one.
func (e Event) Count(salt Salt) (CountOpening, bool) {
	for _, v := range e.Values {
		if v.Name == CountValue && v.New != nil {
			return CountOpening{FieldSalt(salt, NewField(CountValue)), v.New}, true
		}
	}
	return CountOpening{}, false
}

// Count gives what an entry commits its count to, and whether it has one.
func (r Record) Count() (Commitment, bool) {
	for _, v := range r.Values {
		if v.Name == CountValue && v.New != nil {
			return *v.New, true
		}
	}
	return Commitment{}, false
}

// Opens tells whether the opening is the one that was committed to.
func (o CountOpening) Opens(c Commitment) bool { return CommitField(o.Salt, o.Value) == c }

// String gives the salt in unpadded base64url, as it stands in openings.
func (s Salt) String() string { return base64.RawURLEncoding.EncodeToString(s[:]) }

// UnmarshalText accepts only what String writes.
func (s *Salt) UnmarshalText(b []byte) error { return (*Commitment)(s).UnmarshalText(b) }
