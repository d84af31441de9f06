package columns

// jsonRow is a row's JSON form, as AppendJSON writes it, in which single cells
// can be put in the place of others.
type jsonRow struct {
	table *Table
	buf   []byte
	at    []int // by column: where its value begins; quotation marks are part of it
	ends  []int // and where it ends
}

// newJSONRow begins with a row of empty cells.
func newJSONRow(t *Table) jsonRow {
	r := jsonRow{table: t, at: make([]int, len(t.Columns)), ends: make([]int, len(t.Columns))}
	for i := range t.Columns {
		r.buf = t.appendKey(r.buf, i)
		r.at[i] = len(r.buf)
		r.buf = t.Columns[i].appendValue(r.buf, nil)
		r.ends[i] = len(r.buf)
	}
	return r
}

// set puts a cell in its place. A cell as long as the one before is written over
// it; otherwise what stands behind it moves.
func (r *jsonRow) set(i int, cell []byte) {
	at, end := r.at[i], r.ends[i]
	c := &r.table.Columns[i]
	if by := c.valueLen(cell) - (end - at); by != 0 {
		r.move(i, end, by)
	}
	c.appendValue(r.buf[:at], cell)
}

// move makes room for by octets more (or fewer) in column i, which ends at end.
func (r *jsonRow) move(i, end, by int) {
	size := len(r.buf)
	for range by {
		r.buf = append(r.buf, 0)
	}
	copy(r.buf[end+by:], r.buf[end:size])
	r.buf = r.buf[:size+by]
	r.ends[i] += by
	for k := i + 1; k < len(r.at); k++ {
		r.at[k] += by
		r.ends[k] += by
	}
}
