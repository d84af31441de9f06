package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

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
	Facts   map[string]string // in clear
	Opened  map[string]string // closed facts that Open opened
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
		w.Values = append(w.Values, ValueCommitment{
			Name: v.Name,
			New:  commitSide(salt, NewField(v.Name), v.New),
			Old:  commitSide(salt, OldField(v.Name), v.Old),
		})
	}
	if err := w.sealable(); err != nil {
		return nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return w.encode()
}

// sealable is every check that parsing the entry back will make.
func (w *wireEntry) sealable() error {
	if _, err := parseTime(w.At); err != nil {
		return err
	}
	if err := w.checkText(); err != nil {
		return err
	}
	return w.check()
}

func commitSide(salt Salt, name string, value []byte) *Commitment {
	if value == nil {
		return nil
	}
	c := Commit(salt, name, value)
	return &c
}

// encodeJSON writes JSON without white space and without the escapes that HTML would need.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func (w *wireEntry) encode() (Entry, error) {
	out, err := encodeJSON(w)
	if err != nil {
		return nil, err
	}
	if len(out) > MaxEntry {
		return nil, fmt.Errorf("entry of %d bytes is over the limit of %d", len(out), MaxEntry)
	}
	return out, nil
}

// maxNumber is the largest integer that RFC 8785 can write exactly.
const maxNumber = 1<<53 - 1

// check refuses what has no single canonical form or no single meaning.
func (w *wireEntry) check() error {
	if w.Kind == "" || w.Stream == "" || w.Actor.Person == "" || w.Actor.Role == "" {
		return errors.New("kind, stream, actor and role are needed")
	}
	if w.Version < 1 || w.Version > maxNumber || w.Epoch < 0 || w.Epoch > maxNumber {
		return errors.New("versions of a stream begin at 1, epochs at 0")
	}
	if !isUUID(w.ID) {
		return errors.New("an event's id is a UUID in lower case with hyphens")
	}
	for _, c := range w.Causes {
		if !isUUID(c) || c == w.ID {
			return errors.New("a cause is the UUID of another event")
		}
	}
	if len(w.Nonce) != 2*len(Nonce{}) || !isHex(w.Nonce) {
		return errors.New("a nonce is 16 bytes in lower-case hexadecimal")
	}
	return w.checkNames()
}

// checkNames sees to it that no two commitments of an entry have one name.
func (w *wireEntry) checkNames() error {
	for i, r := range w.Rows {
		if r.Table == "" || r.ID == "" || strings.Contains(r.Table, "/") {
			return errors.New("a row has a table without a slash and an id")
		}
		for _, o := range w.Rows[:i] {
			if o.Table == r.Table && o.ID == r.ID {
				return fmt.Errorf("row %s of table %s is there twice: give it once, as the step left it", r.ID, r.Table)
			}
		}
	}
	for i, v := range w.Values {
		for _, o := range w.Values[:i] {
			if o.Name == v.Name {
				return fmt.Errorf("value %q is there twice", v.Name)
			}
		}
	}
	return nil
}

// checkText refuses text that an entry cannot hold. Beside having one JSON form,
// printable ASCII keeps free text, where personal data hide, out of the log.
func (w *wireEntry) checkText() error {
	all := []string{w.Kind, w.Stream, w.Actor.Person, w.Actor.Role, w.Actor.Session}
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

// digits gives the value of each of the digits, in their order, plus one.
func digits(list string) (t [256]byte) {
	for i := range len(list) {
		t[list[i]] = byte(i + 1)
	}
	return t
}

// hexDigit has the value of each lower-case hexadecimal digit, plus one.
var hexDigit = digits("0123456789abcdef")

func isHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if hexDigit[s[i]] == 0 {
			return false
		}
	}
	return true
}

// isUUID accepts the one form in which PostgreSQL gives a uuid.
func isUUID(id EventID) bool {
	s := string(id)
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

// parseTime reads a time as it stands in an entry.
func parseTime(s string) (time.Time, error) {
	at, err := time.Parse(TimeLayout, s)
	if err != nil || at.Format(TimeLayout) != s { // Parse takes a comma for the point, and more
		return time.Time{}, errors.New("a time is UTC with microseconds, years 0 to 9999")
	}
	return at, nil
}
