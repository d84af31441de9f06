package columns

import "bytes"

// Checker holds the rows of one table against it, one after the other. It does
// what Table.Check does, and remembers each column's last cell: most cells of a
// table are those of the row above and need no second look, nor to be written
// again where the row's JSON form is wanted. Not safe for concurrent use.
type Checker struct {
	table *Table
	last  [][]byte
	known []bool // by column: last was checked
	dirty []bool // by column: last differs from what stands in json
	other []int  // columns of a line whose cells are not known to be those of the row above
	form  jsonRow
}

// NewChecker begins with the first row of t.
func NewChecker(t *Table) *Checker {
	n := len(t.Columns)
	return &Checker{table: t, last: make([][]byte, n), known: make([]bool, n), dirty: make([]bool, n), form: newJSONRow(t)}
}

// Check refuses a row with a cell that does not have its column's form.
func (c *Checker) Check(cells [][]byte) error {
	if len(cells) != len(c.last) {
		return c.table.wrongCount(len(cells))
	}
	for i, cell := range cells {
		if c.known[i] && string(cell) == string(c.last[i]) {
			continue
		}
		if err := c.take(i, cell); err != nil {
			return err
		}
	}
	return nil
}

// take checks a cell that differs from the one above, and keeps it.
func (c *Checker) take(i int, cell []byte) error {
	if err := c.table.checkCell(i, cell); err != nil {
		return err
	}
	c.last[i] = append(c.last[i][:0], cell...)
	c.known[i], c.dirty[i] = true, true
	return nil
}

// Line cuts a CSV line, its line end included, into cells, which point into it,
// and refuses what Split and Check would refuse. Cells that are those of the row
// above are found by comparison, without a search for their end.
func (c *Checker) Line(line []byte, cells [][]byte) ([][]byte, error) {
	body, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return nil, c.table.noLineEnd()
	}
	cells, c.other = cells[:0], c.other[:0]
	for at, n := 0, len(c.last); ; {
		end := len(body)
		if i := len(cells); i < n {
			end = c.cellEnd(i, body, at)
		}
		cells = append(cells, body[at:end:end])
		if end == len(body) || len(cells) > n {
			return cells, c.checkOther(cells)
		}
		at = end + 1
	}
}

// checkOther is Check of a line of which the cells that are as above are known.
func (c *Checker) checkOther(cells [][]byte) error {
	if len(cells) != len(c.last) {
		return c.table.wrongCount(len(cells))
	}
	for _, i := range c.other {
		if err := c.take(i, cells[i]); err != nil {
			return err
		}
	}
	return nil
}

// cellEnd gives where the cell of column i ends that begins at at, and notes it
// unless it is that of the row above.
func (c *Checker) cellEnd(i int, body []byte, at int) int {
	if was := c.last[i]; c.known[i] {
		end := at + len(was)
		if end <= len(body) && (end == len(body) || body[end] == ',') && string(body[at:end]) == string(was) {
			return end
		}
	}
	c.other = append(c.other, i)
	for end := at; end < len(body); end++ {
		if body[end] == ',' {
			return end
		}
	}
	return len(body)
}

// JSON gives the row that was checked last as AppendJSON writes it; the slice is
// good until the next call. Only what differs from the row before is written.
func (c *Checker) JSON() []byte {
	for i, dirty := range c.dirty {
		if dirty {
			c.form.set(i, c.last[i])
			c.dirty[i] = false
		}
	}
	return c.form.buf
}
