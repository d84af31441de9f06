package store

import (
	"io"
	"reflect"

	"lerd/internal/audit"
	"lerd/internal/change"
)

// Planned is what Commit would write of one part, without a database: for those
// who fill a database with more than steps could in a reasonable time.
type Planned struct {
	Event    audit.Event // with the commitments to its rows
	Entry    []byte      // as audit.event keeps it
	Payload  []byte      // as audit.payload keeps it
	Rows     []PlannedRow
	Openings []Opening // as audit.opening keeps them
}

// PlannedRow is one row: values in the order of the columns, nil for NULL.
type PlannedRow struct {
	Table   string
	Columns []string
	Values  []any
}

// Plan seals a part's event over its rows, 48 bytes of rand for each. The version
// of the event must be given.
func Plan(part change.Part, rand io.Reader) (p Planned, err error) {
	inserts, updates, err := rowsOf(part)
	if err != nil {
		return p, err
	}
	p.Event = part.Event
	for _, r := range append(inserts, updates...) {
		p.Event.Rows = append(p.Event.Rows, audit.Row{Table: r.TableName(), ID: r.rowID(), Canonical: canonical(r)})
		p.Rows = append(p.Rows, plannedRow(r))
	}
	done, err := sealed(p.Event, rand)
	p.Entry, p.Payload, p.Openings = done.entry, done.payload, done.openings
	return p, err
}

func plannedRow(r tableRow) PlannedRow {
	v := reflect.Indirect(reflect.ValueOf(r))
	row := PlannedRow{Table: r.TableName(), Columns: columnsOf(v.Type())}
	for i := range v.NumField() {
		field := v.Field(i)
		if field.Kind() == reflect.Pointer && field.IsNil() {
			row.Values = append(row.Values, nil)
			continue
		}
		row.Values = append(row.Values, reflect.Indirect(field).Interface())
	}
	return row
}
