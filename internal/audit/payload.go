package audit

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
)

// PayloadSchema stands in every payload and names its form.
const PayloadSchema = "lerd/payload/v1"

// Payload is what opens an entry's commitments: the salt and the values. It is
// kept beside the log and erased, salt and all, when its retention ends. The
// contents of rows are not repeated here: they are in their tables.
type Payload struct {
	Salt   Salt
	Values []Value
}

type (
	wireValue struct {
		Name string  `json:"name"`
		New  *[]byte `json:"new,omitempty"`
		Old  *[]byte `json:"old,omitempty"`
	}
	wirePayload struct {
		Salt   []byte      `json:"salt"`
		Schema string      `json:"schema"`
		Values []wireValue `json:"values"`
	}
)

// Payload gives what must be kept to open the event's commitments.
func (e Event) Payload(salt Salt) Payload { return Payload{salt, e.Values} }

// Encode gives the payload's canonical form: JSON with keys in byte order and
// without white space, bytes in standard base64. A side that was not there is
// left out; an empty one is "".
func (p Payload) Encode() ([]byte, error) {
	w := wirePayload{Salt: p.Salt[:], Schema: PayloadSchema, Values: make([]wireValue, 0, len(p.Values))}
	for _, v := range p.Values {
		if !printable(v.Name) {
			return nil, errors.New("payload: a value's name is printable ASCII")
		}
		w.Values = append(w.Values, wireValue{v.Name, side(v.New), side(v.Old)})
	}
	return encodeJSON(w)
}

func side(b []byte) *[]byte {
	if b == nil {
		return nil
	}
	return &b
}

// ParsePayload reads a payload and refuses every form but the canonical one. Its
// errors do not quote the contents.
func ParsePayload(b []byte) (Payload, error) {
	var w wirePayload
	if err := json.Unmarshal(b, &w); err != nil {
		return Payload{}, errors.New("payload: not JSON of the payload's form")
	}
	if w.Schema != PayloadSchema || len(w.Salt) != len(Salt{}) {
		return Payload{}, fmt.Errorf("payload: not a %s with a salt of %d bytes", PayloadSchema, len(Salt{}))
	}
	p := Payload{Salt: Salt(w.Salt)}
	for _, v := range w.Values {
		p.Values = append(p.Values, Value{Name: v.Name, New: unside(v.New), Old: unside(v.Old)})
	}
	again, err := p.Encode()
	if err != nil {
		return Payload{}, err
	}
	if !bytes.Equal(again, b) {
		return Payload{}, errors.New("payload: not in canonical form")
	}
	return p, nil
}

func unside(b *[]byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, *b...)
}

// errOpening says that an opening failed and nothing about the contents.
var errOpening = errors.New("the value or the salt is not what the entry commits to")

// Commitment gives the record's commitment of a name as RowField, OldField and
// NewField make them.
func (r Record) Commitment(name string) (Commitment, bool) {
	for _, row := range r.Rows {
		if RowField(row.Table, row.ID) == name {
			return row.Commitment, true
		}
	}
	for _, v := range r.Values {
		if v.Old != nil && OldField(v.Name) == name {
			return *v.Old, true
		}
		if v.New != nil && NewField(v.Name) == name {
			return *v.New, true
		}
	}
	return Commitment{}, false
}

// VerifyOpening reports whether value is what the record commits to under that
// name. The field salt opens this one field and no other of the event.
func VerifyOpening(r Record, name string, value []byte, field Salt) error {
	want, ok := r.Commitment(name)
	if !ok {
		return fmt.Errorf("event %s has no commitment named %q", r.ID, name)
	}
	if got := CommitField(field, value); !hmac.Equal(got[:], want[:]) {
		return fmt.Errorf("event %s, %q: %w", r.ID, name, errOpening)
	}
	return nil
}

// VerifyPayload reports whether the payload opens every value of the record and
// holds no value that the record does not have.
func VerifyPayload(r Record, p Payload) error {
	if len(p.Values) != len(r.Values) {
		return fmt.Errorf("event %s commits to %d values, its payload has %d", r.ID, len(r.Values), len(p.Values))
	}
	for i, v := range p.Values {
		c := r.Values[i]
		if c.Name != v.Name || (c.Old == nil) != (v.Old == nil) || (c.New == nil) != (v.New == nil) {
			return fmt.Errorf("event %s: value %d of the payload is not the one of the entry", r.ID, i)
		}
		for name, value := range map[string][]byte{OldField(v.Name): v.Old, NewField(v.Name): v.New} {
			if value == nil {
				continue
			}
			if err := VerifyOpening(r, name, value, FieldSalt(p.Salt, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
