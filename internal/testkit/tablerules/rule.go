// Package tablerules asks the database about each rule of its tables by itself: a
// condition (CHECK), a key (UNIQUE), a reference (FOREIGN KEY), a column that is
// never empty (NOT NULL), and who sees and writes a table's rows (row-level
// security). For each there is a row on file that it takes, and one that it and
// nothing else refuses. A rule that is taken out is missed by exactly that.
//
// Invariants:
//   - what a rule says is looked at with every other rule of its table out of the way,
//     so that no other can refuse in its place;
//   - a rule without a line on file is a fault, and a line without a rule is one.
package tablerules

import (
	"bytes"
	"encoding/json"
	"os"
)

// Sorts of rules.
const (
	Check     = "check"
	Key       = "key"
	Reference = "reference"
	Needed    = "needed"
)

// Values are values of columns as PostgreSQL writes them; nil is NULL.
type Values map[string]*string

// Rule is a line of the file: a rule, and the values that show what it does. What
// they leave out is as in every row of the table's.
type Rule struct {
	Sort    string
	Table   string // with its schema
	Name    string // of the constraint or index; of a needed column, the column
	Takes   Values `json:",omitempty"`
	Refuses Values `json:",omitempty"` // of a key: what both rows have
}

// ID names a rule.
func (r Rule) ID() string { return r.Sort + " " + r.Table + " " + r.Name }

// write writes a file with one JSON value on each line.
func write[T any](path string, list []T) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for _, x := range list {
		if err := e.Encode(x); err != nil {
			return err
		}
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}
