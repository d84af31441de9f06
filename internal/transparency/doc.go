// Package transparency makes the public figures of a quarter or a year from the
// audit log alone: from events, and from the openings of the one value in them
// that is counted. It has no database, no clock and no network in it, so that a
// stranger recomputes a report with the very code that made it.
//
// Invariants:
//   - a report is a function of the log under one checkpoint, the openings, the
//     rules and the earlier editions that it names: the same input gives the same
//     bytes;
//   - every opening is verified against the commitment in its entry, and every
//     entry against the checkpoint; a counted event without its opening stops the
//     count;
//   - what is counted are codes, countries and numbers: no person, no authority, no
//     identifier, and nothing that the agency of a case may not read of its own case;
//   - no published figure counts fewer cases than the rules allow, nor can one be
//     computed from those that are published, of this report or of others.
package transparency

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Received is what is counted of a request as it came in.
type Received struct {
	Country      string `json:"country"`      // of the authority, ISO 3166-1 alpha-2
	Process      string `json:"process"`      // id of the legal process
	Kind         string `json:"kind"`         // what the process leads to: disclosure, preservation, …
	Offence      string `json:"offence"`      // first two digits of the UNODC ICCS class; empty: none
	Emergency    bool   `json:"emergency"`    // claimed
	Confidential bool   `json:"confidential"` // the order asks that the person is not told
	Phone        int    `json:"phone"`        // targets of which phone numbers are asked
	IP           int    `json:"ip"`           // targets of which IP addresses are asked
}

// Items are the decisions on one category of data in one case, one for each
// target of which it was asked, as the case's agency reads them.
type Items struct {
	Produced int `json:"produced"` // as it was asked
	Narrowed int `json:"narrowed"` // of a shorter period
	Refused  int `json:"refused"`
	Nothing  int `json:"nothing"` // nothing to hand over
}

// Asked gives how many there are.
func (i Items) Asked() int { return i.Produced + i.Narrowed + i.Refused + i.Nothing }

// Answered is what is counted of a case when its data left.
type Answered struct {
	Accounts int   `json:"accounts"` // different accounts of which something left
	Phone    Items `json:"phone"`
	IP       Items `json:"ip"`
}

// Refused is what is counted of a refusal.
type Refused struct {
	Codes []string `json:"codes"` // the reasons that the agency read
}

// Count is what one event counts: exactly one of these.
type Count struct {
	Received *Received `json:"received,omitempty"`
	Answered *Answered `json:"answered,omitempty"`
	Refused  *Refused  `json:"refused,omitempty"`
}

// Encode gives the canonical form, to which the event commits.
func (c Count) Encode() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return b
}

// ParseCount reads a count and refuses every form but the canonical one.
func ParseCount(b []byte) (c Count, err error) {
	if err := json.Unmarshal(b, &c); err != nil {
		return Count{}, errors.New("count: not JSON of its form")
	}
	if string(c.Encode()) != string(b) {
		return Count{}, errors.New("count: not in canonical form")
	}
	n := 0
	for _, there := range []bool{c.Received != nil, c.Answered != nil, c.Refused != nil} {
		if there {
			n++
		}
	}
	if n != 1 {
		return Count{}, fmt.Errorf("count: %d things at once", n)
	}
	return c, nil
}
