// Package columns is the one definition of what may stand in a record that
// leaves: the columns of phone_numbers.csv and ip_addresses.csv and the form of
// every cell. Writer and verifier both hold each row against it, and records.json
// is the same cells under the same names.
//
// Invariants:
//   - a cell is empty ("not held") or matches its column's kind exactly, in one
//     canonical form; no kind has room for free text, quotes, commas, line ends
//     or a first character that a spreadsheet takes for a formula (a phone
//     number's plus sign apart);
//   - the JSON form of a row is a function of its cells alone.
package columns

import (
	"bytes"
	"strings"

	"lerd/internal/fault"
)

// Kind is the form of a column's cells.
type Kind int

// The kinds of cells.
const (
	ID      Kind = iota // a letter or digit, then up to 127 of A-Z a-z 0-9 . _ : @ / -
	Time                // RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second, as the source has them
	Enum                // one of the column's words
	Bool                // true or false
	Phone               // E.164 with its plus sign
	Addr                // IPv4 in dotted form or IPv6 as RFC 5952 writes it, no zone
	Port                // 1 to 65535
	Version             // 4 or 6
	Code                // a country calling code, 1 to 3 digits
	Count               // 0 or more, without leading zeros
	IDs                 // identifiers with one space between, in the order given
)

// Column is one column of a table.
type Column struct {
	Name     string
	Kind     Kind
	Required bool     // never empty
	Words    []string // of Enum
	Meaning  string   // what stands in it
	Empty    string   // what an empty cell says, of a column that is not required
}

// Table is the columns of one file, in order.
type Table struct {
	Name    string // also its key in records.json
	Columns []Column
}

// Event kinds, transports, session kinds and verification states.
var (
	EventTypes   = []string{"registration", "login", "session_refresh", "logout", "phone_verify", "rule_violation"}
	Transports   = []string{"tcp", "udp", "quic"}
	SessionTypes = []string{"mobile", "web", "desktop", "api"}
	Statuses     = []string{"verified", "unverified", "expired", "removed"}
)

// Index gives the position of a column; it panics for a name that is not there.
func (t *Table) Index(name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	panic("columns: no column " + name)
}

// Header gives the first line of the CSV with its line end.
func (t *Table) Header() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ",") + "\r\n"
}

// Check holds a row against the table. The error names column and form, never
// the content.
func (t *Table) Check(cells [][]byte) error {
	if len(cells) != len(t.Columns) {
		return t.wrongCount(len(cells))
	}
	for i, cell := range cells {
		if err := t.checkCell(i, cell); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) wrongCount(n int) error {
	return fault.New(fault.Invalid, "A row of %s has %d cells in place of %d.", t.Name, n, len(t.Columns))
}

func (t *Table) noLineEnd() error {
	return fault.New(fault.Invalid, "A line of %s.csv does not end in CR LF.", t.Name)
}

func (t *Table) checkCell(i int, cell []byte) error {
	c := &t.Columns[i]
	switch {
	case len(cell) == 0 && c.Required:
		return fault.New(fault.Invalid, "%s.%s must not be empty.", t.Name, c.Name)
	case len(cell) > 0 && !c.fits(cell):
		return fault.New(fault.Invalid, "%s.%s is not %s.", t.Name, c.Name, c.form())
	}
	return nil
}

// AppendCSV appends the row as a CSV line. SPEC: RFC 4180; no cell needs quotes.
func (t *Table) AppendCSV(dst []byte, cells [][]byte) []byte {
	for i, c := range cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c...)
	}
	return append(dst, "\r\n"...)
}

// AppendJSON appends the row as a JSON object in the order of columns, without
// its closing query_id and brace: see AppendTail.
func (t *Table) AppendJSON(dst []byte, cells [][]byte) []byte {
	for i := range t.Columns {
		dst = t.Columns[i].appendValue(t.appendKey(dst, i), cells[i])
	}
	return dst
}

// appendKey appends what stands before the value of column i.
func (t *Table) appendKey(dst []byte, i int) []byte {
	sep := byte(',')
	if i == 0 {
		sep = '{'
	}
	return append(append(append(dst, sep, '"'), t.Columns[i].Name...), '"', ':')
}

func (c *Column) appendValue(dst, cell []byte) []byte {
	switch {
	case len(cell) == 0:
		return append(dst, "null"...)
	case c.bare():
		return append(dst, cell...)
	}
	return append(append(append(dst, '"'), cell...), '"')
}

// valueLen is the length of what appendValue appends.
func (c *Column) valueLen(cell []byte) int {
	switch {
	case len(cell) == 0:
		return len("null")
	case c.bare():
		return len(cell)
	}
	return len(cell) + 2
}

// bare tells whether cells of the column stand in JSON without quotation marks.
func (c *Column) bare() bool {
	return c.Kind == Bool || c.Kind == Port || c.Kind == Version || c.Kind == Count
}

// AppendTail ends a JSON row with the id of the query that found it.
func AppendTail(dst []byte, queryID string) []byte {
	return append(append(append(dst, `,"query_id":"`...), queryID...), `"}`...)
}

// Split cuts a CSV line, its line end included, into cells, which point into it.
func (t *Table) Split(line []byte, cells [][]byte) ([][]byte, error) {
	body, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return nil, t.noLineEnd()
	}
	cells = cells[:0]
	for {
		i := bytes.IndexByte(body, ',')
		if i < 0 || len(cells) == len(t.Columns) {
			return append(cells, body), nil
		}
		cells, body = append(cells, body[:i]), body[i+1:]
	}
}
