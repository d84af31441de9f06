package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// EventID names an event: a lower-case UUID, random.
type EventID string

// Actor is who did it, by pseudonymous ids that only lerd's tables resolve.
// System acts have Person "system" and no session.
type Actor struct {
	Person  string // the person's id, one per human, however many accounts
	Role    string // the role held at that moment
	Session string // the session's id (not its token)
}

// Value is an old and a new content that the event is about and that may be
// personal or sensitive: only a salted commitment to it enters the log. A nil
// slice means "there was none".
type Value struct {
	Name     string
	Old, New []byte
}

// Row is a row of a business table as the event's transaction left it, in
// canonical form. Only a salted commitment to it enters the log.
type Row struct {
	Table, ID string
	Canonical []byte
}

// Event is one step as it is recorded.
type Event struct {
	ID      EventID
	Stream  string            // the sequence it belongs to, e.g. "request:<uuid>"
	Version int64             // its number in the stream, dense from 1
	Causes  []EventID         // the events it relied on, beside its predecessor in the stream
	Kind    string            // e.g. "request.submitted"
	At      time.Time         // when it happened, by lerd's clock; kept to the microsecond
	Actor   Actor             //
	Facts   map[string]string // facts that are not personal, in clear: states, codes, counts, digests
	Values  []Value           // contents that may be personal, as commitments
	Rows    []Row             // every row that the step wrote, as commitments
	Epoch   int64             // raised by each acknowledged restore of a backup
}

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

// OldField and NewField are the commitment names of a value's two sides.
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
	if err != nil || len(d) != len(c) {
		return errors.New("a commitment is 32 bytes in unpadded base64url")
	}
	copy(c[:], d)
	return nil
}

// MaxEntry is the size of the largest entry that fits an entry bundle.
// SPEC: C2SP tlog-tiles: entries are prefixed by a big-endian uint16 length.
const MaxEntry = 1<<16 - 1

// Schema stands in every entry and names its form.
const Schema = "lerd/audit/v1"

// TimeLayout is how times stand in an entry: UTC with microseconds.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// Entry is the canonical form of an event: what is hashed into the tree. It is
// JSON with keys in byte order, no white space and ASCII strings only, so that
// it is also its own RFC 8785 form.
type Entry []byte

// The wire structs list their fields in the order of their keys: that order is
// the canonical one.
type (
	wireActor struct {
		Person  string `json:"person"`
		Role    string `json:"role"`
		Session string `json:"session"`
	}
	// RowCommitment is a row's commitment as it stands in an entry.
	RowCommitment struct {
		Commitment Commitment `json:"c"`
		ID         string     `json:"id"`
		Table      string     `json:"table"`
	}
	// ValueCommitment is a value's commitments as they stand in an entry.
	ValueCommitment struct {
		Name string      `json:"name"`
		New  *Commitment `json:"new,omitempty"`
		Old  *Commitment `json:"old,omitempty"`
	}
	wireEntry struct {
		Actor   wireActor         `json:"actor"`
		At      string            `json:"at"`
		Causes  []EventID         `json:"causes"`
		Epoch   int64             `json:"epoch"`
		Facts   map[string]string `json:"facts"`
		ID      EventID           `json:"id"`
		Kind    string            `json:"kind"`
		Nonce   string            `json:"nonce"`
		Rows    []RowCommitment   `json:"rows"`
		Schema  string            `json:"schema"`
		Stream  string            `json:"stream"`
		Values  []ValueCommitment `json:"values"`
		Version int64             `json:"version"`
	}
)

// Record is an entry read back: the event's public part and its commitments.
type Record struct {
	ID      EventID
	Stream  string
	Version int64
	Causes  []EventID
	Kind    string
	At      time.Time
	Actor   Actor
	Facts   map[string]string
	Values  []ValueCommitment
	Rows    []RowCommitment
	Epoch   int64
	Nonce   string // hexadecimal, as it stands in the entry
}

