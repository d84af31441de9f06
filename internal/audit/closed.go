package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
)

// FactsValue is the name of the value that holds an event's closed facts: those that
// its entry commits to instead of saying them in clear. Like those in clear they are
// codes, ids, digests, counts and dates; their opening is kept beside the payload.
const FactsValue = "facts"

// Close gives the event with the facts that closed names as one committed value. An
// event without such facts stays as it is.
func (e Event) Close(closed func(kind, fact string) bool) (Event, error) {
	hidden := map[string]string{}
	for name, v := range e.Facts {
		if closed(e.Kind, name) {
			hidden[name] = v
		}
	}
	if len(hidden) == 0 {
		return e, nil
	}
	value, err := encodeFacts(hidden)
	if err != nil {
		return e, fmt.Errorf("event %s: %w", e.ID, err)
	}
	e.Facts = maps.Clone(e.Facts)
	for name := range hidden {
		delete(e.Facts, name)
	}
	e.Values = append(append([]Value{}, e.Values...), Value{Name: FactsValue, New: value})
	return e, nil
}

// encodeFacts gives the one form that facts have as a value: a JSON object of strings,
// its keys in byte order, printable ASCII, without white space.
func encodeFacts(facts map[string]string) ([]byte, error) {
	for name, v := range facts {
		if !printable(name) || !printable(v) {
			return nil, errors.New("facts are printable ASCII; personal or free text belongs in Values")
		}
	}
	return encodeJSON(facts)
}

// Closed gives what an entry commits its closed facts to, and whether it has any.
func (r Record) Closed() (Commitment, bool) { return r.became(FactsValue) }

// errFacts says nothing of the contents, as what is read may be anything.
var errFacts = errors.New("the opening does not hold facts in their one form")

// Open adds the closed facts to the record. It fails and changes nothing unless the
// opening is of what the entry commits to, in the one form that facts have, and names
// none that the entry says in clear.
func (r *Record) Open(o ValueOpening) error {
	c, has := r.Closed()
	if !has || !o.Opens(c) {
		return fmt.Errorf("event %s: %w", r.ID, errOpening)
	}
	var facts map[string]string
	if err := json.Unmarshal(o.Value, &facts); err != nil || len(facts) == 0 {
		return fmt.Errorf("event %s: %w", r.ID, errFacts)
	}
	for name := range facts {
		if _, clear := r.Facts[name]; clear {
			return fmt.Errorf("event %s: the fact %q stands in clear and is closed too", r.ID, name)
		}
	}
	if again, err := encodeFacts(facts); err != nil || !bytes.Equal(again, o.Value) {
		return fmt.Errorf("event %s: %w", r.ID, errFacts)
	}
	r.Opened = facts
	return nil
}

// Fact gives a fact by its name, in clear or opened; empty where there is none, and
// where it is closed and was not opened.
func (r Record) Fact(name string) string {
	if v, clear := r.Facts[name]; clear {
		return v
	}
	return r.Opened[name]
}

// AllFacts gives those in clear and those that were opened.
func (r Record) AllFacts() map[string]string {
	if len(r.Opened) == 0 {
		return r.Facts
	}
	all := maps.Clone(r.Facts)
	maps.Copy(all, r.Opened)
	return all
}
