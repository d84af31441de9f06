package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// Salt makes the commitments of one event unguessable; it lies beside the
// event and is destroyed to erase what the event committed to.
type Salt [32]byte

// Nonce makes two histories differ even where the same steps are repeated on
// a restored database.
type Nonce [16]byte

// Commitment is HMAC-SHA256(fieldSalt, value), where
// fieldSalt = HMAC-SHA256(salt, name): one field can be opened, by giving its
// fieldSalt, while the others stay closed.
type Commitment [sha256.Size]byte

// FieldSalt derives the salt of one named field.
func FieldSalt(salt Salt, name string) Salt {
	m := hmac.New(sha256.New, salt[:])
	m.Write([]byte(name))
	return Salt(m.Sum(nil))
}

// CommitField commits to a value under a field's own salt.
func CommitField(field Salt, value []byte) Commitment {
	m := hmac.New(sha256.New, field[:])
	m.Write(value)
	return Commitment(m.Sum(nil))
}

// Commit commits to a named value under an event's salt.
func Commit(salt Salt, name string, value []byte) Commitment {
	return CommitField(FieldSalt(salt, name), value)
}

// RowField is the commitment name of a row.
func RowField(table, id string) string { return "row/" + table + "/" + id }

// OldField is the commitment name of what a value was.
func OldField(name string) string { return "old/" + name }

// NewField is the commitment name of what a value became.
func NewField(name string) string { return "new/" + name }

// String gives the commitment in unpadded base64url, as it stands in a leaf.
func (c Commitment) String() string { return base64.RawURLEncoding.EncodeToString(c[:]) }

// MarshalText gives the same form as String.
func (c Commitment) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts only what MarshalText writes.
func (c *Commitment) UnmarshalText(b []byte) error {
	d, err := base64.RawURLEncoding.Strict().DecodeString(string(b))
	if err != nil || len(d) != len(c) || len(b) != base64.RawURLEncoding.EncodedLen(len(c)) { // the decoder skips line breaks
		return errors.New("a commitment is 32 bytes in unpadded base64url")
	}
	copy(c[:], d)
	return nil
}
