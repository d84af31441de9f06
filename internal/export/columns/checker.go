package columns

import (
	"bytes"

	"lerd/internal/fault"
)

// Checker holds the rows of one table against it, one after the other. It does
// what Table.Check does, and remembers each column's last cell: most cells of a
// table are those of the row above and need no second look. Not safe for
// concurrent use.
type Checker struct {
	table *Table
	last  [][]byte
}

// NewChecker begins with the first row of t.
func NewChecker(t *Table) *Checker { return &Checker{t, make([][]byte, len(t.Columns))} }

// Check refuses a row with a cell that does not have its column's form.
func (c *Checker) Check(cells [][]byte) error {
	if len(cells) != len(c.table.Columns) {
		return fault.New(fault.Invalid, "A row of %s has %d cells in place of %d.", c.table.Name, len(cells), len(c.table.Columns))
	}
	for i, cell := range cells {
		if len(cell) > 0 && bytes.Equal(cell, c.last[i]) {
			continue
		}
		if err := c.table.checkCell(i, cell); err != nil {
			return err
		}
		c.last[i] = append(c.last[i][:0], cell...)
	}
	return nil
}
