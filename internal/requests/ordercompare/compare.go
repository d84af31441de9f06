// Package ordercompare finds where the text of an order says something else than
// what was typed about it: one wrong digit of a phone number leads to the door of
// somebody who has nothing to do with the case.
//
// Invariants:
//   - what the order says as it was typed, wherever, is never a difference;
//   - what the order does not say at all is none either: a scanned page has no text;
//   - a difference is something near to what was typed, in the same form, with the
//     page and the line on which it stands. People decide what follows.
package ordercompare

import (
	"time"
)

// Typed is what the form says of an order.
type Typed struct {
	Numbers  []Named   // of the order and of the case file
	Statutes []Named   // provisions, as cited
	Issued   time.Time // a date, at midnight UTC; zero: none
	Court    string    // who issued it
	Targets  []Target
}

// Named is a value of one field of the form.
type Named struct{ Field, Value string }

// Target is an identifier as the request names it.
type Target struct {
	Ref   string // t1
	Kind  string // phone, username, account_id
	Value string // a phone number in E.164, with or without the plus
}

// Difference is one place where the order says something else.
type Difference struct {
	Field string `json:"field"` // of the form; of a target its reference
	Typed string `json:"typed"`
	Says  string `json:"says"`
	Page  int    `json:"page"` // from 1
	Line  int    `json:"line"` // from 1, of the page's text
}

// mostDifferences bounds what is told of one order.
const mostDifferences = 50

// Compare compares an order's text, in which a form feed ends each page, with
// what was typed. The order of the result is that of the fields.
func Compare(text string, in Typed) []Difference {
	p := read(text)
	if p.empty() {
		return nil
	}
	var out []Difference
	out = append(out, p.numbers(in.Numbers)...)
	out = append(out, p.date(in.Issued)...)
	out = append(out, p.court(in.Court)...)
	out = append(out, p.statutes(in.Statutes)...)
	out = append(out, p.targets(in.Targets)...)
	return out[:min(len(out), mostDifferences)]
}
