package web

import (
	"strings"
	"time"
)

// Tone is the meaning of a colour; words always say the same beside it.
type Tone string

// The tones.
const (
	Plain   Tone = "plain"
	Info    Tone = "info"
	Good    Tone = "good"
	Caution Tone = "caution"
	Danger  Tone = "danger"
)

// Notice is a box with a message (partial "notice").
type Notice struct {
	Kind  Tone
	Title string // optional
	Text  string
	Items []string // optional list below the text
}

// Badge is a short state in words (partial "badge").
type Badge struct {
	Text string
	Tone Tone
}

// When is an instant: UTC always, and the reader's own zone beside it where it
// is another (partial "when").
type When struct {
	At   time.Time
	Zone *time.Location
}

// When gives an instant in the page's zone.
func (b Base) When(at time.Time) When { return When{At: at, Zone: b.Zone} }

// Never tells that there is no instant.
func (w When) Never() bool { return w.At.IsZero() }

// Machine gives the instant for <time datetime>.
func (w When) Machine() string { return w.At.UTC().Format(time.RFC3339) }

// UTC gives the instant for people, to the minute.
func (w When) UTC() string { return w.At.UTC().Format("2 Jan 2006, 15:04") + " UTC" }

// Local gives the instant in the reader's zone with its offset, or "" where
// that is UTC.
func (w When) Local() string {
	if w.Zone == nil || w.Zone == time.UTC || w.Zone.String() == "UTC" {
		return ""
	}
	return w.At.In(w.Zone).Format("2 Jan, 15:04 UTC-07:00")
}

// Digest is a hash to be compared and copied (partial "digest").
type Digest struct {
	Name string // the algorithm, e.g. "SHA-256"
	Hex  string
}

// groups cuts a text into pieces of 8 characters for the eye; the page puts no
// space between them, so that a copy is exact.
func groups(s string) []string {
	var out []string
	for r := []rune(s); len(r) > 0; {
		n := min(8, len(r))
		out, r = append(out, string(r[:n])), r[n:]
	}
	return out
}

// Cell is one value of a table or a fact; one of Text, Badge, When, Digest and
// Code is set, and Href makes Text a link (partial "cell").
type Cell struct {
	Text   string
	Href   string
	Code   string // an identifier, set in monospace and left to right
	Note   string // small words below
	Quoted string // the code behind Text, in small
	Said   []Said // facts of an event, shown in place of Text
	Number bool   // aligned at the end
	Badge  *Badge
	When   *When
	Digest *Digest
}

// Column is one column of a table.
type Column struct {
	Text   string
	Number bool
}

// Table is rows under a caption; on a narrow screen each row becomes a card
// (partial "table"). The first cell of a row names it.
type Table struct {
	Caption string
	Columns []Column
	Rows    [][]Cell
	Empty   Empty // shown when there are no rows
}

// Head gives the words of column i, for the card's label.
func (t Table) Head(i int) string {
	if i < len(t.Columns) {
		return t.Columns[i].Text
	}
	return ""
}

// Fact is one line of a list of facts (partial "facts", which takes []Fact).
type Fact struct {
	Name string
	Cell Cell
}

// Step is one thing that happened (partial "timeline", which takes []Step).
type Step struct {
	Title  string
	By     string // role or pseudonym
	When   When
	Text   string
	Tone   Tone
	Digest *Digest
	Links  []NavItem // documents that came with it
}

// Stage is one stage of a case.
type Stage struct {
	Name  string
	State string // done, here, ahead
	Said  string // the state in words, for those who do not see it
}

// Progress is where a case is and who acts next (partial "progress").
type Progress struct {
	Label  string // names the list for screen readers
	Stages []Stage
	Next   string // a sentence: who does what
	Due    *When  // by when
	DueIn  string // words before the time
	Tone   Tone
}

// Task is one line of a checklist (partial "check").
type Task struct {
	ID       string // e.g. VC-07
	Question string
	State    Badge
	Note     string
	Ref      string // the clause it comes from
	By       string
	When     *When
	Field    *Field // the answer's input, when it is the reader's to give
}

// Pages is the foot of a long list: keyset paging has only next and previous
// (partial "pages").
type Pages struct {
	Label, Previous, Next  string // words
	PreviousHref, NextHref string // "" where there is none
	Shown                  string // e.g. "1 to 50 of 312"
}

// Empty is what stands where a list has nothing (partial "empty").
type Empty struct{ Title, Text, Href, Action string }

// Button is a form's button (partial "button"); a danger button says what it
// does in full.
type Button struct {
	Text  string
	Kind  string // primary, secondary, danger
	Name  string // optional, to tell buttons of one form apart
	Value string
}

// Class gives the button's class.
func (b Button) Class() string {
	if b.Kind == "" {
		return "button button-primary"
	}
	return "button button-" + strings.ToLower(b.Kind)
}