// Seal gives the event's canonical entry, with every value and row replaced by
// its commitment under the salt.
func (e Event) Seal(nonce Nonce, salt Salt) (Entry, error) {
	w := wireEntry{
		Actor:   wireActor(e.Actor),
		At:      e.At.UTC().Format(TimeLayout),
		Causes:  append([]EventID{}, e.Causes...),
		Epoch:   e.Epoch,
		Facts:   e.Facts,
		ID:      e.ID,
		Kind:    e.Kind,
		Nonce:   fmt.Sprintf("%x", nonce[:]),
		Rows:    make([]RowCommitment, 0, len(e.Rows)),
		Schema:  Schema,
		Stream:  e.Stream,
		Values:  make([]ValueCommitment, 0, len(e.Values)),
		Version: e.Version,
	}
	if w.Facts == nil {
		w.Facts = map[string]string{}
	}
	for _, r := range e.Rows {
		w.Rows = append(w.Rows, RowCommitment{Commit(salt, RowField(r.Table, r.ID), r.Canonical), r.ID, r.Table})
	}
	for _, v := range e.Values {
		w.Values = append(w.Values, ValueCommitment{Name: v.Name, New: commitSide(salt, NewField(v.Name), v.New), Old: commitSide(salt, OldField(v.Name), v.Old)})
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("event %s (%s): %w", e.ID, e.Kind, err)
	}
	return w.encode()
}

func commitSide(salt Salt, name string, value []byte) *Commitment {
	if value == nil {
		return nil
	}
	c := Commit(salt, name, value)
	return &c
}

func (w wireEntry) encode() (Entry, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(w); err != nil {
		return nil, err
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(out) > MaxEntry {
		return nil, fmt.Errorf("entry of %d bytes is over the limit of %d", len(out), MaxEntry)
	}
	return out, nil
}

// check refuses what has no single canonical form.
func (w wireEntry) check() error {
	for _, s := range []string{string(w.ID), w.Kind, w.Stream, w.Actor.Person, w.Actor.Role} {
		if s == "" {
			return errors.New("id, kind, stream, actor and role are needed")
		}
	}
	if w.Version < 1 {
		return errors.New("versions of a stream begin at 1")
	}
	all := []string{string(w.ID), w.Kind, w.Stream, w.Actor.Person, w.Actor.Role, w.Actor.Session, w.Nonce, w.At}
	for _, c := range w.Causes {
		all = append(all, string(c))
	}
	for k, v := range w.Facts {
		all = append(all, k, v)
	}
	for _, r := range w.Rows {
		all = append(all, r.ID, r.Table)
	}
	for _, v := range w.Values {
		all = append(all, v.Name)
	}
	for _, s := range all {
		if !printable(s) {
			return errors.New("the public part of an event is printable ASCII; personal or free text belongs in Values")
		}
	}
	return nil
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// ParseEntry reads an entry and refuses every form but the canonical one, so
// that an entry has exactly one meaning and an event exactly one hash.
func ParseEntry(b []byte) (Record, error) {
	var w wireEntry
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return Record{}, fmt.Errorf("entry: %w", err)
	}
	if w.Schema != Schema {
		return Record{}, fmt.Errorf("entry: schema %q is not %q", w.Schema, Schema)
	}
	if err := w.check(); err != nil {
		return Record{}, fmt.Errorf("entry: %w", err)
	}
	at, err := time.Parse(TimeLayout, w.At)
	if err != nil {
		return Record{}, fmt.Errorf("entry: %w", err)
	}
	again, err := w.encode()
	if err != nil {
		return Record{}, fmt.Errorf("entry: %w", err)
	}
	if !bytes.Equal(again, b) {
		return Record{}, errors.New("entry: not in canonical form")
	}
	return Record{w.ID, w.Stream, w.Version, w.Causes, w.Kind, at, Actor(w.Actor), w.Facts, w.Values, w.Rows, w.Epoch, w.Nonce}, nil
}
